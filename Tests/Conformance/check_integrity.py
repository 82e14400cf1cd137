"""Verdicts of the integrity check: which raw datasets both programs accept, and which of those with a warning."""
import json
import os
import shutil
import subprocess

import numpy as np
from rows import Row

CASES = 5


def run(context):
    import nnunet_serial

    nnunet_serial.use()
    root = os.path.join(context.work, "integrity")
    shutil.rmtree(root, ignore_errors=True)
    verdicts = {"sound": [], "broken": [], "suspicious": []}
    differing = []
    for index, (what, damage) in enumerate(DAMAGES.items()):
        name = f"Dataset{600 + index}_Integrity"
        folder = os.path.join(root, "raw", name)
        _write(folder)
        damage(folder)
        theirs = _nnunet(folder)
        ours = _pgps(context, root, name)
        if what in ON_PURPOSE:
            differing.append((what, (theirs, ours) == ON_PURPOSE[what]))
        else:
            verdicts[theirs].append((f"{what}: {ours}", theirs == ours))
    rows = [_row(f"integrity check: {verdict} raw datasets", cases) for verdict, cases in verdicts.items()]
    return rows + [_row("integrity check: verdicts that differ on purpose", differing, "as said")]


def _row(topic, cases, limit="equal"):
    wrong = "; ".join(what for what, holds in cases if not holds)
    return Row(topic, len(cases), wrong or limit, limit, not wrong)


def _nnunet(folder):
    import nnunet_serial
    from nnunetv2.experiment_planning.verify_dataset_integrity import verify_dataset_integrity

    with nnunet_serial.captured() as text:
        try:
            verify_dataset_integrity(folder, 1)
        except Exception:
            return "broken"
    return "suspicious" if "warning" in text.getvalue().lower() else "sound"


def _pgps(context, root, name):
    for folder in ("preprocessed", "results"):
        os.makedirs(os.path.join(root, folder), exist_ok=True)
    finished = subprocess.run(
        [context.pgps, "extract-fingerprint", "-d", name, "--verify_dataset_integrity", "--no_pbar"],
        env={**os.environ, **{f"nnUNet_{key}": os.path.join(root, key) for key in ("raw", "preprocessed", "results")}},
        capture_output=True, text=True)
    if finished.returncode != 0:
        return "broken"
    return "suspicious" if "warnings:" in finished.stdout else "sound"


def _write(folder):
    for sub in ("imagesTr", "labelsTr"):
        os.makedirs(os.path.join(folder, sub))
    for case in range(CASES):
        voxels = (np.arange(6 * 7 * 8) % 50 + case + 1).reshape(6, 7, 8)
        for channel in range(2):
            save(os.path.join(folder, f"imagesTr/c{case}_000{channel}.nii.gz"), voxels.astype(np.float32) + channel)
        save(os.path.join(folder, f"labelsTr/c{case}.nii.gz"), (voxels % 3).astype(np.uint8))
    with open(os.path.join(folder, "dataset.json"), "w") as file:
        json.dump({"channel_names": {"0": "T1", "1": "T2"}, "labels": {"background": 0, "a": 1, "b": 2},
                   "numTraining": CASES, "file_ending": ".nii.gz"}, file)


def save(path, array, spacing=(1.0, 1.5, 2.0), origin=(1.0, 2.0, 3.0), direction=None):
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    if direction is not None:
        image.SetDirection(np.asarray(direction, float).ravel().tolist())
    sitk.WriteImage(image, path)


def _label(**changes):
    """Writes label 1 again with changes of its grid or voxels."""
    def damage(folder):
        voxels = changes.pop("voxels", None)
        if voxels is None:
            voxels = ((np.arange(6 * 7 * 8) % 50 + 2).reshape(6, 7, 8) % 3).astype(np.uint8)
        save(os.path.join(folder, "labelsTr/c1.nii.gz"), voxels, **changes)
    return damage


def _image(channel, value=None, **changes):
    """Writes an image of case 2 again."""
    def damage(folder):
        voxels = (np.arange(6 * 7 * 8) % 50 + 3).reshape(6, 7, 8).astype(np.float32)
        if value is not None:
            voxels[2, 3, 4] = value
        save(os.path.join(folder, f"imagesTr/c2_000{channel}.nii.gz"), changes.get("voxels", voxels),
             **{key: change for key, change in changes.items() if key != "voxels"})
    return damage


def _description(change):
    def damage(folder):
        path = os.path.join(folder, "dataset.json")
        with open(path) as file:
            document = json.load(file)
        change(document)
        with open(path, "w") as file:
            json.dump(document, file)
    return damage


def _remove(name):
    return lambda folder: os.remove(os.path.join(folder, name))


def _copy(source, target):
    return lambda folder: shutil.copy(os.path.join(folder, source), os.path.join(folder, target))


def _overwrite(name, content):
    def damage(folder):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
    return damage


