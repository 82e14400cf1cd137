"""How often transforms happen, and what they draw."""
import numpy as np
import torch

from augmentation_peer import Pipeline
from distributions import row, same_counts, same_distribution, same_share

CHANNELS = 2


def rows(probe, quick):
    count = 6000 if quick else 30000
    found_rows = []
    for kind, patch in (("3D", [8, 8, 8]), ("slice-wise", [2, 8, 8])):
        pipeline = Pipeline(patch)
        own = probe.ask("draws", patch=patch, channels=CHANNELS, mirrorAxes=list(pipeline.mirror_axes), count=count,
                        seed=1001)
        found_rows += [row(f"draws, {kind}: {what}", count, probabilities)
                       for what, probabilities in compare(pipeline, own, count)]
    return found_rows


def compare(pipeline, own, count):
    np.random.seed(2)
    torch.manual_seed(2)
    drawn = [pipeline.draw_spatial() for _ in range(count)]
    yield from compare_spatial(pipeline, own, drawn, count)
    axes = [pipeline.by_name["mirror"].get_parameters()["axes"] for _ in range(count)]
    # Any of the eight combinations of axes.
    yield "mirrored axes", [same_counts(combination([draw["mirror"] for draw in own]), combination(axes))]

    image = torch.zeros((CHANNELS, 1, 1, 1))
    for name in pipeline.chances():
        outer = pipeline.by_name[name]
        happened = [outer.get_parameters()["apply_transform"] for _ in range(count)]
        found = [draw for draw in own if draw[name] not in (None, [])]
        yield f"{name}, how often", [same_share(len(found), count, sum(happened), count)]
        # As many draws on their side as happened on ours.
        parameters = [outer.transform.get_parameters(image=image) for _ in range(max(len(found), 2000))]
        yield f"{name}, numbers", list(compare_numbers(name, found, parameters))


def compare_spatial(pipeline, own, drawn, count):
    rotations = [draw["rotation"] for draw in own if draw["rotation"]]
    expected = [angles for angles, _ in drawn if angles is not None]
    yield "rotation, how often", [same_share(len(rotations), count, len(expected), count)]
    used = [0] if pipeline.is_slice_wise else [0, 1, 2]
    yield "rotation, angles", [
        same_distribution([angles[axis] for angles in rotations], [angles[axis] for angles in expected])
        for axis in used]
    scales = [draw["scale"] for draw in own if draw["scale"]]
    expected = [scale for _, scale in drawn if scale is not None]
    yield "scaling, how often", [same_share(len(scales), count, len(expected), count)]
    yield "scaling, factor", [same_distribution(scales, expected)]
    both = sum(1 for draw in own if draw["rotation"] and draw["scale"])
    expected_both = sum(1 for angles, scale in drawn if angles is not None and scale is not None)
    yield "rotation and scaling together", [same_share(both, count, expected_both, count)]


def compare_numbers(name, found, parameters):
    """Tests of every number that a transform draws, over all channels, and of how channels hang together."""
    if name == "noise":
        yield same_distribution([draw["noise"] for draw in found], [p["sigmas"] for p in parameters])
        return
    if name in ("blur", "lowResolution"):
        channels = [sum(value is not None for value in draw[name]) for draw in found]
        chosen = [(p["apply_to_channel"].sum() if name == "blur" else len(p["apply_to_channel"])) for p in parameters]
        yield same_counts(np.array(channels), np.array([int(number) for number in chosen]))
        values = [value for draw in found for value in draw[name] if value is not None]
        if name == "blur":
            expected = [sigmas for p in parameters for sigmas in p["sigmas"]]
            for axis in range(3):
                yield same_distribution([v[axis] for v in values], [sigmas[axis] for sigmas in expected])
            # Axes have sigmas of their own.
            yield same_distribution([v[0] - v[1] for v in values], [s[0] - s[1] for s in expected])
        else:
            # The last axis is scaled in either mode, the first only in 3D.
            yield same_distribution(values, [float(scales[-1]) for p in parameters for scales in p["scales"]])
        return
    key = "gamma" if name in ("gamma", "invertedGamma") else "multipliers"
    for channel in range(CHANNELS):
        yield same_distribution([draw[name][channel] for draw in found], [float(p[key][channel]) for p in parameters])
    # Channels have numbers of their own.
    yield same_distribution([draw[name][0] - draw[name][1] for draw in found],
                            [float(p[key][0] - p[key][1]) for p in parameters])


def combination(axes):
    return np.array([sum(1 << axis for axis in drawn) for drawn in axes])
