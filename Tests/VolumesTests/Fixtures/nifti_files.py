"""Writes nifti_files.json: small files made by nibabel, and what nibabel and SimpleITK read from them.

Run: python3 nifti_files.py > nifti_files.json
"types": every type, both byte orders, NIfTI-1 and NIfTI-2; voxel n of 2 × 3 × 4 is n·7 mod 101 (minus 50 where signed).
"places": headers with different forms of orientation and units; SimpleITK's spacing, origin and direction.
Files are gzip in base 64.
"""
import base64
import gzip
import json
import os
import tempfile
import warnings

import nibabel
import numpy as np
import SimpleITK as sitk

warnings.simplefilter("ignore")
sitk.ProcessObject.SetGlobalWarningDisplay(False)


def text(content):
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()


def types():
    result = []
    for name in ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]:
        for order in "<>":
            for kind in [nibabel.Nifti1Image, nibabel.Nifti2Image]:
                values = np.arange(24) * 7 % 101
                if name[0] != "u":
                    values = values - 50
                dtype = np.dtype(order + name)
                data = values.reshape(2, 3, 4).transpose(2, 1, 0).astype(dtype)  # index [i, j, k], i fastest
                header = kind.header_class(endianness=order)
                header.set_data_dtype(dtype)
                image = kind(data, np.diag([1.0, 2.0, 3.0, 1.0]), header)
                result.append({"type": dtype.newbyteorder("=").name, "file": text(image.to_bytes())})
    return result


def rotation(angles):
    a, b, c = angles
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return x @ y @ z


def affine(angles, zooms, offset, flip=False):
    matrix = np.eye(4)
    matrix[:3, :3] = rotation(angles) @ np.diag(zooms)
    if flip:
        matrix[:3, 2] *= -1
    matrix[:3, 3] = offset
    return matrix


def places():
    zooms = [0.7, 1.25, 3.1]
    first = affine([0.2, -0.3, 1.1], zooms, [-12.5, 40.25, 7.75])
    second = affine([-0.4, 0.1, 2.9], zooms, [90.0, -1.0, 33.0])
    mirrored = affine([0.1, 0.5, -0.7], zooms, [5.0, 6.0, 7.0], flip=True)
    sheared = second.copy()
    sheared[0, 1] += 0.4
    cases = [
        ("no form", first, 0, second, 0, 2),
        ("quaternion alone", first, 1, second, 0, 2),
        ("matrix alone", first, 0, second, 2, 2),
        ("both, matrix of the scanner", first, 1, second, 1, 2),
        ("both, matrix of an atlas", first, 1, second, 3, 2),
        ("both, sheared matrix", first, 2, sheared, 1, 2),
        ("mirrored quaternion", mirrored, 1, second, 0, 2),
        ("mirrored matrix", first, 0, mirrored, 1, 2),
        ("meters", first, 1, first, 1, 1),
        ("micrometers", first, 1, first, 1, 3),
        ("unknown unit", first, 1, first, 1, 0),
    ]
    result = []
    for name, quaternion, quaternion_code, matrix, matrix_code, unit in cases:
        image = nibabel.Nifti1Image(np.zeros((4, 3, 2), np.int16), None)
        image.set_qform(quaternion, 1)
        image.set_sform(matrix, 1)
        image.header["qform_code"] = quaternion_code
        image.header["sform_code"] = matrix_code
        image.header["pixdim"][1:4] = zooms
        image.header["xyzt_units"] = unit
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.nii")
            nibabel.save(image, path)
            other = sitk.ReadImage(path)
            with open(path, "rb") as file:
                content = file.read()
        result.append({
            "name": name, "file": text(content), "spacing": list(other.GetSpacing())[::-1],
            "origin": list(other.GetOrigin()), "direction": list(other.GetDirection()),
        })
    return result


print(json.dumps({"types": types(), "places": places()}, indent=1))
