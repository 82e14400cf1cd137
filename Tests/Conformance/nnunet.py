"""nnU-Net's own objects, made as its trainer makes them but without a dataset on disk."""
import types

import numpy as np
import torch
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
from nnunetv2.utilities.label_handling.label_handling import LabelManager

torch.set_num_threads(1)


def label_manager(labels, regions_class_order=None):
    """nnU-Net's reading of `labels` and `regions_class_order` of a dataset.json."""
    return LabelManager({key: tuple(value) if isinstance(value, list) else value for key, value in labels.items()},
                        regions_class_order)


def trainer(labels, strides, patch_size=None, batch_dice=False, mask=(False,)):
    """What methods of the trainer ask of it, around those that are called here."""
    self = types.SimpleNamespace(
        label_manager=labels, is_ddp=False, enable_deep_supervision=True,
        configuration_manager=types.SimpleNamespace(
            batch_dice=batch_dice, patch_size=patch_size, pool_op_kernel_sizes=strides, use_mask_for_norm=list(mask)),
        print_to_log_file=lambda *words: None, _do_i_compile=lambda: False)
    self._get_deep_supervision_scales = lambda: nnUNetTrainer._get_deep_supervision_scales(self)
    return self


def loss(self):
    """The trainer's loss with deep supervision."""
    return nnUNetTrainer._build_loss(self)


def validation_transforms(self):
    """From a label map to the targets of all outputs."""
    return nnUNetTrainer.get_validation_transforms(
        self._get_deep_supervision_scales(), False, self.label_manager.foreground_labels,
        self.label_manager.foreground_regions if self.label_manager.has_regions else None,
        self.label_manager.ignore_label)


def targets(self, labels):
    """Label maps `[N, D, H, W]` as the trainer hands them to its loss: a list of `[N, C, D, H, W]`, one per output."""
    transform = validation_transforms(self)
    samples = [transform(image=None, segmentation=torch.from_numpy(sample.astype(np.int16))[None])["segmentation"]
               for sample in labels]
    return [torch.stack(level) for level in zip(*samples)]
