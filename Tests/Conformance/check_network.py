"""Logits, loss and gradients of whole networks, beside PyTorch's in double precision, for the same weights and patch;
and what weights are at first."""
import math

import numpy as np
import torch
from dynamic_network_architectures.architectures.unet import PlainConvUNet, ResidualEncoderUNet
from nnunetv2.utilities.get_network_from_plans import get_network_from_plans

import distributions
import nnunet
from distributions import same_distribution
from probing import Probe, relative
from rows import Row, largest_of

THREE = [[3, 3, 3]]
CLASSES = {"background": 0, "a": 1, "b": 2}


def cases(quick):
    """Name, patch, samples, channels, features, strides, kernels, labels, class order of regions, batch Dice, and the
    residual blocks per level of a ResidualEncoderUNet."""
    found = [
        ("isotropic", [16, 16, 16], 2, 1, [32, 64, 96], [[1, 1, 1]] + 2 * [[2, 2, 2]], THREE * 3, CLASSES, None, False),
        ("flat kernels, two channels, batch Dice", [8, 32, 24], 2, 2, [32, 48, 64, 64],
         [[1, 1, 1], [1, 2, 2], [2, 2, 2], [1, 2, 2]], [[1, 3, 3], [1, 3, 3], [3, 3, 3], [3, 3, 3]], CLASSES, None, True),
        ("ignore label", [8, 16, 8], 3, 1, [16, 32, 48], [[1, 1, 1]] + 2 * [[2, 2, 2]], THREE * 3,
         {**CLASSES, "ignore": 3}, None, False),
        ("regions, four channels", [16, 8, 16], 2, 4, [32, 32, 64], [[1, 1, 1]] + 2 * [[2, 2, 2]], THREE * 3,
         {"background": 0, "whole": [1, 2], "core": 2}, [1, 2], False),
        # Skip paths that do nothing, pool, pool and change the channels, and change the channels.
        ("residual", [16, 16, 16], 2, 1, [32, 32, 64, 96], [[1, 1, 1]] + 2 * [[2, 2, 2]] + [[1, 1, 1]], THREE * 4, CLASSES,
         None, False, [1, 2, 2, 1]),
        ("residual, flat kernels, two channels, regions", [8, 32, 24], 2, 2, [32, 48, 64],
         [[1, 1, 1], [1, 2, 2], [2, 2, 2]], [[1, 3, 3], [1, 3, 3], [3, 3, 3]],
         {"background": 0, "whole": [1, 2], "core": 2}, [1, 2], True, [1, 3, 2]),
    ]
    if not quick:
        found += [
            ("Hippocampus plan", [40, 56, 40], 2, 1, [32, 64, 128, 256], [[1, 1, 1]] + 3 * [[2, 2, 2]], THREE * 4, CLASSES,
             None, False),
            ("six levels, regions and ignore label", [32, 64, 64], 2, 1, [32, 64, 64, 96, 96, 96],
             [[1, 1, 1], [1, 2, 2]] + 4 * [[2, 2, 2]], [[1, 3, 3]] + THREE * 5,
             {"background": 0, "whole": [1, 2], "core": 2, "ignore": 3}, [1, 2], True),
            ("ResEnc M, six levels", [32, 64, 64], 2, 1, [32, 64, 128, 256, 320, 320],
             [[1, 1, 1], [1, 2, 2]] + 4 * [[2, 2, 2]], [[1, 3, 3]] + THREE * 5, CLASSES, None, False, [1, 3, 4, 6, 6, 6]),
        ]
    return found


def run(context):
    probe = Probe(context)
    rows = []
    for case in cases(context.quick):
        logits, loss, gradients = compare(probe, *case[1:])
        for what, values, limit in (("logits", logits, 1e-3), ("loss", [loss], 1e-5), ("gradients", gradients, 1e-3)):
            largest = largest_of(values)
            rows.append(Row(f"network, {case[0]}: {what}", len(values), largest, limit, largest <= limit))
    return [*rows, initial_weights_row(probe), initial_weights_row(probe, blocks=[1, 2, 2])]


def compare(probe, patch, count, channels, features, strides, kernels, labels, order, batch_dice, blocks=None):
    manager = nnunet.label_manager(labels, order)
    levels, heads = len(features), manager.num_segmentation_heads
    network = unet(channels, heads, features, strides, kernels, blocks)
    parameters = dict(network.named_parameters())
    weights = set_weights(parameters)
    network.double()
    random = np.random.default_rng(4)
    images, target = patches(random, count, channels, patch, highest=len(labels) - 1)

    trainer = nnunet.trainer(manager, strides, batch_dice=batch_dice)
    outputs = network(torch.from_numpy(images.astype(np.float64)))
    value = nnunet.loss(trainer)(outputs, nnunet.targets(trainer, target))
    value.backward()

    kept = levels - 2
    paths, gradient_path = [probe.path() for _ in range(kept)], probe.path()
    answer = probe.ask(
        "network", **description(channels, heads, features, strides, kernels, blocks), weights=weights, images=images,
        target=target, labels=labels, regionsClassOrder=order, batchDice=batch_dice, logits=paths, gradient=gradient_path)
    if [name for name, _ in answer["parameters"]] != list(parameters):
        raise ValueError("the parameters stand in another order than nnU-Net's")
    logits = [largest_share(np.load(path), output.detach().numpy()) for path, output in zip(paths, outputs)]
    gradient, start, gradients = np.load(gradient_path), 0, []
    for name, parameter in parameters.items():
        part = gradient[start:start + parameter.numel()]
        start += parameter.numel()
        if parameter.grad is None:
            gradients.append(0.0 if not part.any() else math.inf)
        elif not name.endswith("conv.bias"):  # in front of a norm: 0 but for rounding
            gradients.append(relative(part, parameter.grad.numpy().ravel()))
    return logits, relative(answer["loss"], value.item()), gradients


