#include "ckernels.h"

#include <math.h>
#include <string.h>

// One copy of each function per x86-64 generation; the loader picks. Loops over 16 lanes are written so that the
// compiler keeps them in registers.
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))

// Voxels whose float32 partial sums are collected before they go into double: small enough to keep 1e-7, in L1.
enum { CHUNK = 128, L = CKERNELS_LANES };

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// ---- moments -------------------------------------------------------------------------------------------------------

// Adds a set of `count` values with its own mean and deviation to a running one (Chan, Golub, LeVeque 1979).
static inline void merge(double *mean, double *deviation, double *total, double m, double d, double count) {
    double delta = m - *mean, sum = *total + count;
    *mean += delta * (count / sum);
    *deviation += d + delta * delta * (*total * count / sum);
    *total = sum;
}

#define DEFINE_MOMENTS(B)                                                                                              \
    CLONES static void moments_##B(const float *x, int64_t voxels, double *mean, double *deviation) {                  \
        double total = 0;                                                                                              \
        for (int b = 0; b < B; b++) mean[b] = deviation[b] = 0;                                                        \
        for (int64_t start = 0; start < voxels; start += CHUNK) {                                                      \
            int64_t n = least(CHUNK, voxels - start);                                                                  \
            const float *p = x + start * B;                                                                            \
            float sum[B] = {0}, square[B] = {0}, centre[B];                                                            \
            for (int64_t s = 0; s < n; s++)                                                                            \
                for (int b = 0; b < B; b++) sum[b] += p[s * B + b];                                                    \
            for (int b = 0; b < B; b++) centre[b] = sum[b] / (float)n;                                                 \
            for (int64_t s = 0; s < n; s++)                                                                            \
                for (int b = 0; b < B; b++) {                                                                          \
                    float d = p[s * B + b] - centre[b];                                                                \
                    square[b] += d * d;                                                                                \
                }                                                                                                      \
            double before = total;                                                                                     \
            for (int b = 0; b < B; b++) {                                                                              \
                total = before;                                                                                        \
                merge(&mean[b], &deviation[b], &total, centre[b], square[b], (double)n);                               \
            }                                                                                                          \
        }                                                                                                              \
    }
DEFINE_MOMENTS(16)
DEFINE_MOMENTS(8)

// One channel's contiguous voxels: sixteen interleaved lanes, then their union and the rest.
static void moments_1(const float *x, int64_t voxels, double *mean, double *deviation) {
    double lane_mean[L], lane_deviation[L], total = 0;
    int64_t rows = voxels / L;
    *mean = *deviation = 0;
    if (rows > 0) {
        moments_16(x, rows, lane_mean, lane_deviation);
        for (int b = 0; b < L; b++) merge(mean, deviation, &total, lane_mean[b], lane_deviation[b], (double)rows);
    }
    for (int64_t s = rows * L; s < voxels; s++) merge(mean, deviation, &total, x[s], 0, 1);
}

void ckernels_moments(const float *x, int64_t voxels, int lanes, double *mean, double *deviation) {
    if (lanes == 16) moments_16(x, voxels, mean, deviation);
    else if (lanes == 8) moments_8(x, voxels, mean, deviation);
    else moments_1(x, voxels, mean, deviation);
}

// ---- norm and activation -------------------------------------------------------------------------------------------

#define DEFINE_AFFINE(B)                                                                                               \
    CLONES static void affine_##B(float *x, int64_t voxels, const float *scale, const float *shift, float leak) {      \
        float a[B], c[B];                                                                                              \
        memcpy(a, scale, sizeof a);                                                                                    \
        memcpy(c, shift, sizeof c);                                                                                    \
        for (int64_t s = 0; s < voxels; s++)                                                                           \
            for (int b = 0; b < B; b++) {                                                                              \
                float t = x[s * B + b] * a[b] + c[b];                                                                  \
                x[s * B + b] = t > 0 ? t : t * leak;                                                                   \
            }                                                                                                          \
    }
DEFINE_AFFINE(16)
DEFINE_AFFINE(8)

