"""Plans: what both programs make of the same fingerprint, for every planner and many synthetic datasets."""
import json
import math
import os
import shutil
import subprocess

import synthetic_fingerprints
from rows import Row, larger

# nnU-Net computes in double precision, and so does pgps; the order of operations may differ in the last digits.
LIMIT = 1e-12


def run(context):
    from plan_with_nnunet import PLANNERS

    numbers = range(100, 108 if context.quick else 132)
    folder = _Folder(os.path.join(context.work, "plans"))
    rows = []
    for planner in PLANNERS:
        rows.append(_compare(context, folder, planner, numbers, f"plans of {planner}"))
    rows.append(_compare(
        context, folder, "nnUNetPlannerResEncL", numbers[:8], "plans with another memory target, spacing and name",
        memory=11.5, spacing=[1.25, 0.9, 2.0], plans_name="otherPlans"))
    rows.append(_user_configuration(context, folder))
    return rows


class _Folder:
    """Roots with raw datasets of one image each, and one root of preprocessed data per program."""

    def __init__(self, root):
        self.root = root
        shutil.rmtree(root, ignore_errors=True)
        for name in ("raw", "nnunet", "pgps", "results"):
            os.makedirs(os.path.join(root, name))

    def environment(self, program):
        return {
            **os.environ, "nnUNet_raw": os.path.join(self.root, "raw"),
            "nnUNet_preprocessed": os.path.join(self.root, program),
            "nnUNet_results": os.path.join(self.root, "results")}

    def make(self, number):
        """The name of synthetic dataset `number`, written on first use."""
        import numpy as np
        import SimpleITK as sitk

        name = f"Dataset{number}_Synthetic"
        raw = os.path.join(self.root, "raw", name)
        if os.path.isdir(raw):
            return name
        description, fingerprint = synthetic_fingerprints.dataset(number)
        os.makedirs(raw)
        file = "image" + description["file_ending"]
        sitk.WriteImage(sitk.GetImageFromArray(np.ones((4, 4, 4), np.uint8)), os.path.join(raw, file))
        description["dataset"] = {"a": {"images": [file] * len(description["channel_names"]), "label": file}}
        _write(os.path.join(raw, "dataset.json"), description)
        for program in ("nnunet", "pgps"):
            preprocessed = os.path.join(self.root, program, name)
            os.makedirs(preprocessed)
            _write(os.path.join(preprocessed, "dataset_fingerprint.json"), fingerprint)
        return name


def _compare(context, folder, planner, numbers, what, memory=None, spacing=None, plans_name=None):
    from plan_with_nnunet import plan

    largest, problem = 0.0, None
    for number in numbers:
        name = folder.make(number)
        arguments, options = ["-pl", planner], {}
        if memory:
            arguments += ["-gpu_memory_target", str(memory)]
            options["gpu_memory_target_in_gb"] = memory
        if spacing:
            arguments += ["-overwrite_target_spacing", *map(str, spacing)]
            options["overwrite_target_spacing"] = spacing
        if plans_name:
            arguments += ["-overwrite_plans_name", plans_name]
            options["plans_name"] = plans_name
        theirs = _theirs(folder, plan, planner, name, options)
        finished = subprocess.run(
            [context.pgps, "plan-experiment", "-d", str(number), *arguments], env=folder.environment("pgps"),
            capture_output=True, text=True)
        if finished.returncode != 0:
            problem = problem or f"{name}: {finished.stderr.strip()}"
            continue
        ours = _read(os.path.join(folder.root, "pgps", name, theirs["plans_name"] + ".json"))
        distance, difference = distance_of(ours, theirs)
        largest = larger(largest, distance)
        problem = problem or (difference and f"{name}: {difference}")
    return Row(what, len(numbers), problem or largest, LIMIT, problem is None and largest <= LIMIT)


def _theirs(folder, plan, planner, name, options):
    import warnings

    import nnunetv2.experiment_planning.experiment_planners.default_experiment_planner as module

    # nnU-Net reads its folders when it is first imported; other checks have theirs.
    environment = folder.environment("nnunet")
    before = (os.environ["nnUNet_preprocessed"], module.nnUNet_raw, module.nnUNet_preprocessed)
    module.nnUNet_raw, module.nnUNet_preprocessed = environment["nnUNet_raw"], environment["nnUNet_preprocessed"]
    os.environ["nnUNet_preprocessed"] = environment["nnUNet_preprocessed"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return plan(planner, name, **options)
    finally:
        os.environ["nnUNet_preprocessed"], module.nnUNet_raw, module.nnUNet_preprocessed = before


def _user_configuration(context, folder):
    """A configuration that a user added, an unknown key, and what planning again leaves of both."""
    from plan_with_nnunet import plan

    name = folder.make(100)
    added = {"inherits_from": "3d_fullres", "batch_size": 4, "mine": [1, {"deep": None}]}
    for program in ("nnunet", "pgps"):
        path = os.path.join(folder.root, program, name, "nnUNetPlans.json")
        document = _read(path)
        document["configurations"]["3d_fullres_bs4"] = added
        document["configurations"]["2d"]["batch_size"] = 1
        _write(path, document)
    theirs = _theirs(folder, plan, "ExperimentPlanner", name, {})
    subprocess.run(
        [context.pgps, "plan-experiment", "-d", "100"], env=folder.environment("pgps"), check=True, capture_output=True)
    ours = _read(os.path.join(folder.root, "pgps", name, "nnUNetPlans.json"))
    distance, difference = distance_of(ours, theirs)
    kept = ours["configurations"].get("3d_fullres_bs4") == added
    return Row(
        "a user's configuration after planning again", 1, difference or distance, LIMIT,
        difference is None and distance <= LIMIT and kept)


def distance_of(ours, theirs, path=""):
    """The largest relative difference of numbers, and the first difference of anything else (or None).

    Integers, texts, keys and lengths must be equal; the order of keys does not matter.
    """
    if isinstance(ours, dict) and isinstance(theirs, dict):
        if set(ours) != set(theirs):
            return 0.0, f"{path}: the keys differ by {sorted(set(ours) ^ set(theirs))}"
        members = [(ours[key], theirs[key], f"{path}/{key}") for key in theirs]
    elif isinstance(ours, list) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            return 0.0, f"{path}: {len(ours)} entries, {len(theirs)} there"
        members = [(a, b, f"{path}[{index}]") for index, (a, b) in enumerate(zip(ours, theirs))]
    elif isinstance(ours, float) and isinstance(theirs, float) and math.isfinite(ours) and math.isfinite(theirs):
        return abs(ours - theirs) / max(abs(theirs), 1e-300), None
    else:
        same = type(ours) is type(theirs) and ours == theirs
        return 0.0, None if same else f"{path}: {ours!r}, there {theirs!r}"
    largest, first = 0.0, None
    for member in members:
        distance, difference = distance_of(*member)
        largest = larger(largest, distance)
        first = first or difference
    return largest, first


def _read(path):
    with open(path) as file:
        return json.load(file)


def _write(path, document):
    with open(path, "w") as file:
        json.dump(document, file, indent=4)
