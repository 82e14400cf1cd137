"""Prepares raw datasets with nnU-Net, in a process of its own whose environment names the folders.

Run: python3 prepare_with_nnunet.py DATASET=GIGABYTES[,FINGERPRINT]... Writes nnU-Net's fingerprint and plans, and per
configuration a folder of CASE.npz (data, seg) and CASE.json (properties; class locations as lists of keys and
coordinates). nnU-Net draws 100 million intensities per channel; where another fingerprint is given, it draws few, and
plans with the statistics that are there.
"""
import json
import os
import sys

import nnunet_serial
import numpy as np
from plan_with_nnunet import planner_class

CONFIGURATIONS = ["2d", "3d_fullres", "3d_lowres"]


def prepare(dataset, memory, statistics=None):
    from nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor import DatasetFingerprintExtractor
    from nnunetv2.preprocessing.preprocessors.default_preprocessor import DefaultPreprocessor
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    extractor = DatasetFingerprintExtractor(dataset, 1)
    extractor.show_progress_bar = False
    if statistics:
        extractor.num_foreground_voxels_for_intensitystats = 1e4
    extractor.run()
    folder = os.path.join(os.environ["nnUNet_preprocessed"], dataset)
    if statistics:
        take_statistics(os.path.join(folder, "dataset_fingerprint.json"), statistics)
    planner = planner_class("ExperimentPlanner")(dataset, gpu_memory_target_in_gb=memory)
    planner.plan_experiment()
    manager = PlansManager(os.path.join(folder, "nnUNetPlans.json"))
    for name in CONFIGURATIONS:
        if name not in manager.available_configurations:
            continue
        configuration = manager.get_configuration(name)
        target = os.path.join(folder, configuration.data_identifier)
        os.makedirs(target, exist_ok=True)
        for case, files in planner.dataset.items():
            data, seg, properties = DefaultPreprocessor(verbose=False).run_case(
                files["images"], files["label"], manager, configuration, planner.dataset_json)
            np.savez(os.path.join(target, case + ".npz"), data=data, seg=seg)
            kept = {key: [[int(n) for n in row] if isinstance(row, (list, tuple)) else int(row) for row in properties[key]]
                    for key in ("bbox_used_for_cropping", "shape_before_cropping",
                                "shape_after_cropping_and_before_resampling")}
            kept["spacing"] = [float(s) for s in properties["spacing"]]
            kept["class_locations"] = [
                [[int(n) for n in key] if isinstance(key, tuple) else [int(key)], np.asarray(places).tolist()]
                for key, places in properties["class_locations"].items()]
            with open(os.path.join(target, case + ".json"), "w") as file:
                json.dump(kept, file)


def take_statistics(path, other):
    """Replaces the statistics of intensities in a fingerprint by those of another one."""
    with open(path) as file:
        fingerprint = json.load(file)
    with open(other) as file:
        fingerprint["foreground_intensity_properties_per_channel"] = json.load(file)[
            "foreground_intensity_properties_per_channel"]
    with open(path, "w") as file:
        json.dump(fingerprint, file)


if __name__ == "__main__":
    nnunet_serial.use()
    with nnunet_serial.captured() as text:
        try:
            for word in sys.argv[1:]:
                name, _, rest = word.partition("=")
                gigabytes, *statistics = rest.split(",")
                prepare(name, float(gigabytes), *statistics)
        except Exception as error:
            sys.stderr.write(text.getvalue()[-2000:])
            nnunet_serial.fail(error)
