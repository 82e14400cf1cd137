"""What happens after training: postprocessing, ensembles, the best configuration, by both programs on the same files.

Label maps are random blobs: some predictions have islands that should go, some references have two components that must
stay, some classes occur nowhere. nnU-Net's pools of processes are replaced by one thread, nothing else of it.
"""

import contextlib
import json
import math
import multiprocessing
import multiprocessing.pool
import os
import pickle
import shutil
import subprocess
import sys

import numpy as np
import SimpleITK as sitk

from rows import Row

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
    """A reference and a prediction. `habits` says per label whether it has islands in predictions, in both, or is absent."""
    values = [value for value in range(1, 4) if value <= (1 if kind == "one label" else 2 if kind == "ignore label" else 3)]
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


def check_determination(context, kind, trial):
    from nnunetv2.postprocessing.remove_connected_components import (
        apply_postprocessing_to_folder, determine_postprocessing)

    generator = np.random.default_rng([trial, *kind.encode()])
    folder = fresh(f"{context.work}/postprocessing/{kind.replace(' ', '_')}_{trial}")
    theirs, ours, truth = f"{folder}/theirs", f"{folder}/ours", f"{folder}/truth"
    for path in (theirs, truth):
        os.makedirs(path)
    habits = {value: generator.choice(["clean", "island", "island", "two", "absent"]) for value in (1, 2, 3)}
    names = [f"case_{index}.nii.gz" for index in range(4)]
    for name in names:
        reference, prediction = label_maps(generator, kind, habits)
        write_labels(f"{truth}/{name}", reference)
        write_labels(f"{theirs}/{name}", prediction)
    write_json(f"{theirs}/dataset.json", dataset_json(kind))
    write_json(f"{theirs}/plans.json", plans_json())
    shutil.copytree(theirs, ours)
    with one_thread(), np.errstate(all="ignore"):
        functions, arguments = determine_postprocessing(theirs, truth, None, None, 1)
        apply_postprocessing_to_folder(theirs, f"{folder}/applied_theirs", functions, arguments, num_processes=1)
    pgps(context, "determine-postprocessing", "-i", ours, "-ref", truth)
    # What nnU-Net has found, applied here.
    pgps(
        context, "apply-postprocessing", "-i", ours, "-o", f"{folder}/applied_ours", "-pp_pkl_file",
        f"{theirs}/postprocessing.json")
    found, wanted = read_json(f"{ours}/postprocessing.json"), read_json(f"{theirs}/postprocessing.json")
    steps = sum(found[key] != wanted[key] for key in ("postprocessing_fns", "postprocessing_kwargs"))
    scores = largest_difference(found, wanted)
    for summary in ("summary.json", "postprocessed/summary.json"):
        scores = max(scores, largest_difference(read_json(f"{ours}/{summary}"), read_json(f"{theirs}/{summary}")))
    files = differing_files(f"{ours}/postprocessed", f"{theirs}/postprocessed", names)
    files += differing_files(f"{folder}/applied_ours", f"{folder}/applied_theirs", names)
    return steps, scores, files, len(wanted["postprocessing_kwargs"])


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


def check_ensemble(context, kind, model_count):
    from nnunetv2.ensembling.ensemble import ensemble_folders

    generator = np.random.default_rng([model_count, *kind.encode()])
    folder = fresh(f"{context.work}/ensemble/{kind.replace(' ', '_')}_{model_count}")
    models = [f"{folder}/model_{index}" for index in range(model_count)]
    for model in models:
        os.makedirs(model)
        write_json(f"{model}/dataset.json", dataset_json(kind))
        write_json(f"{model}/plans.json", plans_json())
        for index in range(3):
            write_prediction(model, f"case_{index}", probabilities(generator, kind), kind)
    theirs, ours = f"{folder}/theirs", f"{folder}/ours"
    with one_thread():
        ensemble_folders(models, theirs, True, 1)
    pgps(context, "ensemble", "-i", *models, "-o", ours, "--save_npz")
    voxels, largest = 0, 0.0
    for index in range(3):
        name = f"case_{index}"
        voxels += int((read_labels(f"{theirs}/{name}.nii.gz") != read_labels(f"{ours}/{name}.nii.gz")).sum())
        means = [np.load(f"{path}/{name}.npz")["probabilities"] for path in (theirs, ours)]
        largest = max(largest, float(np.abs(means[0] - means[1]).max()))
    # What was written here goes into nnU-Net's ensembling, too.
    write_json(f"{ours}/plans.json", plans_json())
    with one_thread():
        ensemble_folders([ours, models[0]], f"{folder}/again_theirs", False, 1)
    pgps(context, "ensemble", "-i", ours, models[0], "-o", f"{folder}/again_ours")
    for index in range(3):
        name = f"case_{index}.nii.gz"
        voxels += int((read_labels(f"{folder}/again_theirs/{name}") != read_labels(f"{folder}/again_ours/{name}")).sum())
    return voxels, largest


def write_model(generator, folder, kind, folds, truth, noise):
    """A run folder with validations: probabilities around the truth, the more noise the worse."""
    os.makedirs(folder)
    write_json(f"{folder}/dataset.json", dataset_json(kind))
    write_json(f"{folder}/plans.json", plans_json(("2d", "3d_fullres")))
    for fold, identifiers in enumerate(folds):
        validation = f"{folder}/fold_{fold}/validation"
        os.makedirs(validation)
        for identifier in identifiers:
            values = probabilities(generator, kind) * noise
            reference = truth[identifier]
            for head in range(values.shape[0]):
                mask = reference == head
                if kind == "regions":
                    label = list(KINDS[kind]["labels"].values())[head + 1]
                    mask = np.isin(reference, label)
                values[head] += (1 - noise) * mask
            write_prediction(validation, identifier, values.astype(np.float32), kind)