def initial_weights_row(probe, blocks=None):
    """Fresh weights, tensor by tensor, beside those that nnU-Net gives a network of its plans."""
    features, strides, kernels = [32, 64, 96], [[1, 1, 1], [1, 2, 2], [2, 2, 2]], [[1, 3, 3]] + THREE * 2
    request = description(2, 3, features, strides, kernels, blocks)
    torch.manual_seed(14)
    network = get_network_from_plans(
        "dynamic_network_architectures.architectures.unet." + ("ResidualEncoderUNet" if blocks else "PlainConvUNet"),
        {"n_stages": 3, "features_per_stage": features, "conv_op": "torch.nn.modules.conv.Conv3d",
         "kernel_sizes": kernels, "strides": strides,
         "n_blocks_per_stage" if blocks else "n_conv_per_stage": request["encoderConvolutions"],
         "n_conv_per_stage_decoder": request["decoderConvolutions"],
         "conv_bias": True, "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
         "norm_op_kwargs": {"eps": 1e-5, "affine": True}, "dropout_op": None, "dropout_op_kwargs": None,
         "nonlin": "torch.nn.LeakyReLU", "nonlin_kwargs": {"inplace": True}},
        ["conv_op", "norm_op", "dropout_op", "nonlin"], 2, 3, allow_init=True)
    path, start, probabilities = probe.path(), 0, []
    probe.ask("initial", **request, seed=1, weights=path)
    weights = np.load(path)
    for parameter in network.parameters():
        expected = parameter.detach().numpy().ravel()
        probabilities.append(same_distribution(weights[start:start + expected.size], expected))
        start += expected.size
    kind = ", residual" if blocks else ""
    return distributions.row(f"network{kind}: initial weights", len(probabilities), probabilities)


def unet(channels, heads, features, strides, kernels, blocks=None):
    """A network of nnU-Net's kind: residual blocks per level of the encoder, or two convolutions."""
    levels = len(features)
    kind, decoder = (ResidualEncoderUNet, 1) if blocks else (PlainConvUNet, 2)
    return kind(
        channels, levels, features, torch.nn.Conv3d, kernels, strides, blocks or [2] * levels, heads,
        [decoder] * (levels - 1), conv_bias=True, norm_op=torch.nn.InstanceNorm3d,
        norm_op_kwargs={"eps": 1e-5, "affine": True}, nonlin=torch.nn.LeakyReLU, nonlin_kwargs={"inplace": True},
        deep_supervision=True)


def description(channels, heads, features, strides, kernels, blocks=None):
    """The same network in a request."""
    levels = len(features)
    return {"channels": channels, "heads": heads, "features": features, "strides": strides, "kernels": kernels,
            "residual": blocks is not None, "encoderConvolutions": blocks or [2] * levels,
            "decoderConvolutions": [1 if blocks else 2] * (levels - 1)}


def set_weights(parameters, seed=3):
    """Random weights; norms shift activations above 0, because where LeakyReLU bends rounding alone changes gradients."""
    random = np.random.default_rng(seed)
    flat = []
    for name, parameter in parameters.items():
        values = random.uniform(-1, 1, parameter.shape)
        if parameter.dim() > 1:
            values *= math.sqrt(6 / math.prod(parameter.shape[1:]))
        else:
            values = 0.25 * values + (2 if name.endswith("norm.bias") else 1 if name.endswith("norm.weight") else 0)
        values = values.astype(np.float32)
        parameter.data = torch.from_numpy(values.copy())
        flat.append(values.ravel())
    return np.concatenate(flat)


def patches(random, count, channels, patch, highest):
    """Waves with noise, and labels that follow them, so that gradients do not cancel."""
    axes = np.meshgrid(*[np.arange(size) for size in (count, *patch)], indexing="ij")
    wave = abs((axes[1] + 3 * axes[0]) % 16 - 8) + abs((axes[2] + 5 * axes[0]) % 20 - 10) + abs(axes[3] % 12 - 6)
    images = np.stack([0.125 * (channel + 1) * wave - 1.5 for channel in range(channels)], 1)
    images = (images + 0.25 * random.uniform(-1, 1, images.shape)).astype(np.float32)
    return images, (wave // 3 % (highest + 1)).astype(np.int16)


def largest_share(found, expected):
    """Largest difference as a share of the largest value."""
    if found.shape != expected.shape or not np.isfinite(found).all():
        return math.inf
    return float(abs(found - expected).max() / abs(expected).max())
