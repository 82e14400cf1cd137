"""How large enlarged patches are, which samples of a batch are forced onto foreground, and where patches lie."""
import math
import types

import numpy as np
from nnunetv2.training.dataloading.data_loader import nnUNetDataLoader
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

import nnunet
from distributions import row, same_counts
from rows import Row


def rows(probe, quick):
    return geometry(probe, quick) + [row(f"patch positions: {what}", count, probabilities)
                                     for what, count, probabilities in positions(probe, 4000 if quick else 20000)]


def geometry(probe, quick):
    random = np.random.default_rng(8)
    patches = [[4, 4, 4], [8, 8, 8], [40, 56, 40], [128, 128, 128], [20, 320, 256], [16, 48, 48], [16, 49, 20]]
    patches += [[int(size) for size in random.integers(2, 200, 3)] for _ in range(50 if quick else 500)]
    batches = list(range(1, 200))
    answer = probe.ask("geometry", patches=patches, batches=batches)
    wrong = 0
    for patch, own in zip(patches, answer["patches"]):
        rotation, is_slice_wise, enlarged, _ = nnUNetTrainer.configure_rotation_dummyDA_mirroring_and_inital_patch_size(
            nnunet.trainer(None, None, patch_size=patch))
        wrong += (own["enlarged"] != [int(size) for size in enlarged] or own["sliceWise"] != is_slice_wise
                  or not math.isclose(own["limit"], rotation[1], rel_tol=1e-12))
    wrong_batches = 0
    for size, own in zip(batches, answer["batches"]):
        loader = types.SimpleNamespace(batch_size=size, oversample_foreground_percent=0.33)
        wrong_batches += own != [nnUNetDataLoader._oversample_last_XX_percent(loader, sample) for sample in range(size)]
    return [Row("enlarged patch, slice-wise or not, angles", len(patches), f"{wrong} differ", "equal", wrong == 0),
            Row("samples forced onto foreground", len(batches), f"{wrong_batches} differ", "equal", wrong_batches == 0)]


def positions(probe, count):
    """What, how many draws on either side, and the probabilities that the corners have one distribution."""
    labels = [0, 1, 2, 3]
    classes = {1: [[0, 0, 0], [39, 49, 29]], 2: [[20, 25, 15]], 3: [], (1, 2): [[5, 44, 28], [38, 2, 3], [20, 20, 20]]}
    annotated = {**classes, (-1, *labels): [[10, 10, 10], [30, 40, 20], [0, 49, 0]]}
    only_annotated = {1: [], 2: [], (-1, *labels): [[10, 10, 10], [30, 40, 20]]}
    sizes = [("larger case", [40, 50, 30], [24, 28, 20], [16, 20, 16]), ("small case", [12, 9, 31], [24, 28, 33], [16, 20, 16]),
             ("as validation", [40, 10, 30], [16, 20, 16], [16, 20, 16])]
    for name, shape, loader, patch in sizes:
        for what, locations, has_ignore, is_forced in (
                ("random", {}, False, False), ("forced", classes, False, True), ("forced, no class", {1: []}, False, True),
                ("annotated", annotated, True, False), ("forced, ignore label", annotated, True, True),
                ("forced, only annotated", only_annotated, True, True)):
            inside = {key: [v for v in voxels if all(a < b for a, b in zip(v, shape))] for key, voxels in locations.items()}
            if has_ignore and not is_forced and not inside[(-1, *labels)]:
                continue
            own = np.array(probe.ask(
                "positions", shape=shape, loader=loader, patch=patch, foreground=is_forced, count=count, seed=4,
                locations=[{"key": list(np.atleast_1d(key).tolist()), "voxels": v} for key, v in inside.items()]))
            peer = np.array(theirs(shape, loader, patch, inside, labels, has_ignore, is_forced, count))
            # The axes by themselves, and all together.
            sides = [np.concatenate([own, peer]) @ [1, 1000, 1000000]]
            together = same_counts(sides[0][:count], sides[0][count:])
            equal_range = [(own.min(0) == peer.min(0)).all() and (own.max(0) == peer.max(0)).all()]
            yield (f"{name}, {what}", count,
                   [same_counts(own[:, axis], peer[:, axis]) for axis in range(3)] + [together]
                   + [1.0 if all(equal_range) else 0.0])


def theirs(shape, loader, patch, locations, labels, has_ignore, is_forced, count):
    np.random.seed(9)
    keyed = {key: np.array([[0, *voxel] for voxel in voxels]) for key, voxels in locations.items()}
    self = types.SimpleNamespace(
        need_to_pad=np.array(loader) - np.array(patch), patch_size=loader, has_ignore=has_ignore,
        annotated_classes_key=(-1, *labels))
    return [[int(low) for low in nnUNetDataLoader.get_bbox(self, np.array(shape), is_forced, keyed)[0]]
            for _ in range(count)]
