"""Small raw datasets of every kind that preprocessing treats differently, by formulas and a fixed seed.

Each has five cases and its own splits, so that neither program makes any. `write(name, folder)` writes dataset.json,
images and labels as nnU-Net wants them; `NAMES` maps a dataset's number to its kind.
"""
import json
import os

import numpy as np

NAMES = {
    501: "Isotropic", 502: "SeparateZ", 503: "FourChannels", 504: "CT", 505: "Regions", 506: "Ignore", 507: "Oriented",
    508: "Small", 509: "EmptyBorders", 510: "Normalizers", 511: "NiftiByPath", 512: "CoarseLast", 513: "Slices",
}
CASES = 5


def write(number, raw):
    """Writes the dataset `number` below the folder `raw`; returns its name."""
    name = f"Dataset{number}_{NAMES[number]}"
    folder = os.path.join(raw, name)
    for sub in ("imagesTr", "labelsTr"):
        os.makedirs(os.path.join(folder, sub))
    kind = NAMES[number]
    ending = ".nii" if kind == "NiftiByPath" else ".nii.gz"
    channels = {
        "FourChannels": ["T1", "T1ce", "T2", "FLAIR"], "CT": ["CT"],
        "Normalizers": ["CT", "noNorm", "rescale_to_0_1", "rgb_to_0_1"], "EmptyBorders": ["T1", "T2"],
    }.get(kind, ["MRI"])
    description = {
        "channel_names": {str(index): channel for index, channel in enumerate(channels)},
        "labels": {"background": 0, "organ": 1, "core": 2, "spot": 3}, "numTraining": CASES, "file_ending": ending}
    if kind == "Regions":
        description["labels"] = {"background": 0, "whole": [1, 2, 3], "inner": [2, 3], "spot": 3}
        description["regions_class_order"] = [1, 2, 3]
    if kind == "Ignore":
        description["labels"] = {"background": 0, "organ": 1, "core": 2, "ignore": 3}
    cases = [f"case_{index}" for index in range(CASES)]
    paths = {}
    for index, case in enumerate(cases):
        random = np.random.default_rng(1000 * number + index)
        shape, spacing = _grid(kind, index, random)
        labels = _labels(shape, random)
        direction = _direction(kind, index)
        images = []
        for channel, channel_name in enumerate(channels):
            voxels = _voxels(kind, channel_name, labels, random)
            images.append(f"imagesTr/{case}_{channel:04}{ending}")
            _save(voxels, spacing, direction, os.path.join(folder, images[-1]))
        _save(labels.astype(np.uint8), spacing, direction, os.path.join(folder, f"labelsTr/{case}{ending}"))
        paths[case] = {"images": images, "label": f"labelsTr/{case}{ending}"}
    if kind == "NiftiByPath":
        for case, entry in paths.items():
            entry["images"] = ["$PGPS_PHANTOM_FOLDER/" + path for path in entry["images"]]
        description["dataset"] = paths
    with open(os.path.join(folder, "dataset.json"), "w") as file:
        json.dump(description, file, indent=4)
    with open(os.path.join(folder, "splits_final.json"), "w") as file:
        json.dump([{"train": cases[1:], "val": cases[:1]}], file)
    return name


def _grid(kind, index, random):
    """Shape and spacing of a case, axes as stored (D, H, W)."""
    jitter = [int(n) for n in random.integers(-4, 5, 3)]
    if kind == "SeparateZ":
        # One case is nearly isotropic: there the new spacing decides.
        spacing = [[5.0, 0.7, 0.7], [4.5, 0.7, 0.75], [5.0, 0.8, 0.8], [1.6, 0.7, 0.9], [6.0, 0.65, 0.7]][index]
        return [11 + index, 60 + jitter[1], 64 + jitter[2]], spacing
    if kind == "CoarseLast":
        return [50 + jitter[0], 46 + jitter[1], 12 + index], [0.8, 0.9, [3.0, 3.5, 3.0, 2.0, 4.0][index]]
    if kind == "Oriented":
        return [26 + jitter[0], 34 + jitter[1], 30 + jitter[2]], [[1.5, 1.0, 1.1], [1.0, 1.0, 1.0]][index % 2]
    if kind == "Small":
        return ([7, 9, 5] if index == 2 else [40 + n for n in jitter]), [1.0, 1.0, 1.0 + 0.1 * index]
    if kind == "Slices":
        return [1, 60 + jitter[1], 70 + jitter[2]], [1.0, 0.9 + 0.05 * index, 1.0]
    factor = [1.0, 1.0, 0.9, 1.25, 0.77][index]
    return [36 + jitter[0], 40 + jitter[1], 32 + jitter[2]], [1.2 * factor, 1.0, factor]


def _labels(shape, random):
    """Nested blobs 1 ⊃ 2 ⊃ 3 with ragged edges."""
    axes = np.meshgrid(*[np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in shape], indexing="ij")
    center = random.uniform(-0.2, 0.2, 3)
    radius = np.sqrt(sum((axis - c) ** 2 for axis, c in zip(axes, center))) + random.uniform(-0.05, 0.05, shape)
    return np.select([radius < 0.2, radius < 0.35, radius < 0.6], [3, 2, 1], 0)


def _voxels(kind, channel, labels, random):
    noise = random.normal(0, 1, labels.shape)
    if channel == "CT":
        values = np.select([labels == 1, labels == 2, labels == 3], [40, 90, 300], -950) + 25 * noise
        return values.round().astype(np.int16)
    if channel == "noNorm":
        return (labels + 0.3 * noise).astype(np.float32)
    if channel == "rgb_to_0_1":
        return np.clip(60 * labels + 10 * noise + 30, 0, 255).astype(np.uint8)
    values = 200 + 150 * labels + 30 * noise
    if kind in ("EmptyBorders", "FourChannels", "Slices"):
        # Zeros outside a ragged ellipsoid, and a hole inside it, which counts as inside.
        axes = np.meshgrid(*[np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in labels.shape], indexing="ij")
        radius = np.sqrt(sum((axis * [1.6, 1.3, 1.2][i]) ** 2 for i, axis in enumerate(axes)))
        values = np.where((radius < 0.9 + 0.05 * noise) & (radius > 0.15), values, 0)
        values[0 if labels.shape[0] > 1 else slice(None), 0, :] = 0
    return values.astype(np.float32)


def _direction(kind, index):
    """Columns are the directions of the file's first, second, third axis."""
    if kind != "Oriented":
        return np.eye(3)
    turned = np.deg2rad(20)
    return [
        np.diag([-1.0, -1.0, 1.0]), np.array([[0.0, 1, 0], [0, 0, -1], [1, 0, 0]]),
        np.array([[np.cos(turned), -np.sin(turned), 0], [np.sin(turned), np.cos(turned), 0], [0, 0, 1]]),
        np.array([[0.0, 0, -1], [-1, 0, 0], [0, 1, 0]]), np.eye(3)][index]


def _save(array, spacing, direction, path):
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(array)
    image.SetSpacing([float(s) for s in spacing[::-1]])
    image.SetOrigin([3.5, -20.25, 7.0])
    image.SetDirection(np.asarray(direction, float).ravel().tolist())
    sitk.WriteImage(image, path)
