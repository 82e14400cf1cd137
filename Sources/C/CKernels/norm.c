// Instance norm and LeakyReLU, fused, for every kind of block.
#include "kernels.h"

// Adds a set of `count` values with its own mean and deviation to a running one (Chan, Golub, LeVeque 1979).
static inline void merge(double *mean, double *deviation, double *total, double m, double d, double count) {
    double delta = m - *mean, sum = *total + count;
    *mean += delta * (count / sum);
    *deviation += d + delta * delta * (*total * count / sum);
    *total = sum;
}

#define B 16
#define ELEMENT float32
#define TYPE float
#include "norm_kernels.h"

#define B 8
#define ELEMENT float32
#define TYPE float
#include "norm_kernels.h"

#define B 16
#define ELEMENT bfloat16
#define TYPE uint16_t
#include "norm_kernels.h"

static inline void broadcast(float *lanes, float value) {
    for (int b = 0; b < LANES; b++) lanes[b] = value;
}

// Plain layouts: one channel's contiguous voxels as rows of sixteen lanes, and the rest.

static void moments_plain(const float *x, int64_t voxels, double *mean, double *deviation) {
    double lane_mean[LANES], lane_deviation[LANES], total = 0;
    int64_t rows = voxels / LANES;
    *mean = *deviation = 0;
    if (rows > 0) {
        moments_float32_16(x, rows, lane_mean, lane_deviation);
        for (int b = 0; b < LANES; b++) merge(mean, deviation, &total, lane_mean[b], lane_deviation[b], (double)rows);
    }
    for (int64_t s = rows * LANES; s < voxels; s++) merge(mean, deviation, &total, x[s], 0, 1);
}

static void affine_plain(float *x, int64_t voxels, float scale, float shift, float leak) {
    float a[LANES], c[LANES];
    int64_t rows = voxels / LANES;
    broadcast(a, scale);
    broadcast(c, shift);
    affine_float32_16(x, rows, a, c, leak);
    for (int64_t s = rows * LANES; s < voxels; s++) {
        float t = x[s] * scale + shift;
        x[s] = t > 0 ? t : t * leak;
    }
}

static void gradient_sums_plain(
    const float *y, const float *dy, const float *dy2, int64_t voxels, float shift, float inverse_scale, float leak,
    double *sum_g, double *sum_gn) {
    float c[LANES], r[LANES];
    double lane_g[LANES], lane_gn[LANES];
    int64_t rows = voxels / LANES;
    broadcast(c, shift);
    broadcast(r, inverse_scale);
    gradient_sums_float32_16(y, dy, dy2, rows, c, r, leak, lane_g, lane_gn);
    *sum_g = *sum_gn = 0;
    for (int b = 0; b < LANES; b++) {
        *sum_g += lane_g[b];
        *sum_gn += lane_gn[b];
    }
    for (int64_t s = rows * LANES; s < voxels; s++) {
        float g = dy[s] + (dy2 ? dy2[s] : 0), t = y[s];
        g = t > 0 ? g : g * leak;
        t = t > 0 ? t : t * (1 / leak);
        *sum_g += g;
        *sum_gn += g * ((t - shift) * inverse_scale);
    }
}

static void gradient_plain(
    const float *y, float *dy, const float *dy2, int64_t voxels, float shift, float inverse_scale, float leak,
    float factor, float mean_g, float mean_gn) {
    float lane[5][LANES], values[5] = {shift, inverse_scale, factor, mean_g, mean_gn};
    for (int i = 0; i < 5; i++) broadcast(lane[i], values[i]);
    int64_t rows = voxels / LANES;
    gradient_float32_16(y, dy, dy2, rows, lane[0], lane[1], leak, lane[2], lane[3], lane[4]);
    for (int64_t s = rows * LANES; s < voxels; s++) {
        float g = dy[s] + (dy2 ? dy2[s] : 0), t = y[s];
        g = t > 0 ? g : g * leak;
        t = t > 0 ? t : t * (1 / leak);
        dy[s] = factor * g - mean_g - mean_gn * ((t - shift) * inverse_scale);
    }
}

void ckernels_moments(
    const void *x, ckernels_element element, int64_t voxels, int lanes, double *mean, double *deviation) {
    if (element == CKERNELS_BFLOAT16) moments_bfloat16_16(x, voxels, mean, deviation);
    else if (lanes == 16) moments_float32_16(x, voxels, mean, deviation);
    else if (lanes == 8) moments_float32_8(x, voxels, mean, deviation);
    else moments_plain(x, voxels, mean, deviation);
}

void ckernels_affine_leaky(
    void *x, ckernels_element element, int64_t voxels, int lanes, const float *scale, const float *shift, float leak) {
    if (element == CKERNELS_BFLOAT16) affine_bfloat16_16(x, voxels, scale, shift, leak);
    else if (lanes == 16) affine_float32_16(x, voxels, scale, shift, leak);
    else if (lanes == 8) affine_float32_8(x, voxels, scale, shift, leak);
    else affine_plain(x, voxels, *scale, *shift, leak);
}

void ckernels_norm_gradient_sums(
    const void *y, const void *dy, const void *dy2, ckernels_element element, int64_t voxels, int lanes,
    const float *shift, const float *inverse_scale, float leak, double *sum_g, double *sum_gn) {
    if (element == CKERNELS_BFLOAT16)
        gradient_sums_bfloat16_16(y, dy, dy2, voxels, shift, inverse_scale, leak, sum_g, sum_gn);
    else if (lanes == 16) gradient_sums_float32_16(y, dy, dy2, voxels, shift, inverse_scale, leak, sum_g, sum_gn);
    else if (lanes == 8) gradient_sums_float32_8(y, dy, dy2, voxels, shift, inverse_scale, leak, sum_g, sum_gn);
    else gradient_sums_plain(y, dy, dy2, voxels, *shift, *inverse_scale, leak, sum_g, sum_gn);
}

void ckernels_norm_gradient(
    const void *y, void *dy, const void *dy2, ckernels_element element, int64_t voxels, int lanes, const float *shift,
    const float *inverse_scale, float leak, const float *factor, const float *mean_g, const float *mean_gn) {
    if (element == CKERNELS_BFLOAT16)
        gradient_bfloat16_16(y, dy, dy2, voxels, shift, inverse_scale, leak, factor, mean_g, mean_gn);
    else if (lanes == 16)
        gradient_float32_16(y, dy, dy2, voxels, shift, inverse_scale, leak, factor, mean_g, mean_gn);
    else if (lanes == 8) gradient_float32_8(y, dy, dy2, voxels, shift, inverse_scale, leak, factor, mean_g, mean_gn);
    else gradient_plain(y, dy, dy2, voxels, *shift, *inverse_scale, leak, *factor, *mean_g, *mean_gn);
}
