"""Fingerprints of datasets that do not exist: planning needs no more of a dataset than its fingerprint and dataset.json.

`dataset(n)` is a function of n alone. The kinds are those that planners treat differently: small and large, isotropic,
coarse along any axis, single slices, few and many cases, labels, regions, an ignore label, one to four channels.
"""
import random

CHANNELS = ["CT", "T1", "noNorm", "rescale_to_0_1", "rgb_to_0_1", "FLAIR", "zscore", "Ct"]


def _kind(random_, number):
    """Spacing and shape of a typical case, axes D, H, W, the coarsest one first."""
    kind = number % 8
    if kind == 0:  # as Hippocampus: the patch covers the case
        return [1.0, 1.0, 1.0], [random_.randint(12, 70) for _ in range(3)]
    if kind == 1:  # as brains
        return [1.0] * 3, [random_.randint(90, 200) for _ in range(3)]
    if kind == 2:  # as CT of the trunk: there is a 3d_lowres
        plane = random_.uniform(0.6, 0.95)
        return [random_.uniform(0.7, 3.0), plane, plane], [random_.randint(90, 700), 512, 512]
    if kind == 3:  # as prostates: thick slices
        plane = random_.uniform(0.3, 0.8)
        size = random_.randint(200, 450)
        return [random_.uniform(3, 6), plane, plane], [random_.randint(9, 40), size, size - random_.randint(0, 3)]
    if kind == 4:  # thick slices, many voxels
        return [random_.uniform(4, 9), 0.7, random_.uniform(0.6, 0.8)], [random_.randint(60, 160), 640, 600]
    if kind == 5:  # as microscopy: huge and isotropic
        size = random_.randint(500, 1400)
        return [random_.uniform(0.01, 0.05)] * 3, [size, size, size]
    if kind == 6:  # single slices, as nnU-Net reads 2D images
        return [999.0, 1.0, 1.0], [1, random_.randint(100, 900), random_.randint(100, 900)]
    return (  # anything
        [random_.uniform(0.2, 4) for _ in range(3)], [random_.randint(5, 400) for _ in range(3)])


def _labels(random_, number):
    count = random_.randint(1, 8)
    labels = {"background": 0, **{f"class_{value}": value for value in range(1, count + 1)}}
    order = None
    if number % 5 == 1 and count > 1:
        labels = {"background": 0, "whole": list(range(1, count + 1)), "part": list(range(2, count + 1)), "last": count}
        order = [1, 2, count]
    if number % 4 == 2:
        labels["ignore"] = count + 1
    return labels, order


def dataset(number):
    """(dataset.json, dataset_fingerprint.json) of synthetic dataset `number`."""
    random_ = random.Random(number)
    spacing, shape = _kind(random_, number)
    axes = random_.sample(range(3), 3) if number % 3 == 0 and number % 8 != 6 else [0, 1, 2]
    count = random_.choice([1, 2, 3, 5, 10])
    spread = random_.choice([0, 0.05, 0.4])
    spacings, shapes = [], []
    for _ in range(count):
        one, extent = list(spacing), list(shape)
        if number % 8 != 6:
            one[0] *= 1 + random_.uniform(-spread, spread)
            extent[0] = max(2, round(extent[0] * (1 + random_.uniform(-spread, spread))))
        extent[2] = max(2, round(extent[2] * (1 + random_.uniform(-spread, spread) / 4)))
        spacings.append([round(one[axis], 5) for axis in axes])
        shapes.append([extent[axis] for axis in axes])
    channels = [random_.choice(CHANNELS) for _ in range(random_.randint(1, 4))]
    labels, order = _labels(random_, number)
    description = {
        "channel_names": {str(index): name for index, name in enumerate(channels)}, "labels": labels,
        "numTraining": random_.choice([count, 5, 20, 60, 300, 1000]), "file_ending": [".nii.gz", ".nii"][number % 2],
        "name": f"synthetic {number}"}
    if order:
        description["regions_class_order"] = order
    intensities = {
        str(index): {
            "max": random_.randint(900, 3000) / 2, "mean": random_.uniform(-50, 300), "median": random_.randint(0, 300) / 4,
            "min": -1024.0, "percentile_00_5": -100.5, "percentile_99_5": 300.25, "std": random_.uniform(1, 300)}
        for index in range(len(channels))}
    fingerprint = {
        "foreground_intensity_properties_per_channel": intensities,
        "median_relative_size_after_cropping": random_.choice([0.4, 0.7499, 0.75, 1.0]), "shapes_after_crop": shapes,
        "spacings": spacings}
    return description, fingerprint
