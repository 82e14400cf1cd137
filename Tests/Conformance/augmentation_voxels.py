"""What every transform does with given numbers, voxel by voxel."""
import numpy as np
import torch

from augmentation_peer import NAMES, Pipeline
from rows import Row, larger


def patches():
    """Kind, patch, size of the case beyond the enlarged patch, and the enlarged patch's corner in the case."""
    return [
        ("3D", [16, 14, 18], [6, 4, 5], [2, 1, 3]),
        ("3D, the patch sticks out", [12, 16, 10], [-5, -4, -3], [-2, -1, -3]),
        ("slice-wise", [4, 16, 18], [3, 4, 5], [1, 2, 0]),
    ]


def rows(probe, quick):
    count = 30 if quick else 150
    found = []
    for kind, patch, extra, corner in patches():
        size = Pipeline(patch).loader_size
        case = phantom([extent + more for extent, more in zip(size, extra)])
        window = cut(case, corner, size)
        for name in (*NAMES, None):
            if name == "noise":
                continue
            # Where labels are interpolated, a voxel that differs would change the masked image, too.
            pipeline = Pipeline(patch, masked=() if name in ("spatial", None) else (1,))
            largest, different = 0.0, 0
            draws, images, targets = augment(probe, pipeline, case, corner, name, count)
            used = [number for number, draw in enumerate(draws) if draw["noise"] is None]
            for number in used:
                image, labels = expected(pipeline, window, draws[number], name)
                largest = larger(largest, float(abs(images[number] - image).max()))
                different += int((targets[number] != labels).sum())
            what = f"voxels, {kind}: {name or 'all but noise'}"
            found.append(Row(f"{what}, image", len(used), largest, 1e-3, largest <= 1e-3))
            if name in ("spatial", "mirror", None):
                share = different / (len(used) * np.prod(patch))
                # nnU-Net compares shares of labels in half precision.
                found.append(Row(f"{what}, labels that differ", len(used), share, 1e-3, share <= 1e-3))
    return found


def augment(probe, pipeline, case, corner, name, count):
    images, targets = probe.path(), probe.path()
    request = {} if name is None else {"transform": name}
    draws = probe.ask(
        "augment", patch=pipeline.patch_size, channels=2, mirrorAxes=list(pipeline.mirror_axes), count=count, seed=3,
        image=case[0], labels=case[1], corner=corner, masked=list(pipeline.masked), images=images, targets=targets, **request)
    return draws, np.load(images), np.load(targets)


def expected(pipeline, window, draw, name):
    """nnU-Net's result for the numbers of a draw."""
    image, labels = window
    image, labels = pipeline.apply("spatial", image, labels, pipeline.spatial_parameters(draw["rotation"], draw["scale"]))
    for step in NAMES[2:]:
        if draw[step]:
            image, labels = pipeline.apply(step, image, labels, parameters(step, draw[step], pipeline.is_slice_wise))
    return pipeline.finish(image, labels)


def parameters(step, values, is_slice_wise):
    """Our numbers as a transform of nnU-Net takes them."""
    channels = torch.tensor([channel for channel, value in enumerate(values) if value is not None])
    kept = [value for value in values if value is not None]
    if step == "mirror":
        return {"axes": values}
    if step == "blur":
        return {"apply_to_channel": torch.tensor([value is not None for value in values]), "sigmas": kept}
    if step == "lowResolution":
        scales = torch.tensor([[1.0 if is_slice_wise else value, value, value] for value in kept])
        return {"apply_to_channel": channels, "scales": scales}
    numbers = torch.tensor(kept)
    if step in ("brightness", "contrast"):
        return {"apply_to_channel": channels, "multipliers": numbers}
    return {"apply_to_channel": channels, "gamma": numbers, "retain_stats": torch.ones(len(kept)),
            "invert_image": torch.full((len(kept),), float(step == "invertedGamma"))}


def phantom(shape):
    """Two channels with structure and texture, and labels -1 to 3."""
    random = np.random.default_rng(7)
    d, h, w = np.meshgrid(*[np.arange(size) for size in shape], indexing="ij")
    waves = np.sin(0.5 * d + 0.2 * h) * np.cos(0.4 * w) + 0.3 * np.sin(0.9 * h)
    image = np.stack([waves + 0.2 * random.standard_normal(shape), np.exp(-waves) + 0.1 * random.standard_normal(shape)])
    labels = np.digitize(waves, [-0.9, -0.4, 0.3, 0.8]) - 1
    return image.astype(np.float32), labels.astype(np.int16)


def cut(case, corner, size):
    """The enlarged patch as nnU-Net's loader cuts it: 0 and -1 outside the case."""
    image, labels = case
    window = np.zeros((len(image), *size), np.float32)
    window_labels = np.full(size, -1, np.int16)
    source = tuple(slice(max(0, low), min(low + n, full)) for low, n, full in zip(corner, size, labels.shape))
    target = tuple(slice(part.start - low, part.stop - low) for part, low in zip(source, corner))
    window[(slice(None), *target)] = image[(slice(None), *source)]
    window_labels[target] = labels[source]
    return window, window_labels
