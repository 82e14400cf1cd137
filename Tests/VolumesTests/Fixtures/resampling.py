"""Writes resampling.json: scikit-image's resize, and nnU-Net's resampling of images and label maps.

Run: python3 resampling.py > resampling.json
Needs numpy, scikit-image, nnunetv2 2.8.1 and batchgenerators 0.25.5 (older ones resample label maps by another rule).
The input follows from a formula: voxel n is the hash below of n, in [0, 1). Labels are the interpolated class of coarse
blocks, see `labels`. A result is given by its sum, its largest value and 24 samples; a label map by SHA-256 (int16).
"""
import hashlib
import json
import sys

import numpy as np
from nnunetv2.preprocessing.resampling.default_resampling import resample_data_or_seg_to_shape
from skimage.transform import resize


def noise(count, seed):
    x = np.arange(count, dtype=np.uint64) * 2654435761 + seed * 40503 & 0xFFFFFFFF
    x ^= x >> 15
    x = x * 2246822519 & 0xFFFFFFFF
    x ^= x >> 13
    return ((x >> 8).astype(np.float64) * 2.0**-24).astype(np.float32)


def labels(shape, values):
    """Blocks of 3 × 3 × 3 voxels of one label."""
    d, h, w = np.meshgrid(*[np.arange(n) // 3 for n in shape], indexing="ij")
    index = (d * 31 + h * 17 + w * 7) * 2654435761 % 4294967296 // 65536 % len(values)
    return np.array(values, np.int16)[index]


def summary(result):
    flat = result.astype(np.float64).ravel()
    places = [int(i * (flat.size - 1) // 23) for i in range(24)]
    return {"sum": float(flat.sum()), "maximum": float(np.abs(flat).max()), "samples": [float(flat[i]) for i in places]}


shapes = [
    ([7, 9, 11], [5, 13, 8]), ([7, 9, 11], [7, 9, 23]), ([1, 10, 6], [1, 7, 9]), ([4, 1, 5], [9, 3, 10]),
    ([20, 33, 17], [11, 50, 40]), ([2, 2, 2], [5, 7, 3]), ([13, 6, 37], [26, 3, 36]),
]
resized = []
for shape, new_shape in shapes:
    for order in [0, 1, 3]:
        image = noise(np.prod(shape), len(resized)).reshape(shape).astype(np.float64)
        result = resize(image, new_shape, order, mode="edge", anti_aliasing=False, clip=True, preserve_range=True)
        resized.append({"shape": shape, "newShape": new_shape, "order": order, **summary(result)})

spacings = [
    ([1.0, 1.0, 1.0], [1.5, 1.5, 1.5]), ([5.0, 0.8, 0.8], [2.5, 0.7, 0.7]), ([0.8, 5.0, 0.8], [0.8, 1.2, 1.0]),
    ([0.7, 0.7, 3.5], [1.0, 1.0, 1.0]), ([1.0, 1.0, 1.0], [6.0, 1.0, 1.0]), ([4.0, 4.0, 1.0], [1.0, 1.0, 1.0]),
    ([3.0, 1.0, 1.0], [1.0, 1.0, 1.0]), ([5.0, 1.0, 1.0], [5.0, 1.3, 0.7]),
]
resampled = []
for current, new in spacings:
    shape = [9, 14, 11]
    new_shape = [int(round(c / n * s)) for c, n, s in zip(current, new, shape)]
    for order, order_z, force in [(3, 0, None), (1, 0, None), (3, 1, True), (3, 3, None), (1, 3, None), (3, 0, False)]:
        image = noise(2 * np.prod(shape), len(resampled)).reshape([2] + shape)
        result = resample_data_or_seg_to_shape(
            image, new_shape, current, new, is_seg=False, order=order, order_z=order_z, force_separate_z=force)
        resampled.append({
            "shape": shape, "newShape": new_shape, "spacing": current, "newSpacing": new, "order": order,
            "orderZ": order_z, "force": force, **summary(result)})

label_maps = []
for values in [[0, 1], [0, 1, 2, 3, 7], [-1, 0, 1, 2], list(range(0, 300, 7)), [5, 6]]:
    for current, new in spacings:
        shape = [9, 14, 11]
        new_shape = [int(round(c / n * s)) for c, n, s in zip(current, new, shape)]
        for order, order_z, force in [(1, 0, None), (1, 1, None), (0, 0, False)]:
            result = resample_data_or_seg_to_shape(
                labels(shape, values)[None], new_shape, current, new, is_seg=True, order=order, order_z=order_z,
                force_separate_z=force)
            label_maps.append({
                "values": values, "shape": shape, "newShape": new_shape, "spacing": current, "newSpacing": new,
                "order": order, "orderZ": order_z, "force": force,
                "sha256": hashlib.sha256(np.ascontiguousarray(result[0].astype("<i2")).tobytes()).hexdigest()})
# Doubling and halving give many ties.
for shape, new_shape in [([6, 6, 6], [12, 12, 12]), ([12, 12, 12], [6, 6, 6]), ([8, 9, 10], [4, 18, 5])]:
    result = resample_data_or_seg_to_shape(
        labels(shape, [0, 1, 2, 3])[None], new_shape, [1.0, 1.0, 1.0], [1.0, 1.0, 1.0], is_seg=True, order=1, order_z=0,
        force_separate_z=False)
    label_maps.append({
        "values": [0, 1, 2, 3], "shape": shape, "newShape": new_shape, "spacing": [1.0, 1.0, 1.0],
        "newSpacing": [1.0, 1.0, 1.0], "order": 1, "orderZ": 0, "force": False,
        "sha256": hashlib.sha256(np.ascontiguousarray(result[0].astype("<i2")).tobytes()).hexdigest()})

json.dump({"resized": resized, "resampled": resampled, "labels": label_maps}, sys.stdout)
