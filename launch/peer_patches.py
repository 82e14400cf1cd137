#!/usr/bin/env python3
"""Times how fast nnU-Net cuts and augments training patches, for comparison with `pgps benchmark data --threads 1`.

    python launch/peer_patches.py [--sizes 8x8x8 40x56x40 128x128x128] [--seconds 10] [--json]

Needs a Python environment with nnU-Net 2.8. One process, one thread. What is timed is what nnU-Net's own loader does
per patch: crop of the enlarged patch from a case in memory, then `nnUNetTrainer.get_training_transforms`; without deep
supervision targets, which `pgps` makes in another place. The case is the synthetic one of `pgps benchmark data`; with
`--cases FOLDER` it is each of the .npy cases that `pgps plan-and-preprocess` wrote there, in turn.
"""
import argparse
import glob
import json
import os
import time

import numpy as np
import torch
from acvl_utils.cropping_and_padding.bounding_boxes import crop_and_pad_nd
from nnunetv2.training.data_augmentation.compute_initial_patch_size import get_patch_size
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer


def synthetic_case(patch):
    """A smooth image of three classes, half as large again as the patch."""
    size = [n + n // 2 + 8 for n in patch]
    d, h, w = (np.arange(n, dtype=np.float32) % 32 / 32 for n in size)
    image = d[:, None, None] * (1 - h[None, :, None]) + h[None, :, None] * w[None, None, :]
    return image[None], (image * 2.5).astype(np.int16)[None]


def stored_cases(folder):
    names = [name[: -len("_seg.npy")] for name in sorted(glob.glob(os.path.join(folder, "*_seg.npy")))]
    if not names:
        raise SystemExit(f"no case (CASE.npy and CASE_seg.npy) lies in {folder}")
    return [(np.array(np.load(name + ".npy")), np.array(np.load(name + "_seg.npy"))) for name in names]


def measure(patch, cases, seconds):
    is_slice_wise = max(patch) / patch[0] > 3
    limit = np.pi if is_slice_wise else np.pi / 6
    angles = (-limit, limit)
    enlarged = get_patch_size(patch[1:] if is_slice_wise else patch, angles, angles, angles, (0.85, 1.25))
    enlarged = [patch[0], *enlarged] if is_slice_wise else list(enlarged)
    enlarged = [int(n) for n in enlarged]
    transforms = nnUNetTrainer.get_training_transforms(
        tuple(patch), angles, None, (0, 1, 2), is_slice_wise, use_mask_for_norm=[False] * len(cases[0][0]))

    def read(index):
        image, labels = cases[index % len(cases)]
        lower = [np.random.randint(min(0, n - e), max(0, n - e) + 1) for n, e in zip(image.shape[1:], enlarged)]
        box = [[start, start + e] for start, e in zip(lower, enlarged)]
        data = torch.from_numpy(crop_and_pad_nd(image, box, 0)).float()
        target = torch.from_numpy(crop_and_pad_nd(labels, box, -1)).to(torch.int16)
        return transforms(image=data, segmentation=target)

    with torch.no_grad():
        for index in range(5):
            read(index)
        count = 0
        start = time.perf_counter()
        while time.perf_counter() - start < seconds or count < 20:
            read(count)
            count += 1
        taken = time.perf_counter() - start
    return {"patchSize": list(patch), "patchCount": count, "millisecondsPerPatch": 1000 * taken / count,
            "patchesPerSecondPerCore": count / taken}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["8x8x8", "40x56x40", "128x128x128"], help="patches, as DxHxW")
    parser.add_argument("--cases", help="folder of preprocessed cases, as .npy")
    parser.add_argument("--seconds", type=float, default=10, help="time for each size")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    torch.set_num_threads(1)
    np.random.seed(1)
    torch.manual_seed(1)
    stored = stored_cases(options.cases) if options.cases else None
    results = []
    for size in options.sizes:
        patch = [int(n) for n in size.split("x")]
        results.append(measure(patch, stored or [synthetic_case(patch)], options.seconds))
        if not options.json:
            last = results[-1]
            print(f"{size:>12}  {last['millisecondsPerPatch']:9.3f} ms per patch  "
                  f"{last['patchesPerSecondPerCore']:9.1f} patches per second and core", flush=True)
    if options.json:
        print(json.dumps({"program": "nnU-Net", "threads": 1, "measurements": results}))


if __name__ == "__main__":
    main()
