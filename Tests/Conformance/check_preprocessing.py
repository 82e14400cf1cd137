"""Fingerprints, crop boxes and preprocessed cases of both programs, from the same raw datasets."""
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import phantoms
from check_plans import distance_of
from rows import Row, larger, largest_of

# nnU-Net adds up intensities in single precision.
STATISTICS = 1e-6
VOXELS = 1e-4
LABELS = 1e-4
# Gigabytes to plan for: little enough for a 3d_lowres of small phantoms.
MEMORY = {501: 0.01, 512: 0.01}
# nnU-Net needs a gigabyte and ten seconds per channel for statistics of intensities: compared for these datasets.
STATISTICS_OF = {502, 504}


def run(context):
    root = os.path.join(context.work, "preprocessing")
    shutil.rmtree(root, ignore_errors=True)
    folders = {name: os.path.join(root, name) for name in ("raw", "nnunet", "pgps", "results")}
    for path in folders.values():
        os.makedirs(path)
    numbers = [501, 502, 503, 505, 507, 512] if context.quick else list(phantoms.NAMES)
    datasets = {phantoms.write(number, folders["raw"]): MEMORY.get(number, 8) for number in numbers}
    if context.data and os.path.isdir(os.path.join(context.data, "Task04_Hippocampus")):
        datasets[_hippocampus(context, folders)] = 8
    environment = {
        **os.environ, "nnUNet_raw": folders["raw"], "nnUNet_results": folders["results"],
        "PGPS_PHANTOM_FOLDER": os.path.join(folders["raw"], "Dataset511_NiftiByPath")}
    arguments = []
    for name, memory in datasets.items():
        _run([context.pgps, "plan-and-preprocess", "-d", name, "-c", "2d", "3d_fullres", "3d_lowres",
              "-gpu_memory_target", str(memory), "--no_pbar"],
             {**environment, "nnUNet_preprocessed": folders["pgps"]})
        fingerprint = os.path.join(folders["pgps"], name, "dataset_fingerprint.json")
        is_compared = int(name[7:10]) in STATISTICS_OF
        arguments.append(f"{name}={memory}" + ("" if is_compared else "," + fingerprint))
    _run([sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "prepare_with_nnunet.py"), *arguments],
         {**environment, "nnUNet_preprocessed": folders["nnunet"]})
    comparison = _Comparison()
    for name in datasets:
        comparison.add(os.path.join(folders["pgps"], name), os.path.join(folders["nnunet"], name))
    return comparison.rows()


def _hippocampus(context, folders):
    """The decathlon's Hippocampus as a raw dataset; every tenth case in quick mode."""
    _run([context.pgps, "convert-msd", "-i", os.path.join(context.data, "Task04_Hippocampus")],
         {**os.environ, "nnUNet_raw": folders["raw"], "nnUNet_preprocessed": folders["pgps"],
          "nnUNet_results": folders["results"]})
    name = "Dataset004_Hippocampus"
    if context.quick:
        labels = os.path.join(folders["raw"], name, "labelsTr")
        for index, file in enumerate(sorted(os.listdir(labels))):
            if index % 10:
                os.remove(os.path.join(labels, file))
                os.remove(os.path.join(folders["raw"], name, "imagesTr", file.replace(".nii.gz", "_0000.nii.gz")))
        path = os.path.join(folders["raw"], name, "dataset.json")
        description = _read(path)
        description["numTraining"] = len(os.listdir(labels))
        with open(path, "w") as file:
            json.dump(description, file)
    return name


def _run(command, environment):
    finished = subprocess.run(command, env=environment, capture_output=True, text=True)
    if finished.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command[:4]))}: {finished.stderr.strip()[-1500:]}")


def _read(path):
    with open(path) as file:
        return json.load(file)


