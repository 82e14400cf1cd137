// Segmentation heads: 1x1x1 convolutions from blocked features to plain float32 logits.
#pragma once
#include "ckernels_elements.h"

/// out[h * S + s] = bias[h] + sum over blocks and lanes of w[(h * blocks + k) * B + b] * x[k][s * B + b];
/// `x` is the first block's slab, `block_stride` elements lie between blocks; head h starts `head_stride` floats later.
void ckernels_head_forward(
    const void *x, ckernels_element element, int64_t block_stride, int blocks, int lanes, int64_t voxels,
    const float *weights, const float *bias, int heads, float *out, int64_t head_stride);

/// dx (+)= w^T dout for one block of channels; weights point at the block's lanes of head 0, heads `weight_stride`
/// apart.
void ckernels_head_backward_data(
    void *dx, ckernels_element element, int lanes, int64_t voxels, const float *weights, int64_t weight_stride, int heads,
    const float *dout, int64_t head_stride, int accumulate);

/// dw[h * B + b] = sum over voxels of dout[h][s] * x[s * B + b], for one block of channels.
void ckernels_head_backward_weights(
    const void *x, ckernels_element element, int lanes, int64_t voxels, int heads, const float *dout,
    int64_t head_stride, double *dw);