def check_selection(context, kind, noises):
    generator = np.random.default_rng([len(noises), *kind.encode()])
    folder = fresh(f"{context.work}/selection/{kind.replace(' ', '_')}_{len(noises)}")
    name = "Dataset900_Phantom"
    raw, preprocessed = f"{folder}/raw/{name}", f"{folder}/preprocessed/{name}"
    os.makedirs(f"{raw}/labelsTr")
    os.makedirs(preprocessed)
    write_json(f"{preprocessed}/nnUNetPlans.json", plans_json(("2d", "3d_fullres")))
    folds = [["case_0", "case_1"], ["case_2", "case_3"]]
    truth = {}
    for identifier in sum(folds, []):
        truth[identifier] = label_maps(generator, kind, {1: "clean", 2: "clean", 3: "clean"})[0]
        write_labels(f"{raw}/labelsTr/{identifier}.nii.gz", truth[identifier])
    shutil.copytree(f"{raw}/labelsTr", f"{preprocessed}/gt_segmentations")
    results = {program: f"{folder}/{program}" for program in ("theirs", "ours")}
    for configuration, noise in zip(("2d", "3d_fullres"), noises):
        model = f"nnUNetTrainer__nnUNetPlans__{configuration}"
        write_model(generator, f"{results['theirs']}/{name}/{model}", kind, folds, truth, noise)
    shutil.copytree(results["theirs"], results["ours"])

    def environment(program):
        return {
            **os.environ, "nnUNet_raw": f"{folder}/raw", "nnUNet_preprocessed": f"{folder}/preprocessed",
            "nnUNet_results": results[program], "nnUNet_def_n_proc": "1", "OMP_NUM_THREADS": "1"}

    words = ["900", "-c", "2d", "3d_fullres", "-f", "0", "1", "-np", "1"]
    command = os.path.join(os.path.dirname(sys.executable), "nnUNetv2_find_best_configuration")
    if os.path.exists(command):
        command = [command]
    else:
        entry = "from nnunetv2.evaluation.find_best_configuration import find_best_configuration_entry_point as run; run()"
        command = [sys.executable, "-c", entry]
    subprocess.run([*command, *words], env=environment("theirs"), check=True, capture_output=True)
    pgps(context, "find-best-configuration", *words, environment=environment("ours"))
    information = {program: read_json(f"{path}/{name}/inference_information.json") for program, path in results.items()}
    best = {program: entry["best_model_or_ensemble"] for program, entry in information.items()}
    decisions = sum(
        best["theirs"][key] != best["ours"][key] for key in ("selected_model_or_models",))
    decisions += information["theirs"]["all_results"].keys() != information["ours"]["all_results"].keys()
    scores = largest_difference(
        {"best": best["theirs"], "all": information["theirs"]["all_results"]},
        {"best": best["ours"], "all": information["ours"]["all_results"]})
    files = 0
    for path, _, entries in os.walk(f"{results['theirs']}/{name}"):
        for entry in entries:
            other = os.path.join(path, entry).replace(results["theirs"], results["ours"])
            if entry in ("summary.json", "postprocessing.json"):
                left, right = read_json(os.path.join(path, entry)), read_json(other)
                scores = max(scores, largest_difference(left, right))
                if entry == "postprocessing.json":
                    decisions += left["postprocessing_kwargs"] != right["postprocessing_kwargs"]
            elif entry.endswith(".nii.gz"):
                files += not np.array_equal(read_labels(os.path.join(path, entry)), read_labels(other))
    return decisions, scores, files


def run(context):
    rows = []
    trials = 2 if context.quick else 8
    for kind in KINDS:
        outcomes = [check_determination(context, kind, trial) for trial in range(trials)]
        accepted = sum(outcome[3] for outcome in outcomes)
        wrong = sum(outcome[0] for outcome in outcomes)
        rows.append(
            Row(f"postprocessing decisions, {kind} ({accepted} steps accepted)", trials, wrong, 0, wrong == 0))
        scores = max(outcome[1] for outcome in outcomes)
        rows.append(Row(f"postprocessing scores, {kind}", trials, scores, 1e-12, scores <= 1e-12))
        files = sum(outcome[2] for outcome in outcomes)
        rows.append(Row(f"postprocessed label maps, {kind}", 8 * trials, files, 0, files == 0))
    for kind in ("labels", "regions"):
        for model_count in (2, 3):
            voxels, largest = check_ensemble(context, kind, model_count)
            rows.append(Row(f"ensemble of {model_count}, {kind}: voxels that differ", 6, voxels, 0, voxels == 0))
            rows.append(Row(f"ensemble of {model_count}, {kind}: probabilities", 3, largest, 0, largest == 0))
    selections = [("labels", (0.62, 0.55)), ("regions", (0.5, 0.62))]
    for kind, noises in selections[: 1 if context.quick else 2]:
        decisions, scores, files = check_selection(context, kind, noises)
        rows.append(Row(f"best configuration, {kind}: decisions", 3, decisions, 0, decisions == 0))
        rows.append(Row(f"best configuration, {kind}: all scores", 3, scores, 1e-12, scores <= 1e-12))
        rows.append(Row(f"best configuration, {kind}: label maps", 4, files, 0, files == 0))
    return rows
