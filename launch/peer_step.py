"""Times optimizer steps of nnU-Net's network, loss and optimizer on a CPU, on synthetic patches, and prints JSON.

    python peer_step.py NETWORK [--mode MODE] [--threads N] [--iterations N] [--patch-size D H W] [--batch-size N]

NETWORK: one of those of `pgps benchmark step`. MODE: fp32 is what nnU-Net does on a CPU; bf16 is autocast to bfloat16;
cl adds channels-last memory to either (fp32cl, bf16cl). The step: forward, loss, backward, clipping, optimizer; the
first one is not timed.
"""
import argparse
import importlib.metadata
import json
import resource
import statistics
import time

import torch
from nnunetv2.training.loss.compound_losses import DC_and_CE_loss
from nnunetv2.training.loss.deep_supervision import DeepSupervisionWrapper
from nnunetv2.training.loss.dice import MemoryEfficientSoftDiceLoss
from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
from torch.utils.flop_counter import FlopCounterMode

CLASS_COUNT = 3
HIPPOCAMPUS = (32, 64, 128, 256)
NETWORKS = {  # patch, batch, features per resolution level
    "hippo": ((40, 56, 40), 9, HIPPOCAMPUS),
    "hippo8": ((8, 8, 8), 1575, HIPPOCAMPUS),
    "mid": ((64, 64, 64), 2, (32, 64, 128, 256, 320)),
    "full": ((128, 128, 128), 2, (32, 64, 128, 256, 320, 320)),
}


class OneVoxelNorm(torch.nn.InstanceNorm3d):
    """Instance norm that also takes maps of one voxel, as the smallest patches have them; its module refuses those."""

    def forward(self, x):
        return torch.instance_norm(x, self.weight, self.bias, None, None, True, self.momentum, self.eps, False)


def build_network(patch, features):
    level_count = len(features)
    smallest = min(size >> (level_count - 1) for size in patch)
    settings = {
        "n_stages": level_count,
        "features_per_stage": list(features),
        "conv_op": torch.nn.Conv3d,
        "kernel_sizes": [[3, 3, 3]] * level_count,
        "strides": [[1, 1, 1]] + [[2, 2, 2]] * (level_count - 1),
        "n_conv_per_stage": [2] * level_count,
        "n_conv_per_stage_decoder": [2] * (level_count - 1),
        "conv_bias": True,
        "norm_op": OneVoxelNorm if smallest == 1 else torch.nn.InstanceNorm3d,
        "norm_op_kwargs": {"eps": 1e-5, "affine": True},
        "dropout_op": None,
        "dropout_op_kwargs": None,
        "nonlin": torch.nn.LeakyReLU,
        "nonlin_kwargs": {"inplace": True},
    }
    name = "dynamic_network_architectures.architectures.unet.PlainConvUNet"
    return get_network_from_plans(name, settings, [], 1, CLASS_COUNT, allow_init=True, deep_supervision=True)


def level_weights(level_count):
    """A half per level down, the lowest decoder level none, sum 1."""
    weights = [0.5**level for level in range(level_count - 1)]
    if len(weights) > 1:
        weights[-1] = 0
    return [weight / sum(weights) for weight in weights]


def build_loss(level_count):
    dice = {"batch_dice": False, "smooth": 1e-5, "do_bg": False, "ddp": False}
    loss = DC_and_CE_loss(dice, {}, weight_ce=1, weight_dice=1, dice_class=MemoryEfficientSoftDiceLoss)
    return DeepSupervisionWrapper(loss, level_weights(level_count))


def count_operations(patch, batch, features):
    """Of one step, on tensors without values."""
    with torch.device("meta"):
        network = build_network(patch, features)
        images = torch.empty(batch, 1, *patch)
    with FlopCounterMode(display=False) as counter:
        outputs = network(images)
        sum(out.sum() for out, weight in zip(outputs, level_weights(len(features))) if weight > 0).backward()
    return counter.get_total_flops()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("--mode", choices=["fp32", "fp32cl", "bf16", "bf16cl"], default="fp32")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--patch-size", type=int, nargs=3)
    parser.add_argument("--batch-size", type=int)
    options = parser.parse_args()
    patch, batch, features = NETWORKS[options.network]
    patch, batch = options.patch_size or patch, options.batch_size or batch

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    level_count = len(features)
    network, loss_of = build_network(patch, features), build_loss(level_count)
    images = torch.randn(batch, 1, *patch)
    if options.mode.endswith("cl"):
        network = network.to(memory_format=torch.channels_last_3d)
        images = images.contiguous(memory_format=torch.channels_last_3d)
    sizes = [[size >> level for size in patch] for level in range(level_count - 1)]
    targets = [torch.randint(CLASS_COUNT, (batch, 1, *size)).float() for size in sizes]
    optimizer = torch.optim.SGD(network.parameters(), 0.01, momentum=0.99, nesterov=True, weight_decay=3e-5)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.mode.startswith("bf16")):
            loss = loss_of(network(images), targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 12)
        optimizer.step()
        return loss.item()

    loss = step()
    seconds = []
    for _ in range(options.iterations):
        start = time.perf_counter()
        loss = step()
        seconds.append(time.perf_counter() - start)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    median = statistics.median(seconds)
    gflop = count_operations(patch, batch, features) / 1e9
    print(
        json.dumps(
            {
                "network": options.network,
                "mode": options.mode,
                "threads": options.threads,
                "seconds": seconds,
                "medianSeconds": median,
                "gflop": gflop,
                "gflopPerSecond": gflop / median,
                "residentBytes": resident,
                "loss": loss,
                "versions": {name: importlib.metadata.version(name) for name in ("torch", "nnunetv2")},
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
