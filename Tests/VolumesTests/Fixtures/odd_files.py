"""Writes odd_files.json: what nibabel reads from the odd files of the test data, and where SimpleITK places them.

Run: python3 odd_files.py FOLDER_OF_TEST_DATA > odd_files.json
Files that nibabel reads only together with others, or not at all, are listed as refused; a volume is hashed as float32
in C order [C, D, H, W].
"""
import hashlib
import json
import math
import os
import sys
import warnings

import nibabel
import numpy as np
import SimpleITK as sitk

warnings.simplefilter("ignore")
sitk.ProcessObject.SetGlobalWarningDisplay(False)
root = os.path.join(sys.argv[1], "odd")


def volume(path):
    image = nibabel.load(path)
    data = np.asanyarray(image.dataobj)
    if data.dtype.kind not in "iuf":
        raise ValueError("not a scalar volume")
    voxels = np.ascontiguousarray(data.T.astype(np.float32))
    zooms = [float(zoom) for zoom in image.header.get_zooms()[:3]]
    if len(zooms) == 2:
        voxels = voxels[None]
        zooms.append(999 * max(zooms))  # nnU-Net's spacing of a single slice
    finite = voxels[np.isfinite(voxels)].astype(np.float64)
    entry = {
        "shape": list(voxels.shape),
        "spacing": zooms[::-1],
        "type": image.header.get_data_dtype().newbyteorder("=").name,
        "sum": float(finite.sum()),
        "minimum": float(finite.min()),
        "maximum": float(finite.max()),
        "sha256": hashlib.sha256(voxels.tobytes()).hexdigest(),
    }
    try:
        other = sitk.ReadImage(path)
        count = other.GetDimension()
        if count >= 3:
            entry["origin"] = list(other.GetOrigin()[:3])
            direction = np.array(other.GetDirection()).reshape(count, count)[:3, :3]
            entry["direction"] = [float(x) for x in direction.ravel()]
    except RuntimeError:
        pass
    return entry


files = {}
for folder, _, names in os.walk(root):
    for name in names:
        path = os.path.join(folder, name)
        relative = os.path.relpath(path, root)
        if relative.startswith("orient48"):
            continue
        try:
            files[relative] = volume(path)
        except Exception:
            files[relative] = None
print(json.dumps({"files": dict(sorted(files.items()))}, indent=1))
