"""Folders of predictions as nnU-Net leaves them: random label maps, probabilities, documents; and how two differ."""

import contextlib
import json
import math
import multiprocessing
import multiprocessing.pool
import os
import pickle
import shutil
import subprocess

import numpy as np
import SimpleITK as sitk

PLAIN = {"labels": {"background": 0, "large": 1, "small": 2, "rare": 3}}
SINGLE = {"labels": {"background": 0, "organ": 1}}
IGNORE = {"labels": {"background": 0, "large": 1, "small": 2, "ignore": 3}}
REGIONS = {
    "labels": {"background": 0, "whole": [1, 2, 3], "core": [2, 3], "inside": 3},
    "regions_class_order": [1, 2, 3],
}
KINDS = {"labels": PLAIN, "one label": SINGLE, "ignore label": IGNORE, "regions": REGIONS}
SHAPE = (9, 14, 16)
SPACING = (0.8, 1.1, 2.5)


def dataset_json(kind):
    return {"channel_names": {"0": "MRI"}, "numTraining": 5, "file_ending": ".nii.gz", **KINDS[kind]}


def plans_json(configurations=("3d_fullres",)):
    return {
        "dataset_name": "Dataset900_Phantom",
        "plans_name": "nnUNetPlans",
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "foreground_intensity_properties_per_channel": {},
        "configurations": {
            name: {"data_identifier": f"nnUNetPlans_{name}", "architecture": {}} for name in configurations},
    }


def write_json(path, document):
    with open(path, "w") as file:
        json.dump(document, file, indent=4)


def read_json(path):
    with open(path) as file:
        return json.load(file)


def write_labels(path, labels):
    image = sitk.GetImageFromArray(labels.astype(np.uint8))
    image.SetSpacing(SPACING)
    image.SetOrigin((3.0, -2.0, 7.5))
    sitk.WriteImage(image, path)


def read_labels(path):
    return sitk.GetArrayFromImage(sitk.ReadImage(path))


def blob(generator, radius):
    center = [generator.uniform(0, extent) for extent in SHAPE]
    grid = np.indices(SHAPE, dtype=float)
    return sum(((grid[axis] - center[axis]) / radius) ** 2 for axis in range(3)) <= 1


def label_maps(generator, kind, habits):
    """A reference and a prediction. `habits`: per label, islands in predictions or in both, or none of it at all."""
    most = {"one label": 1, "ignore label": 2}.get(kind, 3)
    values = [value for value in range(1, 4) if value <= most]
    reference, prediction = np.zeros(SHAPE, int), np.zeros(SHAPE, int)
    for value in values:
        if habits[value] == "absent":
            continue
        main = blob(generator, generator.uniform(3, 5))
        reference[main] = value
        prediction[np.roll(main, generator.integers(-1, 2), axis=generator.integers(3))] = value
        island = blob(generator, generator.uniform(1, 2.2))
        if habits[value] != "clean":
            prediction[island] = value
        if habits[value] == "two":
            reference[island] = value
    if kind == "ignore label":
        reference[blob(generator, 3)] = 3
    return reference, prediction


@contextlib.contextmanager
def one_thread():
    """nnU-Net's pools without processes, and without its words."""

    class Context:
        @staticmethod
        def Pool(_count):
            return multiprocessing.pool.ThreadPool(1)

    original = multiprocessing.get_context
    multiprocessing.get_context = lambda *_: Context
    try:
        with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing):
            yield
    finally:
        multiprocessing.get_context = original


def pgps(context, *arguments, environment=None):
    outcome = subprocess.run(
        [context.pgps, *arguments], capture_output=True, text=True, env={**os.environ, **(environment or {})})
    if outcome.returncode != 0:
        raise RuntimeError(f"pgps {' '.join(arguments)}:\n{outcome.stdout}{outcome.stderr}")
    return outcome.stdout


def numbers(document, path=()):
    """All numbers of a document by their places; names of files do not count."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from numbers(value, (*path, key))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from numbers(value, (*path, index))
    elif isinstance(document, (int, float)) and not isinstance(document, bool):
        yield path, float(document)


def largest_difference(left, right):
    """Between the numbers of two documents; infinite where one has a number that the other lacks."""
    left, right = dict(numbers(left)), dict(numbers(right))
    if left.keys() != right.keys():
        return math.inf
    differences = [
        0.0 if math.isnan(left[key]) and math.isnan(right[key]) else abs(left[key] - right[key]) for key in left]
    return math.inf if any(map(math.isnan, differences)) else max(differences, default=0.0)


def differing_files(left, right, names):
    return sum(not np.array_equal(read_labels(f"{left}/{name}"), read_labels(f"{right}/{name}")) for name in names)


def fresh(path):
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def probabilities(generator, kind):
    """Coarse random numbers, so that ties between classes occur."""
    heads = len(KINDS[kind]["labels"]) - (1 if kind in ("regions", "ignore label") else 0)
    return (generator.integers(0, 9, (heads, *SHAPE)) / 8).astype(np.float32)


def write_prediction(folder, identifier, values, kind):
    np.savez_compressed(f"{folder}/{identifier}.npz", probabilities=values)
    geometry = {"spacing": SPACING, "origin": (3.0, -2.0, 7.5), "direction": (1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0)}
    with open(f"{folder}/{identifier}.pkl", "wb") as file:
        pickle.dump({"sitk_stuff": geometry, "spacing": list(SPACING[::-1])}, file)
    write_labels(f"{folder}/{identifier}.nii.gz", labels_of(values, kind))


def labels_of(values, kind):
    if kind != "regions":
        return values.argmax(0)
    labels = np.zeros(SHAPE, int)
    for head, label in enumerate(KINDS[kind]["regions_class_order"]):
        labels[values[head] > 0.5] = label
    return labels
