// Instance norm, addition of a skip path and LeakyReLU: the end of a residual block.
#pragma once
#include "ckernels_elements.h"

/// y = leaky(x * scale + shift + skip).
void ckernels_affine_add_leaky(
    const void *x, const void *skip, void *y, ckernels_element element, int64_t voxels, int lanes, const float *scale,
    const float *shift, float leak);

/// Sums over voxels of g and of g * n, where y is what ckernels_affine_add_leaky gave, g = (dy + dy2) * leaky'(y) the
/// gradient of the sum, and n = (x - mean) * inverse_deviation the normalized input. dy2 may be NULL.
void ckernels_join_gradient_sums(
    const void *y, const void *x, const void *dy, const void *dy2, ckernels_element element, int64_t voxels, int lanes,
    const float *mean, const float *inverse_deviation, float leak, double *sum_g, double *sum_gn);

/// dx = factor * g - mean_g - mean_gn * n, and dy = g in place, with g and n as above.
void ckernels_join_gradient(
    const void *y, const void *x, void *dy, const void *dy2, void *dx, ckernels_element element, int64_t voxels,
    int lanes, const float *mean, const float *inverse_deviation, float leak, const float *factor, const float *mean_g,
    const float *mean_gn);

/// y += x, scalar by scalar.
void ckernels_add(const void *x, void *y, ckernels_element element, int64_t count);
