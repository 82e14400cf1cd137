"""What transforms do to patches, as distributions over what they draw."""
import numpy as np
import torch

import augmentation_voxels
from augmentation_peer import NAMES, Pipeline
from distributions import row, same_distribution

LABELS = range(4)


def rows(probe, quick):
    count = 500 if quick else 2000
    found = []
    for kind, patch in (("3D", [10, 12, 8]), ("slice-wise", [4, 16, 14])):
        pipeline = Pipeline(patch)
        corner = [0, 0, 0]
        case = augmentation_voxels.phantom(pipeline.loader_size)
        for seed, name in enumerate((*NAMES, None)):
            _, images, targets = augmentation_voxels.augment(probe, pipeline, case, corner, name, count)
            plain = measure(*pipeline.crop(*case))
            own = [changes(plain, measure(image[0], labels)) for image, labels in zip(images, targets)]
            np.random.seed(seed)
            torch.manual_seed(seed)
            peer = [changes(plain, measure(*theirs(pipeline, case, name))) for _ in range(count)]
            probabilities = [same_distribution([values[key] for values in own], [values[key] for values in peer])
                             for key in plain]
            found.append(row(f"effect, {kind}: {name or 'whole pipeline'}", count, probabilities))
    return found


def theirs(pipeline, case, name):
    """One patch of nnU-Net on which the transform has happened, without the others; without a name, the whole pipeline."""
    image, labels = case
    if name is None:
        data = {"image": torch.from_numpy(image.copy()), "segmentation": torch.from_numpy(labels.copy())[None]}
        for transform in pipeline.transforms:
            data = transform(**data)
        return data["image"][0].numpy(), data["segmentation"][0].numpy()
    spatial = pipeline.spatial_parameters(None, None)
    if name == "spatial":
        while spatial["grid"] is None:
            spatial = pipeline.draw_spatial_parameters()
    image, labels = pipeline.apply("spatial", image, labels, spatial)
    if name == "mirror":
        axes = []
        while not axes:
            axes = pipeline.by_name["mirror"].get_parameters()["axes"]
        image, labels = pipeline.apply("mirror", image, labels, {"axes": axes})
    elif name != "spatial":
        image, labels = pipeline.apply(name, image, labels)
    image, labels = pipeline.finish(image, labels)
    return image[0], labels


def changes(before, after):
    """What differs from the patch without augmentation.

    Rounded, because some transforms have few results, which would be told apart by the last digits of their computation.
    """
    return {key: round(float(after[key] - before[key]), 4) + 0.0 for key in before}


def measure(image, labels):
    """Moments, range and roughness of an image, where its mass lies, and the volumes of all labels."""
    image = image.astype(np.float64)
    found = {"mean": image.mean(), "deviation": image.std(), "minimum": image.min(), "maximum": image.max()}
    third = ((image - image.mean()) ** 3).mean()
    found["skewness"] = third / max(image.std(), 1e-6) ** 3
    for axis in range(3):
        found[f"roughness {axis}"] = abs(np.diff(image, axis=axis)).mean()
        halves = np.array_split(image, 2, axis)
        found[f"halves {axis}"] = halves[0].mean() - halves[1].mean()
    for label in LABELS:
        found[f"label {label}"] = int((labels == label).sum())
    return found
