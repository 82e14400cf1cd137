// Instance norm and LeakyReLU. Statistics are float32 sums of at most 128 voxels, and float64 beyond.
#pragma once
#include "ckernels_elements.h"

/// Mean and sum of squared deviations of each lane over S voxels (S >= 1).
void ckernels_moments(
    const void *x, ckernels_element element, int64_t voxels, int lanes, double *mean, double *deviation);

/// x = leaky(x * scale + shift), in place.
void ckernels_affine_leaky(
    void *x, ckernels_element element, int64_t voxels, int lanes, const float *scale, const float *shift, float leak);

/// Sums over voxels of g and of g * n, where y is what ckernels_affine_leaky gave, g = (dy + dy2) * leaky'(y), and
/// n = (leaky^-1(y) - shift) * inverse_scale is the normalized input. dy2 may be NULL.
void ckernels_norm_gradient_sums(
    const void *y, const void *dy, const void *dy2, ckernels_element element, int64_t voxels, int lanes,
    const float *shift, const float *inverse_scale, float leak, double *sum_g, double *sum_gn);

/// dy = factor * g - mean_g - mean_gn * n, in place, with g and n as above.
void ckernels_norm_gradient(
    const void *y, void *dy, const void *dy2, ckernels_element element, int64_t voxels, int lanes, const float *shift,
    const float *inverse_scale, float leak, const float *factor, const float *mean_g, const float *mean_gn);
