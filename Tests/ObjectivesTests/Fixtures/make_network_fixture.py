"""Writes network.json and residual_network.json: logits, losses and gradients of nnU-Net's own networks and loss, for
weights from a formula.

Run with an environment that has PyTorch and nnU-Net 2.8 (float64 arithmetic, so the numbers are the true ones).
"""
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as functional
from dynamic_network_architectures.architectures.unet import PlainConvUNet, ResidualEncoderUNet
from nnunetv2.training.loss.compound_losses import DC_and_BCE_loss, DC_and_CE_loss
from nnunetv2.training.loss.dice import MemoryEfficientSoftDiceLoss

functional._verify_spatial_size = lambda size: None  # the first stage has a 1x1x1 bottleneck, which PyTorch refuses


def noise(count, stream):
    """Uniform numbers in [-1, 1) from an integer hash; the test computes the same."""
    x = (np.arange(count, dtype=np.uint64) * 2654435761 + stream * 40503 + 12345) % 2**32
    x ^= x >> 16
    x = x * 0x85EBCA6B % 2**32
    x ^= x >> 13
    x = x * 0xC2B2AE35 % 2**32
    x ^= x >> 16
    return ((x >> 8).astype(np.float32) / np.float32(2**23) - np.float32(1)).astype(np.float32)


def samples(tensor, count):
    flat = tensor.detach().numpy().ravel()
    index = np.unique(np.linspace(0, flat.size - 1, count).astype(int))
    return {"index": index.tolist(), "value": [float(f"{v:.7g}") for v in flat[index]],
            "largest": float(f"{np.abs(flat).max():.7g}"), "norm": float(f"{np.linalg.norm(flat):.7g}")}


