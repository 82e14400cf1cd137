"""nnU-Net's training transforms, one by one."""
import unittest.mock

import numpy as np
import torch
from batchgeneratorsv2.transforms.spatial import spatial
from batchgeneratorsv2.transforms.utils.random import RandomTransform
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

import nnunet

# Our names, in the order of the pipeline.
NAMES = ("spatial", "noise", "blur", "brightness", "contrast", "lowResolution", "invertedGamma", "gamma", "mirror")


class Pipeline:
    """The transforms for a patch size and two channels, as the trainer builds them; `masked` channels are 0 outside."""

    def __init__(self, patch_size, masked=()):
        manager = nnunet.label_manager({"background": 0, "a": 1, "b": 2, "c": 3})
        trainer = nnunet.trainer(manager, [[1, 1, 1], [2, 2, 2]], patch_size=patch_size)
        self.patch_size, self.masked = patch_size, masked
        geometry = nnUNetTrainer.configure_rotation_dummyDA_mirroring_and_inital_patch_size(trainer)
        self.rotation, self.is_slice_wise, loader_size, self.mirror_axes = geometry
        self.loader_size = [int(size) for size in loader_size]
        mask = [channel in masked for channel in range(2)]
        self.transforms = nnUNetTrainer.get_training_transforms(
            patch_size, self.rotation, None, self.mirror_axes, self.is_slice_wise, mask).transforms
        inner = self.transforms[1:] if self.is_slice_wise else list(self.transforms)
        if self.is_slice_wise:
            del inner[1]  # back from slices to a volume
        self.by_name = dict(zip(NAMES, inner))

    def chances(self):
        """Probabilities with which transforms happen at all, without those of the spatial one and of mirroring."""
        return {name: transform.apply_probability for name, transform in self.by_name.items()
                if isinstance(transform, RandomTransform)}

    def apply(self, name, image, labels, parameters=None):
        """What one transform, which happens, makes of an image `[C, D, H, W]` and labels `[D, H, W]`.

        `parameters` replaces what it would draw.
        """
        transform = self.by_name[name]
        data = {"image": torch.from_numpy(image.copy()), "segmentation": torch.from_numpy(labels.copy())[None]}
        if name == "spatial":
            data = self._spatially(data, transform, parameters)
        else:
            transform = getattr(transform, "transform", transform)
            data = transform(**data) if parameters is None else transform.apply(data, **parameters)
        return data["image"].numpy(), data["segmentation"][0].numpy()

    def _spatially(self, data, transform, parameters):
        if self.is_slice_wise:
            data = self.transforms[0](**data)
        data = transform.apply(data, **(parameters or transform.get_parameters(**data)))
        return self.transforms[2](**data) if self.is_slice_wise else data

    def spatial_parameters(self, rotation, scale):
        """What the spatial transform would draw for given angles and a given factor (None: none)."""
        own = self.by_name["spatial"]
        angles = None if rotation is None else ([0, rotation[0]] if self.is_slice_wise else rotation)
        replaced = {"p_rotation": float(angles is not None), "p_scaling": float(scale is not None),
                    "rotation": lambda image, dim: angles[dim], "scaling": lambda image, dim: scale}
        with unittest.mock.patch.multiple(own, **replaced):
            return self.draw_spatial_parameters()

    def crop(self, image, labels):
        """The first channel and the labels of a patch without augmentation."""
        image, labels = self.finish(*self.apply("spatial", image, labels, self.spatial_parameters(None, None)))
        return image[0], labels

    def draw_spatial_parameters(self):
        """What the spatial transform draws."""
        shape = self.loader_size[1:] if self.is_slice_wise else self.loader_size
        return self.by_name["spatial"].get_parameters(image=_Shape(shape))

    def finish(self, image, labels):
        """The steps after mirroring: mask, and -1 becomes 0."""
        data = {"image": torch.from_numpy(image), "segmentation": torch.from_numpy(labels)[None]}
        place = self.transforms.index(self.by_name["mirror"])
        for transform in self.transforms[place + 1:]:
            data = transform(**data)
        return data["image"].numpy(), data["segmentation"][0].numpy()

    def draw_spatial(self):
        """Angles (or None) and factor (or None) of one draw."""
        name = "create_affine_matrix_2d" if self.is_slice_wise else "create_affine_matrix_3d"
        drawn = []
        original = getattr(spatial, name)
        with unittest.mock.patch.object(spatial, name, lambda *values: drawn.append(values) or original(*values)):
            self.draw_spatial_parameters()
        if not drawn:
            return None, None
        angles, scales = drawn[0]
        angles = np.atleast_1d(angles)
        return (angles if angles.any() else None), (scales[0] if scales[0] != 1 else None)


class _Shape:
    """Stands for an image of which only the shape is asked."""

    def __init__(self, shape):
        self.shape = (1, *shape)
        self.ndim = len(self.shape)
