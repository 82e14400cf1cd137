"""Writes preparation.json: what nnU-Net makes of a small dataset that a formula describes.

Run: python preparation.py (needs nnunetv2, SimpleITK). The same formula stands in SyntheticDataset.swift. Six cases, two
channels (CT and T2), zeros around a block, W the coarsest axis, one case anisotropic enough for slice-wise resampling.
Kept are the fingerprint, the plans, and per case shape, norms, samples, label counts, class locations.
"""
import json
import os
import tempfile

import numpy as np
import SimpleITK as sitk


def formula(case):
    shape = (22 + case, 20 + 2 * (case % 3), 14 + case % 2)
    d, h, w = np.meshgrid(*[np.arange(n, dtype=np.int64) for n in shape], indexing="ij")
    inside = (d >= 2) & (d < shape[0] - 3) & (h >= 3) & (h < shape[1] - 1 - case % 2) & (w >= 1) & (w < shape[2] - 2)
    inside &= (d + h + w) % 37 != 5
    labels = np.zeros(shape, np.uint8)
    labels[(d >= 4) & (d < 14) & (h >= 6) & (h < 13 + case % 4) & (w >= 3) & (w < 9)] = 1
    labels[(d >= 8) & (d < 12) & (h >= 8) & (h < 11) & (w >= 4) & (w < 8)] = 2
    channels = []
    for channel in range(2):
        noise = ((d * 73 + h * 179 + w * 283 + channel * 97 + case * 631) * 2654435761 % 2**32) >> 16
        value = 200 + 3 * d + 2 * h - w + 50 * channel + 40 * labels + noise % 64
        channels.append(np.where(inside, value, 0).astype(np.int16))
    spacing = (0.8, 0.75, (2.0, 2.0, 2.25, 2.25, 2.0, 2.75)[case])
    return channels, labels, spacing


with tempfile.TemporaryDirectory() as root:
    for name in ("raw", "preprocessed", "results"):
        os.environ["nnUNet_" + name] = os.path.join(root, name)
        os.makedirs(os.path.join(root, name))
    folder = os.path.join(root, "raw", "Dataset001_Small")
    os.makedirs(folder + "/imagesTr")
    os.makedirs(folder + "/labelsTr")
    for case in range(6):
        channels, labels, spacing = formula(case)
        for array, path in [(channels[0], f"imagesTr/case_{case}_0000"), (channels[1], f"imagesTr/case_{case}_0001"), (labels, f"labelsTr/case_{case}")]:
            image = sitk.GetImageFromArray(array)
            image.SetSpacing(spacing[::-1])
            sitk.WriteImage(image, f"{folder}/{path}.nii.gz")
    with open(folder + "/dataset.json", "w") as file:
        json.dump({"channel_names": {"0": "CT", "1": "T2"}, "labels": {"background": 0, "organ": 1, "core": 2},
                   "numTraining": 6, "file_ending": ".nii.gz"}, file)

    from nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor import DatasetFingerprintExtractor
    from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import ExperimentPlanner
    from nnunetv2.preprocessing.preprocessors.default_preprocessor import DefaultPreprocessor
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    if __name__ == "__main__":
        extractor = DatasetFingerprintExtractor(1, 1)
        extractor.show_progress_bar = False
        extractor.run()
        plans = ExperimentPlanner(1).plan_experiment()
        with open(root + "/preprocessed/Dataset001_Small/dataset_fingerprint.json") as file:
            fingerprint = file.read()
        with open(root + "/preprocessed/Dataset001_Small/nnUNetPlans.json") as file:
            plans = json.load(file)
        manager = PlansManager(plans)
        cases = []
        for case in range(6):
            data, seg, properties = DefaultPreprocessor(verbose=False).run_case(
                [f"{folder}/imagesTr/case_{case}_000{c}.nii.gz" for c in (0, 1)], f"{folder}/labelsTr/case_{case}.nii.gz",
                manager, manager.get_configuration("3d_fullres"), folder + "/dataset.json")
            flat = data.reshape(2, -1)
            positions = [int(i) for i in np.linspace(0, flat.shape[1] - 1, 23)]
            values, counts = np.unique(seg, return_counts=True)
            cases.append({
                "shape": list(data.shape), "sum": [float(c.astype(np.float64).sum()) for c in flat],
                "squares": [float((c.astype(np.float64) ** 2).sum()) for c in flat],
                "positions": positions, "samples": [[float(c[i]) for i in positions] for c in flat],
                "labels": {str(v): int(n) for v, n in zip(values, counts)},
                "before": list(properties["shape_before_cropping"]), "after": list(properties["shape_after_cropping_and_before_resampling"]),
                "box": [[int(x) for x in b] for b in properties["bbox_used_for_cropping"]],
                "locations": {str(k): len(v) for k, v in properties["class_locations"].items()},
            })

        # Class locations of a label map by formula, with regions and an ignore label.
        d, h, w = np.meshgrid(np.arange(40), np.arange(41), np.arange(42), indexing="ij")
        seg = ((d // 3 + h // 5 + w // 7) % 5).astype(np.int16)
        seg[d < 2] = -1
        sampled = []
        for keys in ([1, 2, 3], [(1, 2, 3), (3, 2), 3, [-1, 0, 1, 2, 3]], [7, 4]):
            found = DefaultPreprocessor._sample_foreground_locations(seg[None], keys)
            for key in keys:
                rows = np.asarray(found[tuple(key) if isinstance(key, (list, tuple)) else key])
                weights = np.arange(1, len(rows) + 1) % 1009
                sampled.append({
                    "keys": [list(k) if isinstance(k, (list, tuple)) else [k] for k in keys],
                    "key": list(key) if isinstance(key, (list, tuple)) else [key], "count": len(rows),
                    "first": rows[:5, 1:].tolist() if len(rows) else [],
                    "weighted": [int((rows[:, 1 + a] * weights).sum()) for a in range(3)] if len(rows) else [0, 0, 0]})
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "preparation.json"), "w") as file:
            json.dump({"fingerprint": fingerprint, "plans": plans, "cases": cases, "sampled": sampled}, file)
