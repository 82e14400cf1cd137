"""Writes parameters.json: names, shapes and initial standard deviations of networks' parameters, in PyTorch's order.

Run with an environment that has PyTorch and nnU-Net 2.8.
"""
import json
import pathlib

import torch
from dynamic_network_architectures.architectures.unet import PlainConvUNet, ResidualEncoderUNet
from torch.nn.init import _calculate_correct_fan, calculate_gain


def constant(parameter):
    """The one value that a parameter starts with."""
    assert (parameter == parameter.flatten()[0]).all()
    return float(parameter.flatten()[0])


def case(name, features, strides, kernels, channels, heads, encoder=None, decoder=None, residual=False, bias=True):
    levels = len(features)
    network = (ResidualEncoderUNet if residual else PlainConvUNet)(
        channels, levels, features, torch.nn.Conv3d, kernels, strides, encoder or [2] * levels, heads,
        decoder or [2] * (levels - 1), conv_bias=bias, norm_op=torch.nn.InstanceNorm3d,
        norm_op_kwargs={"eps": 1e-5, "affine": True}, nonlin=torch.nn.LeakyReLU, nonlin_kwargs={"inplace": True},
        deep_supervision=True)
    network.apply(network.initialize)
    gain = calculate_gain("leaky_relu", 1e-2)
    parameters = list(network.named_parameters())
    # Only tensors with two axes or more are random; nnU-Net's initialization takes the fan-in from their second axis.
    return {
        "name": name, "features": features, "strides": strides, "kernels": kernels, "channels": channels, "heads": heads,
        "encoder": encoder or [2] * levels, "decoder": decoder or [2] * (levels - 1), "residual": residual, "bias": bias,
        "scalars": sum(p.numel() for p in network.parameters()),
        "parameters": [
            {"name": n, "shape": list(p.shape),
             **({"deviation": gain / _calculate_correct_fan(p, "fan_in") ** 0.5} if p.dim() > 1
                else {"value": constant(p)})}
            for n, p in parameters],
    }


three, down = [3, 3, 3], [2, 2, 2]
cases = [
    case("Hippocampus", [32, 64, 128, 256], [[1, 1, 1]] + [down] * 3, [three] * 4, 1, 3),
    case("Lung", [32, 64, 128, 256, 320, 320], [[1, 1, 1]] + [down] * 4 + [[1, 2, 2]], [three] * 6, 1, 2),
    case("anisotropic, uneven", [8, 12, 20], [[1, 1, 1], [1, 2, 2], [2, 2, 4]], [[1, 3, 3], three, [3, 5, 3]], 4, 5,
         [1, 3, 2], [2, 1]),
    case("Lung, ResEnc M", [32, 64, 128, 256, 320, 320], [[1, 1, 1]] + [down] * 4 + [[1, 2, 2]], [three] * 6, 1, 2,
         [1, 3, 4, 6, 6, 6], [1] * 5, residual=True),
    case("residual, strides of one, no bias", [8, 8, 12, 20, 20], [[1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 2, 2], down],
         [[1, 3, 3], three, three, [3, 5, 3], three], 3, 4, [2, 1, 2, 1, 1], [1, 2, 1, 1], residual=True, bias=False),
    case("no bias", [8, 12], [[1, 1, 1], down], [three] * 2, 1, 2, [1, 1], [1], bias=False),
]
path = pathlib.Path(__file__).with_name("parameters.json")
path.write_text(json.dumps(cases, separators=(",", ":")))
print(path, path.stat().st_size, "bytes", [(len(c["parameters"]), c["scalars"]) for c in cases])
