"""Augmentation beside batchgeneratorsv2: what is drawn, how often, what it does to a patch, and where patches lie.

Drawn numbers and effects are compared as distributions (two-sample Kolmogorov-Smirnov; Fisher's exact or a chi-square test
for what is discrete), both sides with fixed seeds. What a transform does with given numbers is compared voxel by voxel.
"""
import augmentation_draws
import augmentation_effects
import augmentation_voxels
import deep_targets
import patch_positions
from probing import Probe


def run(context):
    probe = Probe(context)
    modules = (augmentation_draws, augmentation_voxels, augmentation_effects, patch_positions, deep_targets)
    return [row for module in modules for row in module.rows(probe, context.quick)]
