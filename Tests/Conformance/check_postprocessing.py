"""What happens after training: postprocessing, ensembles, the best configuration, by both programs on the same files.

Label maps are random blobs: some predictions have islands that should go, some references have two components that must
stay, some classes occur nowhere. nnU-Net's pools of processes are replaced by one thread, nothing else of it.
"""

import os
import shutil
import subprocess
import sys

import numpy as np

from predictions import (
    KINDS, dataset_json, differing_files, fresh, label_maps, largest_difference, one_thread, pgps, plans_json,
    probabilities, read_json, read_labels, write_json, write_labels, write_prediction)
from rows import Row, larger, largest_of


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
        scores = larger(scores, largest_difference(read_json(f"{ours}/{summary}"), read_json(f"{theirs}/{summary}")))
    files = differing_files(f"{ours}/postprocessed", f"{theirs}/postprocessed", names)
    files += differing_files(f"{folder}/applied_ours", f"{folder}/applied_theirs", names)
    return steps, scores, files, len(wanted["postprocessing_kwargs"])


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
        largest = larger(largest, float(np.abs(means[0] - means[1]).max()))
    # What was written here goes into nnU-Net's ensembling, too.
    write_json(f"{ours}/plans.json", plans_json())
    with one_thread():
        ensemble_folders([ours, models[0]], f"{folder}/again_theirs", False, 1)
    pgps(context, "ensemble", "-i", ours, models[0], "-o", f"{folder}/again_ours")
    for index in range(3):
        name = f"case_{index}.nii.gz"
        again = [read_labels(f"{folder}/again_{program}/{name}") for program in ("theirs", "ours")]
        voxels += int((again[0] != again[1]).sum())
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
        entry = (
            "from nnunetv2.evaluation.find_best_configuration import find_best_configuration_entry_point as run; run()")
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
                scores = larger(scores, largest_difference(left, right))
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
        scores = largest_of(outcome[1] for outcome in outcomes)
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
