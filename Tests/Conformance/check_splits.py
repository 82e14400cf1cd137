"""The folds that both programs make of the same cases."""
import json
import os
import shutil
import subprocess

import numpy as np
from check_integrity import save
from rows import Row


def run(context):
    from nnunetv2.utilities.crossval_split import generate_crossval_split

    root = os.path.join(context.work, "splits")
    shutil.rmtree(root, ignore_errors=True)
    problem = None
    counts = [5, 6, 13, 32] if context.quick else [5, 6, 7, 9, 10, 13, 21, 32, 63, 131]
    for number, count in enumerate(counts, start=700):
        name = f"Dataset{number}_Splits"
        # As Python sorts: by code points.
        cases = [f"{'aZ0_B'[index % 5]}{index}" for index in range(count)]
        _write(os.path.join(root, "raw", name), cases)
        subprocess.run(
            [context.pgps, "extract-fingerprint", "-d", name, "--no_pbar"], check=True, capture_output=True,
            env={**os.environ, **{f"nnUNet_{key}": os.path.join(root, key) for key in ("raw", "preprocessed", "results")}})
        with open(os.path.join(root, "preprocessed", name, "splits_final.json")) as file:
            ours = json.load(file)
        theirs = generate_crossval_split(list(np.sort(cases)), seed=12345, n_splits=5)
        theirs = [{key: [str(case) for case in fold[key]] for key in fold} for fold in theirs]
        if ours != theirs:
            problem = problem or f"{count} cases"
    return [Row("folds of a cross-validation", len(counts), problem or "equal", "equal", problem is None)]


def _write(folder, cases):
    for sub in ("imagesTr", "labelsTr"):
        os.makedirs(os.path.join(folder, sub))
    first = cases[0]
    save(os.path.join(folder, f"imagesTr/{first}_0000.nii.gz"), np.ones((2, 2, 2), np.uint8))
    save(os.path.join(folder, f"labelsTr/{first}.nii.gz"), np.ones((2, 2, 2), np.uint8))
    for case in cases[1:]:
        for file in ("imagesTr/{}_0000.nii.gz", "labelsTr/{}.nii.gz"):
            os.link(os.path.join(folder, file.format(first)), os.path.join(folder, file.format(case)))
    with open(os.path.join(folder, "dataset.json"), "w") as file:
        json.dump({"channel_names": {"0": "T1"}, "labels": {"background": 0, "a": 1}, "numTraining": len(cases),
                   "file_ending": ".nii.gz"}, file)