def _truncate(name):
    def damage(folder):
        with open(os.path.join(folder, name), "r+b") as file:
            file.truncate(os.path.getsize(os.path.join(folder, name)) // 2)
    return damage


def _set(**values):
    return _description(lambda document: document.update(values))


def _drop(key):
    return _description(lambda document: document.pop(key))


def _by_path(folder, missing=False):
    paths = {f"c{case}": {"images": [f"imagesTr/c{case}_000{channel}.nii.gz" for channel in range(2)],
                          "label": f"labelsTr/c{case}.nii.gz"} for case in range(CASES)}
    if missing:
        paths["c3"]["images"][1] = "imagesTr/none.nii.gz"
    _set(dataset=paths)(folder)


def _one_file_per_case(folder):
    """The channels of case 4 in one four-dimensional file."""
    import SimpleITK as sitk

    paths = [os.path.join(folder, f"imagesTr/c4_000{channel}.nii.gz") for channel in range(2)]
    images = [sitk.ReadImage(path) for path in paths]
    sitk.WriteImage(sitk.JoinSeries(images), paths[0])
    os.remove(paths[1])


def _uncompressed(value):
    """All images as .nii, which nnU-Net reads by another library, and one voxel of case 2 as `value`."""
    def damage(folder):
        import SimpleITK as sitk

        _image(0, value)(folder)
        for sub in ("imagesTr", "labelsTr"):
            for file in os.listdir(os.path.join(folder, sub)):
                path = os.path.join(folder, sub, file)
                sitk.WriteImage(sitk.ReadImage(path), path.removesuffix(".gz"))
                os.remove(path)
        if value is not None:
            _nan(os.path.join(folder, "imagesTr/c2_0000.nii"), value)
        _set(file_ending=".nii")(folder)
    return damage


def _nan(path, value):
    """Puts a value into a .nii file of float32 (SimpleITK reads such values as 0)."""
    with open(path, "r+b") as file:
        file.seek(352 + 4 * 100)
        file.write(np.float32(value).tobytes())


NEARLY = np.array([[1, 1e-6, 0], [-1e-6, 1, 0], [0, 0, 1]])
DAMAGES = {
    "nothing": lambda folder: None,
    "a label map without foreground": _label(voxels=np.zeros((6, 7, 8), np.uint8)),
    "a superfluous label map": _copy("labelsTr/c1.nii.gz", "labelsTr/other.nii.gz"),
    "cases by path": _by_path, "a case by a wrong path": lambda folder: _by_path(folder, missing=True),
    "channels in one file": _one_file_per_case,
    "regions": _set(labels={"background": 0, "all": [1, 2], "b": 2}, regions_class_order=[1, 2]),
    "regions without order": _set(labels={"background": 0, "all": [1, 2], "b": 2}),
    "an ignore label": _set(labels={"background": 0, "a": 1, "ignore": 2}),
    "an ignore label in between": _set(labels={"background": 0, "ignore": 1, "a": 2}),
    "an ignore label beyond a gap": _set(labels={"background": 0, "a": 1, "b": 2, "ignore": 4}),
    "no background": _set(labels={"a": 1, "b": 2}), "background 1": _set(labels={"background": 1, "a": 0, "b": 2}),
    "labels with a gap": _set(labels={"background": 0, "a": 1, "b": 2, "c": 4}),
    "an undeclared label": _set(labels={"background": 0, "a": 1}),
    "a declared label that is absent": _set(labels={"background": 0, "a": 1, "b": 2, "c": 3}),
    "labels the old way round": _set(labels={"0": "background", "1": "a", "2": "b"}),
    "a label between integers": _label(voxels=np.full((6, 7, 8), 0.5, np.float32)),
    "whole labels as floats": _label(voxels=np.ones((6, 7, 8), np.float32)),
    "NaN in a label map": _label(voxels=np.full((6, 7, 8), np.nan, np.float32)),
    "too many cases declared": _set(numTraining=CASES + 1), "too few declared": _set(numTraining=CASES - 1),
    "no channel_names": _drop("channel_names"), "no numTraining": _drop("numTraining"), "no labels": _drop("labels"),
    "no file_ending": _drop("file_ending"),
    "the old key of channels": _description(lambda document: document.update(modality=document.pop("channel_names"))),
    "a channel too many declared": _set(channel_names={"0": "T1", "1": "T2", "2": "FLAIR"}),
    "a channel too few declared": _set(channel_names={"0": "T1"}),
    "a missing channel": _remove("imagesTr/c2_0001.nii.gz"), "a missing label map": _remove("labelsTr/c2.nii.gz"),
    "an image without number": _copy("imagesTr/c2_0001.nii.gz", "imagesTr/c2.nii.gz"),
    "NaN": _image(0, np.nan), "NaN in the second channel": _image(1, np.nan),
    "an empty file": _overwrite("imagesTr/c2_0000.nii.gz", b""),
    "text": _overwrite("imagesTr/c2_0000.nii.gz", b"not an image"), "half a file": _truncate("imagesTr/c2_0000.nii.gz"),
    "half a label map": _truncate("labelsTr/c2.nii.gz"),
    "a label map of another shape": _label(voxels=np.zeros((6, 7, 9), np.uint8)),
    "a label map of another spacing": _label(spacing=(1.0, 1.5, 2.001)),
    "a label map of nearly the spacing": _label(spacing=(1.0, 1.5, 2.000004)),
    "a label map of another origin": _label(origin=(1.0, 2.0, 4.0)),
    "a label map of nearly the origin": _label(origin=(1.0, 2.0, 3.0005)),
    "a label map of another direction": _label(direction=np.diag([-1.0, -1, 1])),
    "a label map of nearly the direction": _label(direction=NEARLY),
    "channels of different shape": _image(1, voxels=np.ones((6, 7, 9), np.float32)),
    "channels of different spacing": _image(1, spacing=(1.0, 1.5, 2.5)),
    "channels of different origin": _image(1, origin=(1.0, 2.0, 9.0)),
    "channels of different direction": _image(1, direction=np.diag([-1.0, -1, 1])),
    "uncompressed files": _uncompressed(None), "NaN in an uncompressed file": _uncompressed(np.nan),
}
# (nnU-Net's verdict, that of pgps). SimpleITK reads what is not finite as 0, so nnU-Net's own check for NaN finds such
# voxels in .nii files alone; infinite ones it accepts. Its check of channels in one file ends in an exception.
ON_PURPOSE = {
    "NaN": ("sound", "broken"), "NaN in the second channel": ("sound", "broken"),
    "NaN in a label map": ("sound", "broken"), "channels in one file": ("broken", "sound"),
}
