"""Writes parameters.json: names, shapes and initial standard deviations of networks' parameters, in PyTorch's order.

Run with an environment that has PyTorch and nnU-Net 2.8.
"""
import json
import pathlib

import torch
from dynamic_network_architectures.architectures.unet import PlainConvUNet
from torch.nn.init import _calculate_correct_fan, calculate_gain


def case(name, features, strides, kernels, channels, heads, encoder=None, decoder=None):
    levels = len(features)
    network = PlainConvUNet(
        channels, levels, features, torch.nn.Conv3d, kernels, strides, encoder or [2] * levels, heads,
        decoder or [2] * (levels - 1), conv_bias=True, norm_op=torch.nn.InstanceNorm3d,
        norm_op_kwargs={"eps": 1e-5, "affine": True}, nonlin=torch.nn.LeakyReLU, nonlin_kwargs={"inplace": True},
        deep_supervision=True)
    gain = calculate_gain("leaky_relu", 1e-2)
    parameters = list(network.named_parameters())
    # Only tensors with two axes or more are random; nnU-Net's initialization takes the fan-in from their second axis.
    return {
        "name": name, "features": features, "strides": strides, "kernels": kernels, "channels": channels, "heads": heads,
        "encoder": encoder or [2] * levels, "decoder": decoder or [2] * (levels - 1),
        "scalars": sum(p.numel() for p in network.parameters()),
        "parameters": [
            {"name": n, "shape": list(p.shape),
             "deviation": gain / _calculate_correct_fan(p, "fan_in") ** 0.5 if p.dim() > 1 else None}
            for n, p in parameters],
    }


three, down = [3, 3, 3], [2, 2, 2]
cases = [
    case("Hippocampus", [32, 64, 128, 256], [[1, 1, 1]] + [down] * 3, [three] * 4, 1, 3),
    case("Lung", [32, 64, 128, 256, 320, 320], [[1, 1, 1]] + [down] * 4 + [[1, 2, 2]], [three] * 6, 1, 2),
    case("anisotropic, uneven", [8, 12, 20], [[1, 1, 1], [1, 2, 2], [2, 2, 4]], [[1, 3, 3], three, [3, 5, 3]], 4, 5,
         [1, 3, 2], [2, 1]),
]
path = pathlib.Path(__file__).with_name("parameters.json")
path.write_text(json.dumps(cases, separators=(",", ":")))
print(path, path.stat().st_size, "bytes", [(len(c["parameters"]), c["scalars"]) for c in cases])
