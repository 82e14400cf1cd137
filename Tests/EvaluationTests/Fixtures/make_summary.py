"""Writes summaries.json: what nnU-Net's folder evaluation gives for small label maps drawn from a formula.

    pip install "torch==2.13.0+cpu" nnunetv2==2.8.1;  python make_summary.py

Value of voxel i (C order) of a map with constants (a, b, m, k): ((i * a + i * i * b) mod m) mod k.
"""
import json
import os
import tempfile

import numpy as np
import SimpleITK as sitk
from nnunetv2.evaluation.evaluate_predictions import compute_metrics_on_folder
from nnunetv2.imageio.simpleitk_reader_writer import SimpleITKIO

SHAPE = (5, 6, 7)


def volume(constants):
    a, b, m, k = constants
    i = np.arange(np.prod(SHAPE), dtype=np.int64)
    return (((i * a + i * i * b) % m) % k).astype(np.uint8).reshape(SHAPE)


SETS = {
    # name: (targets, ignore label, [(reference constants, prediction constants)])
    "labels": ([1, 2, 3], None, [((7, 3, 101, 4), (7, 3, 97, 4)), ((5, 1, 89, 3), (5, 1, 89, 4)), ((3, 2, 83, 1), (3, 2, 83, 1))]),
    "absent": ([1, 2, 3, 4], None, [((7, 3, 101, 3), (7, 3, 97, 3)), ((1, 1, 61, 2), (1, 2, 61, 3))]),
    "regions": ([(1, 2, 3), (2, 3), 3, (1,)], None, [((7, 3, 101, 4), (7, 3, 97, 4)), ((11, 3, 79, 4), (11, 3, 79, 3))]),
    "ignore": ([1, 2], 3, [((7, 3, 101, 4), (7, 3, 97, 3)), ((13, 5, 71, 4), (13, 5, 67, 3))]),
    "many": ([1, 2], None, [((n + 1, 3, 101, 3), (n + 1, 4, 103, 3)) for n in range(11)]),
}

if __name__ == "__main__":
    out = {"shape": SHAPE, "sets": {}, "means": []}
    for name, (targets, ignore, cases) in SETS.items():
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            os.mkdir("ref")
            os.mkdir("pred")
            for n, (reference, prediction) in enumerate(cases):
                for place, constants in (("ref", reference), ("pred", prediction)):
                    sitk.WriteImage(sitk.GetImageFromArray(volume(constants)), f"{place}/case_{n:02d}.nii.gz")
            compute_metrics_on_folder("ref", "pred", "summary.json", SimpleITKIO(), ".nii.gz", targets, ignore, 1)
            out["sets"][name] = {
                "targets": [list(t) if isinstance(t, tuple) else t for t in targets], "ignore": ignore,
                "cases": cases, "summary": open("summary.json").read()}
    for n in (1, 5, 8, 9, 17, 128, 129, 300, 1000):
        values = [1 / (i % 37 + 3) for i in range(n)]
        holes = [float("nan") if i % 5 == 2 else v for i, v in enumerate(values)]
        out["means"].append([n, float(np.mean(values)), float(np.nanmean(holes))])
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "summaries.json"), "w") as f:
        json.dump(out, f)
