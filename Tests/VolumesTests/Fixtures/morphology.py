"""Writes morphology.json: SciPy's components, holes and distances, and nnU-Net's crop to non-zero.

Run: python3 morphology.py > morphology.json   (needs numpy, scipy, nnunetv2)
Masks follow from the hash of resampling.py: voxel n is true where the hash is below `share`.
"""
import hashlib
import json
import sys

import numpy as np
import scipy.ndimage as ndi
from nnunetv2.preprocessing.cropping.cropping import crop_to_nonzero


def noise(count, seed):
    x = np.arange(count, dtype=np.uint64) * 2654435761 + seed * 40503 & 0xFFFFFFFF
    x ^= x >> 15
    x = x * 2246822519 & 0xFFFFFFFF
    x ^= x >> 13
    return ((x >> 8).astype(np.float64) * 2.0**-24).astype(np.float32)


def mask(shape, share, seed):
    return (noise(np.prod(shape), seed) < share).reshape(shape)


def digest(array, dtype):
    return hashlib.sha256(np.ascontiguousarray(array.astype(dtype)).tobytes()).hexdigest()


components, holes, distances, crops = [], [], [], []
for index, (shape, share) in enumerate([
        ([9, 10, 11], 0.1), ([9, 10, 11], 0.3), ([16, 5, 33], 0.22), ([1, 20, 20], 0.4), ([20, 1, 20], 0.4),
        ([12, 12, 12], 0.9), ([4, 4, 4], 0.0), ([3, 4, 5], 1.1)]):
    values = mask(shape, share, index)
    for connectivity, rank in [(6, 1), (18, 2), (26, 3)]:
        labels, count = ndi.label(values, ndi.generate_binary_structure(3, rank))
        sizes = np.bincount(labels.ravel())[1:].tolist()
        components.append({
            "shape": shape, "share": share, "seed": index, "connectivity": connectivity, "count": count,
            "largest": max(sizes, default=0), "sha256": digest(labels, "<i4")})
for index, (shape, share) in enumerate([([9, 10, 11], 0.6), ([12, 13, 14], 0.75), ([1, 9, 9], 0.7), ([8, 8, 8], 0.9)]):
    filled = ndi.binary_fill_holes(mask(shape, share, 100 + index))
    holes.append({
        "shape": shape, "share": share, "seed": 100 + index, "count": int(filled.sum()),
        "sha256": digest(filled, "u1")})
for index, (shape, share, spacing) in enumerate([
        ([9, 10, 11], 0.9, [1.0, 1.0, 1.0]), ([7, 12, 20], 0.97, [3.5, 0.7, 0.9]), ([1, 15, 9], 0.8, [5.0, 1.0, 2.0]),
        ([20, 21, 22], 0.995, [0.5, 1.5, 1.0])]):
    result = ndi.distance_transform_edt(mask(shape, share, 200 + index), spacing)
    flat = result.ravel()
    places = [int(i * (flat.size - 1) // 23) for i in range(24)]
    distances.append({
        "shape": shape, "share": share, "seed": 200 + index, "spacing": spacing, "sum": float(flat.sum()),
        "maximum": float(flat.max()), "samples": [float(flat[i]) for i in places]})
for index, shape in enumerate([[2, 12, 14, 16], [1, 9, 9, 9], [1, 3, 10, 10]]):
    image = noise(np.prod(shape), 300 + index).reshape(shape)
    image[image < 0.7] = 0
    image[:, :2] = 0
    image[:, :, -3:] = 0
    image[..., 0] = 0
    image[:, shape[1] // 2, 3:6, 3:6] = 1
    image[:, shape[1] // 2, 4, 4] = 0
    labels = (noise(np.prod(shape[1:]), 400 + index) * 3).astype(np.int16).reshape(shape[1:])
    data, segmentation, box = crop_to_nonzero(image.copy(), labels[None].copy())
    _, without, _ = crop_to_nonzero(image.copy(), None)
    crops.append({
        "shape": shape, "seed": index, "lower": [int(b[0]) for b in box], "upper": [int(b[1]) for b in box],
        "image": digest(data, "<f4"), "labels": digest(segmentation, "<i2"), "withoutLabels": digest(without, "<i2")})
json.dump({"components": components, "holes": holes, "distances": distances, "crops": crops}, sys.stdout)
