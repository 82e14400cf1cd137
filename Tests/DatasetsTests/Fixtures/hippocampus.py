"""Writes hippocampus.json: what nnU-Net makes of MSD Task04_Hippocampus.

Run first (needs nnunetv2): nnUNetv2_convert_MSD_dataset -i Task04_Hippocampus; nnUNetv2_plan_and_preprocess -d 4 -c 3d_fullres
Then: python hippocampus.py $nnUNet_preprocessed/Dataset004_Hippocampus
"""
import json
import os
import pickle
import sys

import blosc2
import numpy as np
from sklearn.model_selection import KFold

folder = sys.argv[1]
with open(folder + "/nnUNetPlans.json") as file:
    plans = json.load(file)
with open(folder + "/dataset_fingerprint.json") as file:
    fingerprint = json.load(file)
cases = {}
store = folder + "/nnUNetPlans_3d_fullres/"
names = sorted(n[:-4] for n in os.listdir(store) if n.endswith(".pkl"))
for name in names[::37]:
    data, seg = blosc2.open(store + name + ".b2nd")[:], blosc2.open(store + name + "_seg.b2nd")[:]
    with open(store + name + ".pkl", "rb") as file:
        properties = pickle.load(file)
    positions = [int(i) for i in np.linspace(0, data.size - 1, 17)]
    cases[name] = {"shape": list(data.shape), "positions": positions, "samples": [float(data.ravel()[i]) for i in positions],
                   "labelSum": int(seg.sum()),
                   "locations": [np.asarray(v)[:3, 1:].tolist() for v in properties["class_locations"].values()]}
first = next(iter(KFold(5, shuffle=True, random_state=12345).split(names)))[1]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "hippocampus.json"), "w") as file:
    json.dump({"plans": plans, "relativeSize": fingerprint["median_relative_size_after_cropping"],
               "shapes": fingerprint["shapes_after_crop"], "cases": cases, "firstValidation": names[first[0]]}, file)
