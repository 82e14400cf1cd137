"""Prints what predictions of a case cost, and how far their labels agree with nnU-Net's; see launch/compare-peer-predict.

    peer_predict_table.py FOLDER CASE OURS...

FOLDER has, for each name in OURS and for `peer`, a folder of predictions and what they cost, NAME.json.
"""
import json
import sys

import numpy
import SimpleITK

folder, case, *names = sys.argv[1:]


def read(name):
    with open(f"{folder}/{name}") as file:
        return json.load(file)


def labels(name):
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(f"{folder}/{name}/{case}.nii.gz"))


def row(text, *cells):
    print(f"{text:18}" + "".join(f"{cell:>12}" for cell in cells))


peer, peer_labels = read("peer.json"), labels("peer")
precisions = [read(f"{name}/predict_from_raw_data_args.json")["precision"] for name in names]
print()
row(case, "nnU-Net", *(text for precision in precisions for text in (f"pgps {precision}", "ratio")))
for text, key, unit in [
    ("seconds", "seconds", 1),
    ("CPU seconds", "cpuSeconds", 1),
    ("MB, one process", "residentBytes", 1e6),
    ("MB, all together", "sharedOutBytes", 1e6),
]:
    ours = [read(f"{name}.json")[key] for name in names]
    cells = (text for value in ours for text in (f"{value / unit:.1f}", f"{peer[key] / value:.2f}"))
    row(text, f"{peer[key] / unit:.1f}", *cells)
for name, precision in zip(names, precisions):
    equal = (labels(name) == peer_labels).mean()
    print(f"labels equal to nnU-Net's, {precision}: {equal:.6f} of {peer_labels.size} voxels")
print(f"labels that nnU-Net found: {numpy.unique(peer_labels).tolist()}")
