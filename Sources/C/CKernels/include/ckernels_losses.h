// Losses on plain float32 logits, in place.
#pragma once
#include <stdint.h>

/// Softmax over heads of logits z[h * stride + s], in place, and its statistics over S voxels. targets: label per
/// voxel; a voxel whose target equals `ignore` (any negative value turns that off: labels are >= 0) counts nowhere.
/// sums: [heads][3] = sum of p*g, of p, of g, each over the counted voxels. Returns the sum of -log p(target).
double ckernels_softmax_statistics(
    float *z, int64_t stride, int heads, int64_t voxels, const int16_t *targets, int ignore, double *sums);

/// Turns probabilities into the loss's gradient in the logits, in place: dz_h = ce * (p_h - g_h) + p_h * (q_h - sum p
/// q) with q_h = on_target[h] * g_h + everywhere[h]; 0 in ignored voxels.
void ckernels_softmax_gradient(
    float *p, int64_t stride, int heads, int64_t voxels, const int16_t *targets, int ignore, float ce,
    const float *on_target, const float *everywhere);

/// The same for sigmoid heads: g_h = membership[h * labels + target]. Returns the sum of binary cross-entropies.
double ckernels_sigmoid_statistics(
    float *z, int64_t stride, int heads, int64_t voxels, const int16_t *targets, int ignore, const float *membership,
    int labels, double *sums);

/// Probabilities to gradient, in place: dz_h = ce * (p_h - g_h) + (on_target[h] * g_h + everywhere[h]) * p_h * (1 -
/// p_h).
void ckernels_sigmoid_gradient(
    float *p, int64_t stride, int heads, int64_t voxels, const int16_t *targets, int ignore, const float *membership,
    int labels, float ce, const float *on_target, const float *everywhere);