static inline void broadcast(float *lanes, float value) {
    for (int b = 0; b < L; b++) lanes[b] = value;
}

void ckernels_affine_leaky(float *x, int64_t voxels, int lanes, const float *scale, const float *shift, float leak) {
    if (lanes == 16) affine_16(x, voxels, scale, shift, leak);
    else if (lanes == 8) affine_8(x, voxels, scale, shift, leak);
    else {
        float a[L], c[L];
        int64_t rows = voxels / L;
        broadcast(a, scale[0]);
        broadcast(c, shift[0]);
        affine_16(x, rows, a, c, leak);
        for (int64_t s = rows * L; s < voxels; s++) {
            float t = x[s] * scale[0] + shift[0];
            x[s] = t > 0 ? t : t * leak;
        }
    }
}

#define DEFINE_GRADIENT_SUMS(B)                                                                                        \
    CLONES static void gradient_sums_##B(                                                                              \
        const float *y, const float *dy, const float *dy2, int64_t voxels, const float *shift, const float *inverse,   \
        float leak, double *sum_g, double *sum_gn) {                                                                   \
        float c[B], r[B], inverse_leak = 1 / leak;                                                                     \
        memcpy(c, shift, sizeof c);                                                                                    \
        memcpy(r, inverse, sizeof r);                                                                                  \
        for (int b = 0; b < B; b++) sum_g[b] = sum_gn[b] = 0;                                                          \
        for (int64_t start = 0; start < voxels; start += CHUNK) {                                                      \
            int64_t n = least(CHUNK, voxels - start);                                                                  \
            float part_g[B] = {0}, part_gn[B] = {0};                                                                   \
            for (int64_t i = start * B; i < (start + n) * B; i += B)                                                   \
                for (int b = 0; b < B; b++) {                                                                          \
                    float t = y[i + b], g = dy[i + b];                                                                 \
                    if (dy2) g += dy2[i + b];                                                                          \
                    g = t > 0 ? g : g * leak;                                                                          \
                    t = t > 0 ? t : t * inverse_leak;                                                                  \
                    part_g[b] += g;                                                                                    \
                    part_gn[b] += g * ((t - c[b]) * r[b]);                                                             \
                }                                                                                                      \
            for (int b = 0; b < B; b++) {                                                                              \
                sum_g[b] += part_g[b];                                                                                 \
                sum_gn[b] += part_gn[b];                                                                               \
            }                                                                                                          \
        }                                                                                                              \
    }
DEFINE_GRADIENT_SUMS(16)
DEFINE_GRADIENT_SUMS(8)

void ckernels_norm_gradient_sums(
    const float *y, const float *dy, const float *dy2, int64_t voxels, int lanes, const float *shift,
    const float *inverse_scale, float leak, double *sum_g, double *sum_gn) {
    if (lanes == 16) gradient_sums_16(y, dy, dy2, voxels, shift, inverse_scale, leak, sum_g, sum_gn);
    else if (lanes == 8) gradient_sums_8(y, dy, dy2, voxels, shift, inverse_scale, leak, sum_g, sum_gn);
    else {
        float c[L], r[L];
        double g16[L], gn16[L];
        int64_t rows = voxels / L;
        broadcast(c, shift[0]);
        broadcast(r, inverse_scale[0]);
        gradient_sums_16(y, dy, dy2, rows, c, r, leak, g16, gn16);
        *sum_g = *sum_gn = 0;
        for (int b = 0; b < L; b++) {
            *sum_g += g16[b];
            *sum_gn += gn16[b];
        }
        for (int64_t s = rows * L; s < voxels; s++) {
            float g = dy[s] + (dy2 ? dy2[s] : 0), t = y[s];
            g = t > 0 ? g : g * leak;
            t = t > 0 ? t : t * (1 / leak);
            *sum_g += g;
            *sum_gn += g * ((t - shift[0]) * inverse_scale[0]);
        }
    }
}

