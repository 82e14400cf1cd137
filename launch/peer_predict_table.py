"""Prints what two predictions of a case cost, and how far their labels agree; see launch/compare-peer-predict."""
import json
import sys

import numpy
import SimpleITK

folder, case = sys.argv[1:]


def read(name):
    with open(f"{folder}/{name}.json") as file:
        return json.load(file)


def labels(name):
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(f"{folder}/{name}/{case}.nii.gz"))


ours, peer = read("ours"), read("peer")
print(f"\n{case}            pgps      nnU-Net   ratio")
for text, key, unit in [
    ("seconds", "seconds", 1),
    ("CPU seconds", "cpuSeconds", 1),
    ("MB, one process", "residentBytes", 1e6),
    ("MB, all together", "sharedOutBytes", 1e6),
]:
    a, b = ours[key] / unit, peer[key] / unit
    print(f"{text:18} {a:10.1f} {b:10.1f} {b / a:7.2f}")
a, b = labels("ours"), labels("peer")
print(f"{'equal labels':18} {(a == b).mean():.6f} of {a.size} voxels; classes found: {numpy.unique(a).size} and {numpy.unique(b).size}")
