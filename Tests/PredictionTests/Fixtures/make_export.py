"""Writes export.json: how nnU-Net takes logits back to the grid of the raw image.

    pip install "torch==2.13.0+cpu" nnunetv2==2.8.1;  python make_export.py

The logit of element i (C order, over heads) is ((7919 i + 31 i²) mod 1009) / 126 - 4.
"""
import functools
import json
import os
import types

import numpy as np
from nnunetv2.inference.export_prediction import convert_predicted_logits_to_segmentation_with_correct_shape
from nnunetv2.preprocessing.resampling.default_resampling import resample_data_or_seg_to_shape
from nnunetv2.utilities.label_handling.label_handling import LabelManager

LABELS = ({"background": 0, "a": 1, "b": 2}, None)
REGIONS = ({"background": 0, "whole": [1, 2, 3], "core": [2, 3], "tip": 3}, [1, 2, 3])


def run(name, labels, shape, crop, before, lower, spacing, current, forward, probabilities=False):
    manager = LabelManager(*labels)
    heads = manager.num_segmentation_heads
    i = np.arange(heads * int(np.prod(shape)), dtype=np.int64)
    logits = (((7919 * i + 31 * i * i) % 1009) / 126 - 4).astype(np.float32).reshape(heads, *shape)
    backward = [forward.index(a) for a in range(3)]
    raw_spacing = [spacing[b] for b in backward]
    plans = types.SimpleNamespace(transpose_forward=forward, transpose_backward=backward)
    configuration = types.SimpleNamespace(
        spacing=current, resampling_fn_probabilities=functools.partial(
            resample_data_or_seg_to_shape, is_seg=False, order=1, order_z=0, force_separate_z=None))
    properties = {
        "spacing": raw_spacing, "shape_before_cropping": before, "shape_after_cropping_and_before_resampling": crop,
        "bbox_used_for_cropping": [[l, l + c] for l, c in zip(lower, crop)]}
    result = convert_predicted_logits_to_segmentation_with_correct_shape(
        logits, plans, configuration, manager, properties, probabilities, 1)
    case = {"name": name, "labels": labels[0], "order": labels[1], "shape": shape, "crop": crop, "before": before,
            "lower": lower, "spacing": spacing, "current": current, "forward": forward}
    if probabilities:
        result, p = result
        case["every"] = 7
        case["probabilityShape"] = p.shape
        case["probabilities"] = [float(v) for v in p.astype(np.float32).reshape(-1)[::7]]
    case["resultShape"] = result.shape
    case["result"] = "".join(str(int(v)) for v in result.reshape(-1))
    return case


if __name__ == "__main__":
    out = [
        run("equal shapes", LABELS, (5, 6, 7), (5, 6, 7), (9, 8, 7), (3, 1, 0), [1, 1, 1], [1, 1, 1], [0, 1, 2]),
        run("larger", LABELS, (5, 6, 7), (9, 8, 11), (10, 12, 11), (1, 2, 0), [1, 1.2, 0.7], [1.8, 1.6, 1.1], [0, 1, 2]),
        run("smaller", LABELS, (9, 8, 11), (4, 5, 8), (6, 6, 8), (1, 0, 0), [2.2, 1.6, 1.1], [1, 1, 0.8], [0, 1, 2]),
        run("coarse slices", LABELS, (5, 6, 7), (3, 9, 10), (5, 9, 12), (2, 0, 1), [8, 0.7, 0.7], [5, 1, 1], [0, 1, 2]),
        run("coarse columns", LABELS, (6, 5, 8), (9, 7, 12), (9, 7, 12), (0, 0, 0), [0.6, 0.7, 3], [1, 1, 4.5], [0, 1, 2]),
        run("transposed", LABELS, (5, 6, 7), (8, 6, 5), (9, 7, 8), (1, 0, 2), [0.9, 1, 1.4], [1.4, 1, 1], [2, 0, 1]),
        run("transposed the other way", LABELS, (5, 6, 7), (5, 6, 7), (9, 7, 8), (1, 0, 1), [1, 1, 1], [1, 1, 1], [1, 2, 0], True),
        run("regions", REGIONS, (5, 6, 7), (7, 6, 9), (8, 6, 10), (1, 0, 0), [0.7, 1, 0.8], [1, 1, 1], [0, 1, 2]),
        run("region probabilities", REGIONS, (5, 6, 7), (7, 6, 9), (8, 6, 10), (1, 0, 0), [0.7, 1, 0.8], [1, 1, 1], [0, 1, 2], True),
        run("probabilities", LABELS, (5, 6, 7), (7, 6, 9), (8, 6, 10), (1, 0, 1), [0.7, 1, 0.8], [1, 1, 1], [0, 1, 2], True),
    ]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "export.json"), "w") as f:
        json.dump(out, f)
