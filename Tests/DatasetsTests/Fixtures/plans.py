"""Writes plans.json: synthetic fingerprints and the plans that nnU-Net's five planners make of them.

Run: python3 plans.py > plans.json (needs nnunetv2 2.8.1). The datasets come from Tests/Conformance. To be short, plans
are flattened ("a/b/c": value, lists as they are) and given as their difference from those of the planner before, the
first planner's from its plans of the first dataset ("base"): what is "set", and the prefixes to "drop".
"""
import json
import os
import sys
import tempfile
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Conformance"))
import synthetic_fingerprints
from plan_with_nnunet import PLANNERS

# The first one has all four configurations.
NUMBERS = [2, 0, 1, *range(3, 22)]


def flattened(value, path=""):
    if not isinstance(value, dict):
        return {path: value}
    return {key: leaf for name, member in value.items() for key, leaf in flattened(member, f"{path}/{name}").items()}


def difference(base, plans):
    configurations = [f"/configurations/{name}" for name in ("2d", "3d_lowres", "3d_fullres", "3d_cascade_fullres")]
    dropped = [name for name in configurations
               if any(key.startswith(name + "/") for key in base)
               and not any(key.startswith(name + "/") for key in plans)]
    dropped += [key for key in base if key not in plans and not any(key.startswith(name + "/") for name in dropped)]
    return {"set": {key: value for key, value in plans.items() if base.get(key, "absent") != value}, "drop": dropped}


def main():
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as root:
        for name in ("raw", "preprocessed", "results"):
            os.environ["nnUNet_" + name] = os.path.join(root, name)
            os.makedirs(os.path.join(root, name))
        import numpy as np
        import SimpleITK as sitk
        from plan_with_nnunet import plan

        image = os.path.join(root, "image")
        for ending in (".nii", ".nii.gz"):
            sitk.WriteImage(sitk.GetImageFromArray(np.zeros((2, 2, 2), np.uint8)), image + ending)
        base, entries = None, []
        for number in NUMBERS:
            description, fingerprint = synthetic_fingerprints.dataset(number)
            dataset = f"Dataset{number + 100}_Synthetic"
            for folder, name, document in [
                ("raw", "dataset.json", {**description, "dataset": {"a": {
                    "images": [image + description["file_ending"]], "label": image + description["file_ending"]}}}),
                ("preprocessed", "dataset_fingerprint.json", fingerprint)]:
                os.makedirs(os.path.join(root, folder, dataset))
                with open(os.path.join(root, folder, dataset, name), "w") as file:
                    json.dump(document, file)
            plans, before = {}, base
            # The base of the residual planners differs from M in the batch alone.
            for planner in PLANNERS if len(entries) < 4 else [p for p in PLANNERS if p != "ResEncUNetPlanner"]:
                document = plan(planner, dataset)
                assert document["foreground_intensity_properties_per_channel"] == fingerprint[
                    "foreground_intensity_properties_per_channel"]
                del document["foreground_intensity_properties_per_channel"]
                flat = flattened(document)
                base = base or flat
                plans[planner] = difference(before or base, flat)
                before = flat
            entries.append({
                "datasetName": dataset, "description": description, "fingerprint": fingerprint, "plans": plans})
            print(number, file=sys.stderr)
    json.dump({"base": base, "datasets": entries}, sys.stdout, separators=(",", ":"))


if __name__ == "__main__":
    main()
