"""Scores of predictions, and the way from logits to label maps on the raw image's grid, beside nnU-Net's."""
import functools
import json
import math
import multiprocessing.pool
import subprocess
import types
import unittest.mock
import warnings

import numpy as np
import SimpleITK
from nnunetv2.evaluation import evaluate_predictions
from nnunetv2.imageio.simpleitk_reader_writer import SimpleITKIO
from nnunetv2.inference.export_prediction import convert_predicted_logits_to_segmentation_with_correct_shape
from nnunetv2.preprocessing.resampling.default_resampling import resample_data_or_seg_to_shape

import nnunet
from probing import Probe
from rows import Row, larger

CLASSES = {"background": 0, "a": 1, "b": 2, "c": 3}
REGIONS = {"background": 0, "whole": [1, 2, 3], "core": [2, 3], "tip": 3}
KINDS = {
    "classes": (CLASSES, None, 3),
    "an absent class": ({**CLASSES, "never": 4}, None, 3),
    "ignore label": ({**CLASSES, "ignore": 4}, None, 4),
    "regions": (REGIONS, [1, 2, 3], 3),
    "regions, ignore label": ({**REGIONS, "ignore": 4}, [1, 2, 3], 4),
}


def run(context):
    return [score_row(context, kind, *KINDS[kind]) for kind in KINDS] + export_rows(context)


def score_row(context, kind, labels, order, highest):
    random = np.random.default_rng(11)
    folder = context.work / kind.replace(" ", "_").replace(",", "")
    count = 3 if context.quick else 8
    for place in ("truth", "predictions"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        shape = random.integers(5, 40, 3)
        truth = random.integers(0, 2 if number == 0 else highest + 1, shape)
        guess = np.where(random.random(shape) < 0.7, np.minimum(truth, 3), random.integers(0, 4, shape))
        if number == 1:
            truth[:] = guess[:] = 0  # neither has any foreground
        for place, values in (("truth", truth), ("predictions", guess)):
            image = SimpleITK.GetImageFromArray(values.astype(np.uint8))
            SimpleITK.WriteImage(image, str(folder / place / f"case_{number:02d}.nii.gz"))
    dataset = {"channel_names": {"0": "x"}, "labels": labels, "numTraining": count, "file_ending": ".nii.gz"}
    if order:
        dataset["regions_class_order"] = order
    (folder / "dataset.json").write_text(json.dumps(dataset))
    subprocess.run([context.pgps, "evaluate", folder / "truth", folder / "predictions", "-djfile",
                    folder / "dataset.json", "-o", folder / "own.json"], check=True, capture_output=True)
    manager = nnunet.label_manager(labels, order)
    # A thread instead of new processes, each of which would first load all of PyTorch.
    threads = types.SimpleNamespace(Pool=multiprocessing.pool.ThreadPool)
    with unittest.mock.patch.object(evaluate_predictions.multiprocessing, "get_context", lambda kind: threads), \
            warnings.catch_warnings(action="ignore"):
        evaluate_predictions.compute_metrics_on_folder(
            str(folder / "truth"), str(folder / "predictions"), str(folder / "peer.json"), SimpleITKIO(), ".nii.gz",
            manager.foreground_regions if manager.has_regions else manager.foreground_labels, manager.ignore_label, 1)
    wrong = differences(json.loads((folder / "own.json").read_text()), json.loads((folder / "peer.json").read_text()))
    return Row(f"summary.json: {kind}", count, f"{len(wrong)} numbers differ{': ' + wrong[0] if wrong else ''}", "equal",
               not wrong)


def differences(own, peer, path=""):
    """Where two documents differ; both NaN is equal."""
    if isinstance(peer, dict) and isinstance(own, dict):
        if own.keys() != peer.keys():
            return [f"keys of {path or 'the document'}"]
        return [place for key in peer for place in differences(own[key], peer[key], f"{path}.{key}")]
    if isinstance(peer, list) and isinstance(own, list) and len(own) == len(peer):
        return [place for n, pair in enumerate(zip(own, peer)) for place in differences(*pair, f"{path}[{n}]")]
    if isinstance(peer, float) and isinstance(own, float) and math.isnan(peer) and math.isnan(own):
        return []
    return [] if own == peer and isinstance(own, str) == isinstance(peer, str) else [path]


def export_rows(context):
    probe = Probe(context)
    random = np.random.default_rng(12)
    found = []
    for kind in ("classes", "ignore label", "regions"):
        labels, order, _ = KINDS[kind]
        for keeps in (False, True):
            different, voxels, largest, count = 0, 0, 0.0, 4 if context.quick else 20
            for _ in range(count):
                part, total, distance = compare_export(probe, random, labels, order, keeps)
                different, voxels, largest = different + part, voxels + total, larger(largest, distance)
            share = different / voxels
            what = f"logits to labels: {kind}"
            if keeps:
                found.append(Row(f"{what}, probabilities", count, largest, 1e-5, largest <= 1e-5))
                what += ", from probabilities"
            found.append(Row(f"{what}, voxels that differ", count, share, 1e-4, share <= 1e-4))
    return found


def compare_export(probe, random, labels, order, keeps):
    """Voxels that differ, voxels, and the largest difference of probabilities, for a random geometry."""
    manager = nnunet.label_manager(labels, order)
    forward = [int(axis) for axis in random.permutation(3)]
    current = random.uniform(0.5, 2, 3) * (random.choice([1, 5]), 1, 1)
    crop = [int(size) for size in random.integers(6, 30, 3)]
    spacing = random.uniform(0.5, 2, 3) * (random.choice([1, 5]), 1, 1)
    shape = [max(2, round(size * a / b)) for size, a, b in zip(crop, spacing, current)]
    lower = [int(size) for size in random.integers(0, 4, 3)]
    before = [low + size + int(more) for low, size, more in zip(lower, crop, random.integers(0, 4, 3))]
    logits = random.normal(0, 3, (manager.num_segmentation_heads, *shape)).astype(np.float32)
    backward = [forward.index(axis) for axis in range(3)]
    plans = types.SimpleNamespace(transpose_forward=forward, transpose_backward=backward)
    configuration = types.SimpleNamespace(
        spacing=list(current), resampling_fn_probabilities=functools.partial(
            resample_data_or_seg_to_shape, is_seg=False, order=1, order_z=0, force_separate_z=None))
    properties = {
        "spacing": [spacing[axis] for axis in backward], "shape_before_cropping": before,
        "shape_after_cropping_and_before_resampling": crop,
        "bbox_used_for_cropping": [[low, low + size] for low, size in zip(lower, crop)]}
    expected = convert_predicted_logits_to_segmentation_with_correct_shape(
        logits, plans, configuration, manager, properties, keeps, 1)
    result, probabilities = probe.path(), probe.path() if keeps else None
    probe.ask("decode", logits=logits, labels=labels, regionsClassOrder=order, before=before, lower=lower, crop=crop,
              spacing=list(spacing), current=list(current), forward=forward, result=result, probabilities=probabilities)
    segmentation, distance = expected, 0.0
    if keeps:
        segmentation, expected_probabilities = expected
        distance = float(abs(np.load(probabilities) - expected_probabilities).max())
    own = np.load(result)
    different = own.size if own.shape != segmentation.shape else int((own != segmentation).sum())
    return different, own.size, distance