def case(name, patch, batch, features, strides, kernels, channels=1, classes=3, loss="labels", batch_dice=False, ignore=None,
         regions=None, count=6, blocks=None, bias=True):
    """`blocks`: residual blocks per level of the encoder; without them it has two plain convolutions per level."""
    levels = len(features)
    heads = len(regions) if regions else classes
    network = (ResidualEncoderUNet if blocks else PlainConvUNet)(
        channels, levels, features, torch.nn.Conv3d, kernels, strides, blocks or [2] * levels, heads,
        [1 if blocks else 2] * (levels - 1), conv_bias=bias, norm_op=torch.nn.InstanceNorm3d, norm_op_kwargs={"eps": 1e-5, "affine": True}, nonlin=torch.nn.LeakyReLU,
        nonlin_kwargs={"inplace": True}, deep_supervision=True)
    names = {}
    for stream, (parameter_name, parameter) in enumerate(network.named_parameters()):
        values = noise(parameter.numel(), stream)
        if parameter.dim() > 1:
            fan_in = int(np.prod(parameter.shape[1:]))
            values = values * np.float32(np.sqrt(6.0 / fan_in))
        elif parameter_name.endswith("norm.bias"):
            # Mostly positive activations: where LeakyReLU bends, rounding alone changes gradients by per mille.
            values = np.float32(2) + np.float32(0.25) * values
        elif parameter_name.endswith("norm.weight"):
            values = np.float32(1) + np.float32(0.25) * values
        else:
            values = np.float32(0.25) * values
        parameter.data = torch.from_numpy(values.astype(np.float64).reshape(tuple(parameter.shape)))
        names[parameter_name] = parameter
    network = network.double()
    # Smooth waves with a little noise, and labels that follow them: gradients that do not cancel to rounding errors.
    n, d, h, w = np.meshgrid(*[np.arange(k) for k in (batch, *patch)], indexing="ij")
    wave = np.abs((d + 3 * n) % 16 - 8) + np.abs((h + 5 * n) % 20 - 10) + np.abs(w % 12 - 6)
    texture = noise(batch * channels * int(np.prod(patch)), 1000).reshape(batch, channels, *patch)
    images = np.stack([wave.astype(np.float32) * np.float32(0.125 * (c + 1)) - np.float32(1.5) for c in range(channels)], 1)
    images = torch.from_numpy((images + np.float32(0.25) * texture).astype(np.float64))
    top = classes + (1 if ignore is not None else 0)
    labels = torch.from_numpy((wave // 3 % top).astype(np.float64))[:, None]
    logits = network(images)
    kept = max(1, levels - 2)
    weights = np.array([0.5**i for i in range(kept)])
    weights /= weights.sum()
    soft = {"batch_dice": batch_dice, "smooth": 1e-5, "ddp": False}
    if regions:
        criterion = DC_and_BCE_loss({}, {**soft, "do_bg": True}, use_ignore_label=ignore is not None, dice_class=MemoryEfficientSoftDiceLoss)
    else:
        criterion = DC_and_CE_loss({**soft, "do_bg": False}, {}, weight_ce=1, weight_dice=1, ignore_label=ignore,
                                   dice_class=MemoryEfficientSoftDiceLoss)
    total = 0
    for i in range(kept):
        size = logits[i].shape[2:]
        axes = [((2 * np.arange(n) + 1) * full // (2 * n)) for n, full in zip(size, patch)]
        target = labels[:, :, axes[0]][:, :, :, axes[1]][:, :, :, :, axes[2]]
        if regions:
            channels_of = [torch.isin(target, torch.tensor([float(v) for v in r])) for r in regions]
            if ignore is not None:
                channels_of.append(target == ignore)
            target = torch.cat(channels_of, 1)
        total = total + weights[i] * criterion(logits[i], target)
    total.backward()
    return {
        "name": name, "patch": patch, "batch": batch, "features": features, "strides": strides, "kernels": kernels,
        **({"blocks": blocks} if blocks else {}), **({} if bias else {"bias": False}),
        "channels": channels, "classes": classes, "batchDice": batch_dice, "ignore": ignore, "regions": regions,
        "loss": float(total), "logits": [samples(z, 24) for z in logits[:kept]],
        "gradients": {n: samples(p.grad, count) for n, p in names.items()
                      if p.grad is not None and not n.endswith("conv.bias")},
    }


three = [[3, 3, 3]]
two = [[1, 1, 1], [2, 2, 2], [2, 2, 2]]
cases = [
    case("Hippocampus plan", [40, 56, 40], 2, [32, 64, 128, 256], [[1, 1, 1]] + [[2, 2, 2]] * 3, three * 4, count=8),
    case("bottleneck 1x1x1", [8, 8, 8], 3, [32, 64, 128, 256], [[1, 1, 1]] + [[2, 2, 2]] * 3, three * 4),
    case("bottleneck 2x1x1", [8, 4, 4], 2, [16, 32, 48], two, three * 3),
    case("bottleneck 2x2x1", [8, 8, 4], 2, [16, 32, 48], two, three * 3),
    case("anisotropic, two channels, odd features", [4, 12, 20], 2, [12, 20, 40], [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
         [[1, 3, 3], [3, 3, 3], [3, 3, 3]], channels=2, classes=4),
    case("batch Dice", [8, 12, 8], 3, [16, 32, 48], two, three * 3, batch_dice=True),
    case("ignore label", [8, 12, 8], 3, [16, 32, 48], two, three * 3, ignore=3),
    case("batch Dice and ignore label", [8, 12, 8], 2, [16, 32, 48], two, three * 3, batch_dice=True, ignore=3),
    case("regions", [8, 12, 8], 2, [16, 32, 48], two, three * 3, regions=[[1, 2], [2]]),
    case("regions and ignore label", [8, 12, 8], 2, [16, 32, 48], two, three * 3, regions=[[1, 2], [2]], ignore=3, batch_dice=True),
]
half = [2, 2, 2]
residual_cases = [
    case("residual", [16, 16, 24], 2, [32, 64, 96], [[1, 1, 1], half, half], three * 3, blocks=[1, 3, 2], count=5),
    case("residual, bottleneck 1x1x1", [8, 8, 8], 3, [16, 32, 32, 32], [[1, 1, 1]] + [half] * 3, three * 4,
         blocks=[1, 2, 1, 2], count=4),
    case("residual, anisotropic, two channels, odd features", [4, 12, 20], 2, [12, 20, 20], [[1, 1, 1], [1, 2, 2], half],
         [[1, 3, 3], [3, 3, 3], [3, 3, 3]], channels=2, classes=4, blocks=[2, 1, 2], count=5),
    case("residual, strides of one", [8, 12, 8], 2, [16, 16, 32, 48], [[1, 1, 1], [1, 1, 1], [1, 1, 1], half], three * 4,
         blocks=[1, 1, 1, 1], count=5, batch_dice=True),
    case("residual, no bias, regions", [8, 12, 8], 2, [16, 32, 48], two, three * 3, blocks=[1, 1, 1], bias=False,
         regions=[[1, 2], [2]], count=4),
    case("no bias", [8, 12, 8], 2, [16, 32], [[1, 1, 1], half], three * 2, bias=False, count=4),
]
for name, content in (("network.json", cases), ("residual_network.json", residual_cases)):
    path = pathlib.Path(__file__).with_name(name)
    path.write_text(json.dumps(content, separators=(",", ":")))
    print(path, path.stat().st_size, "bytes")