class _Comparison:
    """Collects the largest difference of each kind."""

    def __init__(self):
        self.problems = {}
        self.largest = {}
        self.counts = {}

    def _note(self, topic, value=0.0, problem=None):
        self.counts[topic] = self.counts.get(topic, 0) + 1
        self.largest[topic] = larger(self.largest.get(topic, 0.0), float(value))
        if problem and topic not in self.problems:
            self.problems[topic] = problem

    def add(self, ours, theirs):
        name = os.path.basename(ours)
        fingerprints = [_read(os.path.join(folder, "dataset_fingerprint.json")) for folder in (ours, theirs)]
        intensities = [print_.pop("foreground_intensity_properties_per_channel") for print_ in fingerprints]
        distance, difference = distance_of(*fingerprints)
        self._note("fingerprints: spacings, shapes, relative size", distance, difference and f"{name}: {difference}")
        if int(name[7:10]) in STATISTICS_OF:
            for one, other in zip(*[channels.values() for channels in intensities]):
                worst = largest_of(abs(one[key] - other[key]) for key in other) / (other["max"] - other["min"])
                self._note("fingerprints: statistics of intensities, of their range", worst)
        plans = [_read(os.path.join(folder, "nnUNetPlans.json")) for folder in (ours, theirs)]
        for document in plans:
            del document["foreground_intensity_properties_per_channel"]
        distance, difference = distance_of(*plans)
        self._note("plans of raw datasets", distance, difference and f"{name}: {difference}")
        for configuration in plans[1]["configurations"].values():
            folder = configuration.get("data_identifier")
            if folder:
                self._add_cases(name, os.path.join(ours, folder), os.path.join(theirs, folder))

    def _add_cases(self, name, ours, theirs):
        cases = sorted(file[:-4] for file in os.listdir(theirs) if file.endswith(".npz"))
        for case in cases:
            place = f"{name} {os.path.basename(theirs)} {case}"
            properties = [_read(os.path.join(folder, case + ".json")) for folder in (ours, theirs)]
            for key in ("bbox_used_for_cropping", "shape_before_cropping", "shape_after_cropping_and_before_resampling"):
                self._note("crop boxes and shapes", 0, None if properties[0][key] == properties[1][key] else place)
            spacings = np.array([one["spacing"] for one in properties])
            self._note("spacings of cases", np.abs(spacings[0] / spacings[1] - 1).max())
            image = np.load(os.path.join(ours, case + ".npy"))
            labels = np.load(os.path.join(ours, case + "_seg.npy"))
            there = np.load(os.path.join(theirs, case + ".npz"))
            if image.shape != there["data"].shape:
                self._note("preprocessed images", 0, f"{place}: {image.shape}, there {there['data'].shape}")
                continue
            self._note("preprocessed images", np.abs(image.astype(float) - there["data"]).max())
            differing = np.mean(labels != there["seg"])
            self._note("preprocessed label maps, share of voxels that differ", differing)
            if differing == 0:
                self._add_locations(place, ours, case, properties)

    def _add_locations(self, place, ours, case, properties):
        rows = np.load(os.path.join(ours, case + "_locations.npy"))
        start = 0
        mine = []
        for entry in properties[0]["class_locations"]:
            mine.append([entry["key"], rows[start:start + entry["count"]].tolist()])
            start += entry["count"]
        expected = [[key, [row[1:] for row in places]] for key, places in properties[1]["class_locations"]]
        self._note("class locations", 0, None if mine == expected else place)

    def rows(self):
        limits = {
            "fingerprints: spacings, shapes, relative size": 1e-7,
            "fingerprints: statistics of intensities, of their range": STATISTICS,
            "plans of raw datasets": 1e-7, "crop boxes and shapes": 0.0, "spacings of cases": 1e-7,
            "preprocessed images": VOXELS, "preprocessed label maps, share of voxels that differ": LABELS,
            "class locations": 0.0}
        return [
            Row(topic, self.counts[topic], self.problems.get(topic, self.largest[topic]), limit,
                topic not in self.problems and self.largest[topic] <= limit)
            for topic, limit in limits.items()]
