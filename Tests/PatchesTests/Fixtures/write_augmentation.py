"""Writes augmentation.json with batchgeneratorsv2 0.3.6, nnU-Net 2.8.1 (pip install nnunetv2==2.8.1) and torch.

The inputs follow from a formula that the test computes too; the file holds the outputs only.
Run from this folder: python write_augmentation.py
"""
import json
import math

import numpy as np
import torch
from acvl_utils.cropping_and_padding.bounding_boxes import crop_and_pad_nd
from batchgeneratorsv2.transforms.intensity.contrast import ContrastTransform
from batchgeneratorsv2.transforms.intensity.gamma import GammaTransform
from batchgeneratorsv2.transforms.noise.gaussian_blur import blur_dimension
from batchgeneratorsv2.transforms.spatial.low_resolution import SimulateLowResolutionTransform
from batchgeneratorsv2.transforms.spatial.spatial import SpatialTransform
from batchgeneratorsv2.transforms.utils.pseudo2d import Convert2DTo3DTransform, Convert3DTo2DTransform
from nnunetv2.training.data_augmentation.compute_initial_patch_size import get_patch_size


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


def spatial(volume, patch, angles, scale, corner=None):
    """A patch of a whole case, or with a corner of the enlarged patch there, as the loader cuts it from the case."""
    slice_wise = max(patch) / patch[0] > 3
    data = {"image": image(volume), "segmentation": labels(volume)}
    if corner is not None:
        limit = math.pi if slice_wise else math.pi / 6
        enlarged = [int(size) for size in get_patch_size(patch, *[(-limit, limit)] * 3, (0.85, 1.25))]
        if slice_wise:
            enlarged[0] = patch[0]
        box = [[low, low + size] for low, size in zip(corner, enlarged)]
        data = {"image": torch.from_numpy(crop_and_pad_nd(data["image"].numpy(), box, 0)),
                "segmentation": torch.from_numpy(crop_and_pad_nd(data["segmentation"].numpy(), box, -1))}
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
        "volume": volume, "patch": patch, "angles": angles, "scale": scale, "corner": corner,
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
        "enlarged": [
            spatial([20, 21, 19], [8, 8, 8], [0.3, -0.4, 0.5], 1.4, [3, 5, 4]),
            spatial([20, 21, 19], [8, 8, 8], None, 1.37, [5, 2, -4]),
            spatial([11, 21, 13], [8, 8, 8], [-0.5, 0.2, 0.4], 1.3, [-3, 15, 3]),
            spatial([9, 20, 21], [2, 8, 8], [0.1, 0.8], 1.35, [3, 4, 6]),
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