#define DEFINE_GRADIENT(B)                                                                                             \
    CLONES static void gradient_##B(                                                                                   \
        const float *y, float *dy, const float *dy2, int64_t voxels, const float *shift, const float *inverse,         \
        float leak, const float *a, const float *b0, const float *c0) {                                                \
        float c[B], r[B], k[B], m[B], v[B], inverse_leak = 1 / leak;                                                   \
        memcpy(c, shift, sizeof c);                                                                                    \
        memcpy(r, inverse, sizeof r);                                                                                  \
        memcpy(k, a, sizeof k);                                                                                        \
        memcpy(m, b0, sizeof m);                                                                                       \
        memcpy(v, c0, sizeof v);                                                                                       \
        for (int64_t i = 0; i < voxels * B; i += B)                                                                    \
            for (int b = 0; b < B; b++) {                                                                              \
                float t = y[i + b], g = dy[i + b];                                                                     \
                if (dy2) g += dy2[i + b];                                                                              \
                g = t > 0 ? g : g * leak;                                                                              \
                t = t > 0 ? t : t * inverse_leak;                                                                      \
                dy[i + b] = k[b] * g - m[b] - v[b] * ((t - c[b]) * r[b]);                                              \
            }                                                                                                          \
    }
DEFINE_GRADIENT(16)
DEFINE_GRADIENT(8)

void ckernels_norm_gradient(
    const float *y, float *dy, const float *dy2, int64_t voxels, int lanes, const float *shift,
    const float *inverse_scale, float leak, const float *a, const float *b, const float *c) {
    if (lanes == 16) gradient_16(y, dy, dy2, voxels, shift, inverse_scale, leak, a, b, c);
    else if (lanes == 8) gradient_8(y, dy, dy2, voxels, shift, inverse_scale, leak, a, b, c);
    else {
        float lane[5][L];
        const float *values[5] = {shift, inverse_scale, a, b, c};
        for (int i = 0; i < 5; i++) broadcast(lane[i], values[i][0]);
        int64_t rows = voxels / L;
        gradient_16(y, dy, dy2, rows, lane[0], lane[1], leak, lane[2], lane[3], lane[4]);
        for (int64_t s = rows * L; s < voxels; s++) {
            float g = dy[s] + (dy2 ? dy2[s] : 0), t = y[s];
            g = t > 0 ? g : g * leak;
            t = t > 0 ? t : t * (1 / leak);
            dy[s] = a[0] * g - b[0] - c[0] * ((t - shift[0]) * inverse_scale[0]);
        }
    }
}

// ---- optimizer and sums --------------------------------------------------------------------------------------------

CLONES void ckernels_sgd(
    float *restrict w, float *restrict m, const float *restrict g, int64_t count, float scale, float rate,
    float momentum, float decay, int first) {
    if (first) {
        for (int64_t i = 0; i < count; i++) {
            float d = scale * g[i] + decay * w[i];
            m[i] = d;
            w[i] -= rate * (d + momentum * d);
        }
    } else {
        for (int64_t i = 0; i < count; i++) {
            float d = scale * g[i] + decay * w[i];
            float v = momentum * m[i] + d;
            m[i] = v;
            w[i] -= rate * (d + momentum * v);
        }
    }
}

CLONES double ckernels_sum_of_squares(const float *x, int64_t count) {
    double lanes[L] = {0}, total = 0;
    int64_t whole = count / L * L;
    for (int64_t i = 0; i < whole; i += L)
        for (int b = 0; b < L; b++) lanes[b] += (double)x[i + b] * (double)x[i + b];
    for (int64_t i = whole; i < count; i++) total += (double)x[i] * (double)x[i];
    for (int b = 0; b < L; b++) total += lanes[b];
    return total;
}

CLONES double ckernels_sum(const float *x, int64_t count) {
    double lanes[L] = {0}, total = 0;
    int64_t whole = count / L * L;
    for (int64_t i = 0; i < whole; i += L)
        for (int b = 0; b < L; b++) lanes[b] += x[i + b];
    for (int64_t i = whole; i < count; i++) total += x[i];
    for (int b = 0; b < L; b++) total += lanes[b];
    return total;
}
