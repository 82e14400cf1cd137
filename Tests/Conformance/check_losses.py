"""Losses and their gradients in the logits, beside nnU-Net's, for the same logits and labels."""
import numpy as np
import torch

import nnunet
from probing import Probe, relative
from rows import Row, largest_of

CLASSES = {"background": 0, "a": 1, "b": 2, "c": 3}
REGIONS = {"background": 0, "whole": [1, 2, 3], "core": [2, 3], "tip": 3}
STRIDES = [[1, 1, 1], [1, 2, 2], [2, 2, 2], [2, 2, 2]]
KINDS = {
    "classes": (CLASSES, None),
    "classes, ignore label": ({**CLASSES, "ignore": 4}, None),
    "regions": (REGIONS, [1, 2, 3]),
    "regions, ignore label": ({**REGIONS, "ignore": 4}, [1, 2, 3]),
}


def run(context):
    probe = Probe(context)
    rows = []
    for kind, (labels, order) in KINDS.items():
        for batch_dice in (False, True):
            losses, gradients, count = [], [], 0
            for case in cases(context.quick, highest=4 if "ignore" in labels else 3):
                found, expected = compare(probe, labels, order, batch_dice, *case)
                losses.append(relative(found[0], expected[0]))
                gradients += [relative(a, b) for a, b in zip(found[1], expected[1])]
                count += 1
            name = f"{kind}{', batch Dice' if batch_dice else ''}"
            rows.append(Row(f"loss: {name}", count, largest_of(losses), 1e-5, largest_of(losses) <= 1e-5))
            rows.append(Row(f"gradient of the loss: {name}", len(gradients), largest_of(gradients), 1e-3,
                            largest_of(gradients) <= 1e-3))
    return rows


def cases(quick, highest):
    """Label maps, how large logits are, and samples of a micro-batch."""
    random = np.random.default_rng(1)
    shape = (3, 8, 16, 12)
    draws = [(random.integers(0, highest + 1, shape), 1.0, 3), (random.integers(0, highest + 1, shape), 4.0, 1),
             (random.integers(0, 2, shape), 1.0, 2),  # two classes are absent
             (np.zeros(shape), 1.0, 3)]
    lonely = np.zeros(shape)
    lonely[0, 3, 5, 6] = 2
    draws += [(lonely, 2.0, 3)]
    partial = random.integers(0, highest + 1, shape)
    partial[1] = highest  # with an ignore label, a sample without any annotation
    draws += [(partial, 1.0, 1), (np.full(shape, highest), 1.0, 3)]
    if not quick:
        draws += [(random.integers(0, highest + 1, (2, 16, 32, 24)), scale, micro)
                  for scale, micro in ((0.1, 1), (1, 2), (10, 2), (30, 1))]
        blocks = random.integers(0, highest + 1, (5, 4, 8, 4)).repeat(4, 1).repeat(4, 2).repeat(8, 3)
        draws += [(blocks, 3.0, micro) for micro in (1, 2, 5)]
    return draws


def compare(probe, labels, order, batch_dice, target, scale, micro_batch):
    manager = nnunet.label_manager(labels, order)
    trainer = nnunet.trainer(manager, STRIDES, batch_dice=batch_dice)
    targets = nnunet.targets(trainer, target)
    random = np.random.default_rng(2)
    # What the lowest output says does not count, on either side.
    sizes = [level.shape[2:] for level in targets]
    logits = [(scale * random.standard_normal((len(target), manager.num_segmentation_heads, *size))).astype(np.float32)
              for size in sizes]
    outputs = [torch.from_numpy(level.astype(np.float64)).requires_grad_() for level in logits]
    value = nnunet.loss(trainer)(outputs, targets)
    value.backward()

    kept = len(logits) - 1
    paths = [probe.path() for _ in range(kept)]
    answer = probe.ask("loss", logits=logits[:kept], target=target.astype(np.int16), labels=labels,
                       regionsClassOrder=order, batchDice=batch_dice, microBatch=micro_batch, gradients=paths)
    return ((answer["loss"], [np.load(path) for path in paths]),
            (value.item(), [output.grad.numpy() for output in outputs[:kept]]))
