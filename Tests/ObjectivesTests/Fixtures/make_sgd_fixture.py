"""Writes sgd.json: three steps of PyTorch's SGD with clipping as nnU-Net sets it, on a small network's parameters.

Weights and gradients come from a formula that the test computes too; arithmetic is float64, so the numbers are the true
ones. The gradient's norm is above the clip limit in the first step and below it in the others.
"""
import json
import pathlib

import numpy as np
import torch
from dynamic_network_architectures.architectures.unet import PlainConvUNet


def noise(count, stream):
    """Uniform numbers in [-1, 1) from an integer hash; the test computes the same."""
    x = (np.arange(count, dtype=np.uint64) * 2654435761 + stream * 40503 + 12345) % 2**32
    x ^= x >> 16
    x = x * 0x85EBCA6B % 2**32
    x ^= x >> 13
    x = x * 0xC2B2AE35 % 2**32
    x ^= x >> 16
    return (x >> 8).astype(np.float64) / 2**23 - 1


features, steps, scales = [3, 5, 7], 3, [4.0, 0.05, 0.1]
network = PlainConvUNet(
    1, 3, features, torch.nn.Conv3d, [[3, 3, 3]] * 3, [[1, 1, 1], [2, 2, 2], [2, 2, 2]], [2] * 3, 2, [2] * 2, conv_bias=True,
    norm_op=torch.nn.InstanceNorm3d, norm_op_kwargs={"eps": 1e-5, "affine": True}, nonlin=torch.nn.LeakyReLU,
    nonlin_kwargs={"inplace": True}, deep_supervision=True).double()
parameters = list(network.named_parameters())
for stream, (_, p) in enumerate(parameters):
    p.data = torch.from_numpy(noise(p.numel(), stream).reshape(tuple(p.shape)))
optimizer = torch.optim.SGD(network.parameters(), 0.01, weight_decay=3e-5, momentum=0.99, nesterov=True)
norms = []
for step in range(steps):
    optimizer.param_groups[0]["lr"] = 0.01 * (1 - step / steps) ** 0.9
    for stream, (name, p) in enumerate(parameters):
        # The lowest head has no part in the loss, so its gradient does not exist.
        p.grad = None if name.startswith("decoder.seg_layers.0.") else torch.from_numpy(
            scales[step] * noise(p.numel(), 1000 * (step + 1) + stream).reshape(tuple(p.shape)))
    norms.append(float(torch.nn.utils.clip_grad_norm_(network.parameters(), 12)))
    optimizer.step()
flat = np.concatenate([p.detach().numpy().ravel() for _, p in parameters])
momentum = np.concatenate([
    optimizer.state[p]["momentum_buffer"].numpy().ravel() if p in optimizer.state else np.zeros(p.numel())
    for _, p in parameters])
index = np.unique(np.concatenate([np.linspace(0, flat.size - 1, 200).astype(int), np.arange(flat.size - 22, flat.size)]))
fixture = {
    "features": features, "scales": scales, "norms": norms, "scalars": int(flat.size), "index": index.tolist(),
    "weights": [float(f"{v:.9g}") for v in flat[index]], "momentum": [float(f"{v:.9g}") for v in momentum[index]],
    "weightNorm": float(np.linalg.norm(flat)), "momentumNorm": float(np.linalg.norm(momentum)),
}
path = pathlib.Path(__file__).with_name("sgd.json")
path.write_text(json.dumps(fixture, separators=(",", ":")))
print(path, path.stat().st_size, "bytes", norms, flat.size)
