"""Writes window.json: nnU-Net's importance map and sliding window, run with a network made of a formula.

    pip install "torch==2.13.0+cpu" nnunetv2==2.8.1;  python make_window.py

nnU-Net adds logits up in 16-bit floats; its two buffers and its map are made 32-bit here, so that the comparison is one
of rules and not of rounding. Image voxel i (C order, over channels) is ((37 i + 11 i²) mod 251) / 125 - 1. The logit of
head k at position p of a patch is Σ_c x_c (c + 1) r_k(p) + k, with r_k(p) = ((3 d + 5 h + 7 w + 2 k) mod 11) / 11; with
several members, member m adds m (k + 1) / 10.
"""
import functools
import json
import os
import types

import numpy as np
import torch
from nnunetv2.inference import predict_from_raw_data as module

HEADS = 3


class Network(torch.nn.Module):
    def __init__(self, patch):
        super().__init__()
        d, h, w = np.meshgrid(*[np.arange(s) for s in patch], indexing="ij")
        self.ramps = torch.tensor(np.stack([((3 * d + 5 * h + 7 * w + 2 * k) % 11) / 11 for k in range(HEADS)]), dtype=torch.float32)
        self.member = 0

    def load_state_dict(self, member):
        self.member = member

    def forward(self, x):
        mixed = sum(x[:, c] * (c + 1) for c in range(x.shape[1]))
        heads = [mixed * self.ramps[k] + k + self.member * (k + 1) / 10 for k in range(HEADS)]
        return torch.stack(heads, 1)


def run(channels, shape, patch, step, axes, members):
    predictor = module.nnUNetPredictor(step, True, axes is not None, False, torch.device("cpu"), False, False, False)
    predictor.network = Network(patch)
    predictor.list_of_parameters = list(range(members))
    predictor.allowed_mirroring_axes = axes
    predictor.configuration_manager = types.SimpleNamespace(patch_size=patch)
    predictor.label_manager = types.SimpleNamespace(num_segmentation_heads=HEADS)
    i = np.arange(channels * int(np.prod(shape)), dtype=np.int64)
    image = (((37 * i + 11 * i * i) % 251) / 125 - 1).astype(np.float32).reshape(channels, *shape)
    logits = predictor.predict_logits_from_preprocessed_data(torch.from_numpy(image)).numpy()
    assert logits.dtype == np.float32 and logits.shape == (HEADS, *shape)
    flat = logits.reshape(-1)
    return {"channels": channels, "shape": shape, "patch": patch, "step": step, "axes": axes or [], "members": members,
            "every": 23, "sum": float(flat.astype(np.float64).sum()), "values": [float(v) for v in flat[::23]]}


if __name__ == "__main__":
    out = {"maps": []}
    for patch in ((8, 8, 8), (5, 8, 6), (1, 7, 4)):
        module.compute_gaussian.cache_clear()
        m = module.compute_gaussian(patch, 1 / 8, 10, torch.float32, torch.device("cpu")).numpy()
        out["maps"].append({"patch": patch, "values": [float(v) for v in m.reshape(-1)]})
    plain = module.compute_gaussian
    wrapped = lambda *a, **k: plain(*a, **{**k, "dtype": torch.float32})
    wrapped.cache_clear = plain.cache_clear
    module.compute_gaussian = wrapped
    torch.half = torch.float32
    out["runs"] = [
        run(1, (18, 20, 17), (8, 8, 6), 0.5, None, 1),
        run(2, (5, 20, 9), (8, 8, 6), 0.5, (0, 1, 2), 1),
        run(1, (18, 9, 3), (8, 8, 6), 0.7, (1,), 2),
        run(1, (6, 7, 5), (8, 8, 8), 0.5, (0, 2), 1),
        run(2, (23, 8, 6), (8, 8, 6), 1.0, None, 3),
    ]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "window.json"), "w") as f:
        json.dump(out, f)
