// Fused elementwise kernels. Letters: S voxels, B channels per block (lanes), x[s * B + b].
// With B = 1 a slab is one channel's contiguous voxels. All sums run in a fixed order, whatever the threads.
#pragma once
#include <stdint.h>

/// Most lanes of a block.
#define CKERNELS_LANES 16

/// Mean and sum of squared deviations of each lane over S voxels (S >= 1).
void ckernels_moments(const float *x, int64_t voxels, int lanes, double *mean, double *deviation);

/// x = leaky(x * scale + shift), in place.
void ckernels_affine_leaky(float *x, int64_t voxels, int lanes, const float *scale, const float *shift, float leak);

/// Sums over voxels of g and of g * n, where y is what ckernels_affine_leaky gave, g = (dy + dy2) * leaky'(y), and
/// n = (leaky^-1(y) - shift) * inverse_scale is the normalized input. dy2 may be NULL.
void ckernels_norm_gradient_sums(
    const float *y, const float *dy, const float *dy2, int64_t voxels, int lanes, const float *shift,
    const float *inverse_scale, float leak, double *sum_g, double *sum_gn);

/// dy = a * g - b - c * n, in place, with g and n as above.
void ckernels_norm_gradient(
    const float *y, float *dy, const float *dy2, int64_t voxels, int lanes, const float *shift,
    const float *inverse_scale, float leak, const float *a, const float *b, const float *c);

/// out[h * S + s] = bias[h] + sum over blocks and lanes of w[(h * blocks + k) * B + b] * x[k][s * B + b];
/// `x` is the first block's slab, `block_stride` floats lie between blocks; head h starts `head_stride` floats later.
void ckernels_head_forward(
    const float *x, int64_t block_stride, int blocks, int lanes, int64_t voxels, const float *weights,
    const float *bias, int heads, float *out, int64_t head_stride);

/// dx (+)= w^T dout for one block of channels; weights point at the block's lanes of head 0, heads `weight_stride` apart.
void ckernels_head_backward_data(
    float *dx, int lanes, int64_t voxels, const float *weights, int64_t weight_stride, int heads, const float *dout,
    int64_t head_stride, int accumulate);

/// dw[h * B + b] = sum over voxels of dout[h][s] * x[s * B + b], for one block of channels.
void ckernels_head_backward_weights(
    const float *x, int lanes, int64_t voxels, int heads, const float *dout, int64_t head_stride, double *dw);

/// Sums of one head's gradient over its voxels.
double ckernels_sum(const float *x, int64_t count);

/// Softmax over heads of logits z[h * stride + s], in place, and its statistics over S voxels. targets: label per voxel;
/// a voxel whose target equals `ignore` (any negative value turns that off: labels are >= 0) counts nowhere.
/// sums: [heads][3] = sum of p*g, of p, of g, each over the counted voxels. Returns the sum of -log p(target).
double ckernels_softmax_statistics(
    float *z, int64_t stride, int heads, int64_t voxels, const int16_t *targets, int ignore, double *sums);

/// Turns probabilities into the loss's gradient in the logits, in place: dz_h = ce * (p_h - g_h) + p_h * (q_h - sum p q)
/// with q_h = on_target[h] * g_h + everywhere[h]; 0 in ignored voxels.
void ckernels_softmax_gradient(
    float *p, int64_t stride, int heads, int64_t voxels, const int16_t *targets, int ignore, float ce,
    const float *on_target, const float *everywhere);

/// The same for sigmoid heads: g_h = membership[h * labels + target]. Returns the sum of binary cross-entropies.
double ckernels_sigmoid_statistics(
    float *z, int64_t stride, int heads, int64_t voxels, const int16_t *targets, int ignore, const float *membership,
    int labels, double *sums);

/// Probabilities to gradient, in place: dz_h = ce * (p_h - g_h) + (on_target[h] * g_h + everywhere[h]) * p_h * (1 - p_h).
void ckernels_sigmoid_gradient(
    float *p, int64_t stride, int heads, int64_t voxels, const int16_t *targets, int ignore, const float *membership,
    int labels, float ce, const float *on_target, const float *everywhere);

/// w, m: stochastic gradient descent with Nesterov momentum over `count` scalars; g is scaled first.
/// g' = scale * g + decay * w; m = first ? g' : momentum * m + g'; w -= rate * (g' + momentum * m).
void ckernels_sgd(
    float *w, float *m, const float *g, int64_t count, float scale, float rate, float momentum, float decay, int first);

/// Sum of squares in a fixed order; not finite if any element is not.
double ckernels_sum_of_squares(const float *x, int64_t count);
