"""Writes augmentation.json with batchgeneratorsv2 0.3.6 (pip install batchgeneratorsv2) and torch.

The inputs follow from a formula that the test computes too; the file holds the outputs only.
Run from this folder: python write_augmentation.py
"""
import json
import math

import numpy as np
import torch
from batchgeneratorsv2.transforms.intensity.contrast import ContrastTransform
from batchgeneratorsv2.transforms.intensity.gamma import GammaTransform
from batchgeneratorsv2.transforms.noise.gaussian_blur import blur_dimension
from batchgeneratorsv2.transforms.spatial.low_resolution import SimulateLowResolutionTransform
from batchgeneratorsv2.transforms.spatial.spatial import SpatialTransform
from batchgeneratorsv2.transforms.utils.pseudo2d import Convert2DTo3DTransform, Convert3DTo2DTransform


def image(size):
    values = [
        math.sin(0.9 * d + 0.3) * math.cos(0.5 * h) + 0.4 * math.sin(0.7 * w + 0.2 * d)
        for d in range(size[0]) for h in range(size[1]) for w in range(size[2])
    ]
    return torch.tensor(values, dtype=torch.float64).float().reshape(1, *size)


def labels(size):
    values = [
        -1 if d + h + w < 4 else (d // 3 + h // 4 + w // 3) % 4
        for d in range(size[0]) for h in range(size[1]) for w in range(size[2])
    ]
    return torch.tensor(values, dtype=torch.int16).reshape(1, *size)


def numbers(tensor):
    return [float(f"{value:.7g}") for value in tensor.flatten().tolist()]


def spatial(volume, patch, angles, scale):
    slice_wise = max(patch) / patch[0] > 3
    data = {"image": image(volume), "segmentation": labels(volume)}
    if slice_wise:
        data = Convert3DTo2DTransform()(**data)
    size = patch[1:] if slice_wise else patch
    transform = SpatialTransform(
        size, patch_center_dist_from_border=0, random_crop=False, p_rotation=0 if angles is None else 1,
        rotation=lambda image, dim: angles[dim], p_scaling=0 if scale is None else 1,
        scaling=lambda image, dim: scale, p_synchronize_scaling_across_axes=1, bg_style_seg_sampling=False,
        border_mode_seg="constant", padding_value_seg=-1, seg_tiebreak="lowest")
    data = transform(**data)
    if slice_wise:
        data = Convert2DTo3DTransform()(**data)
    return {
        "volume": volume, "patch": patch, "angles": angles, "scale": scale,
        "image": numbers(data["image"]), "labels": data["segmentation"].flatten().tolist(),
    }


def intensity():
    size = [5, 6, 7]
    blurred = image(size)
    for axis, sigma in enumerate([0.55, 0.8, 0.95]):
        blurred = blur_dimension(blurred, sigma, axis)
    low = SimulateLowResolutionTransform((0.6, 0.6), False, True, None, None, 1)
    low_slices = SimulateLowResolutionTransform((0.55, 0.55), False, True, (0,), None, 1)
    contrast = ContrastTransform((1.2, 1.2), True, False, 1)
    return {
        "size": size, "blur": numbers(blurred), "lowResolution": numbers(low(image=image(size))["image"]),
        "lowResolutionOfSlices": numbers(low_slices(image=image(size))["image"]),
        "contrast": numbers(contrast(image=image(size))["image"]),
        "gamma": numbers(GammaTransform((1.3, 1.3), 0, False, 1, 1)(image=image(size))["image"]),
        "invertedGamma": numbers(GammaTransform((0.8, 0.8), 1, False, 1, 1)(image=image(size))["image"]),
    }


if __name__ == "__main__":
    document = {
        "spatial": [
            spatial([12, 13, 11], [6, 7, 5], [0.3, -0.4, 0.5], 1.2),
            spatial([12, 13, 11], [6, 7, 5], None, 0.75),
            spatial([12, 13, 11], [6, 7, 5], [-0.5, 0.2, 0.1], None),
            spatial([12, 13, 11], [6, 7, 5], None, None),
            spatial([8, 9, 7], [8, 9, 7], [0.51, 0.43, -0.37], 1.37),
            spatial([2, 11, 12], [2, 8, 9], [0.1, 2.03], 0.9),
            spatial([2, 11, 12], [2, 8, 9], [0.7, -2.9], None),
        ],
        "intensity": intensity(),
        "resized": {
            "size": [5, 6, 7], "target": [4, 9, 7],
            "image": numbers(torch.nn.functional.interpolate(image([5, 6, 7])[None], [4, 9, 7], mode="trilinear")),
            "labels": torch.nn.functional.interpolate(
                labels([5, 6, 7])[None].float(), [4, 9, 7], mode="nearest-exact").int().flatten().tolist(),
        },
    }
    with open("augmentation.json", "w") as file:
        json.dump(document, file, separators=(",", ":"))
