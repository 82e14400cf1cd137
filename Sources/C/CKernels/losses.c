// Softmax and sigmoid losses: statistics and gradient, in place.
#include <math.h>

#include "kernels.h"

// e^x for x <= 0 to 2 units in the last place: 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2] (Cody and Waite).
static inline float exponential(float x) {
    x = x < -87.0f ? -87.0f : x;
    float n = __builtin_rintf(x * 1.44269504f);
    float r = x - n * 0.693145752f - n * 1.42860677e-6f;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    union { int32_t i; float f; } power = {.i = ((int32_t)n + 127) << 23};
    return p * power.f;
}

CLONES double ckernels_softmax_statistics(
    float *z, int64_t stride, int heads, int64_t voxels, const int16_t *targets, int ignore, double *sums) {
    double loss = 0;
    for (int i = 0; i < 3 * heads; i++) sums[i] = 0;
    for (int64_t start = 0; start < voxels; start += TILE) {
        int64_t n = least(TILE, voxels - start);
        float top[TILE], total[TILE], aim[TILE], inverse[TILE], counted[TILE];
        const int16_t *t = targets + start;
        for (int64_t s = 0; s < n; s++) {
            top[s] = z[start + s];
            counted[s] = t[s] == ignore ? 0.0f : 1.0f;
            total[s] = aim[s] = 0;
        }
        for (int h = 1; h < heads; h++) {
            const float *v = z + h * stride + start;
            for (int64_t s = 0; s < n; s++) top[s] = v[s] > top[s] ? v[s] : top[s];
        }
        for (int h = 0; h < heads; h++) {
            float *v = z + h * stride + start;
            for (int64_t s = 0; s < n; s++) {
                float d = v[s] - top[s];
                aim[s] = t[s] == h ? d : aim[s];
                float e = exponential(d);
                e = d == d ? e : d;  // a logit that is not a number stays one
                v[s] = e;
                total[s] += e;
            }
        }
        float part = 0;
        for (int64_t s = 0; s < n; s++) inverse[s] = 1 / total[s];
        for (int64_t s = 0; s < n; s++) part += counted[s] * (logf(total[s]) - aim[s]);
        loss += part;
        for (int h = 0; h < heads; h++) {
            float *v = z + h * stride + start;
            float both = 0, all = 0, truth = 0;
            for (int64_t s = 0; s < n; s++) {
                float p = v[s] * inverse[s];
                float g = t[s] == h ? counted[s] : 0.0f;
                v[s] = p;
                both += p * g;
                all += p * counted[s];
                truth += g;
            }
            sums[3 * h] += both;
            sums[3 * h + 1] += all;
            sums[3 * h + 2] += truth;
        }
    }
    return loss;
}

CLONES void ckernels_softmax_gradient(
    float *p, int64_t stride, int heads, int64_t voxels, const int16_t *targets, int ignore, float ce,
    const float *on_target, const float *everywhere) {
    for (int64_t start = 0; start < voxels; start += TILE) {
        int64_t n = least(TILE, voxels - start);
        float weighted[TILE], counted[TILE];
        const int16_t *t = targets + start;
        for (int64_t s = 0; s < n; s++) {
            weighted[s] = 0;
            counted[s] = t[s] == ignore ? 0.0f : 1.0f;
        }
        for (int h = 0; h < heads; h++) {
            const float *v = p + h * stride + start;
            float on = on_target[h], off = everywhere[h];
            for (int64_t s = 0; s < n; s++) weighted[s] += v[s] * (off + (t[s] == h ? on : 0.0f));
        }
        for (int h = 0; h < heads; h++) {
            float *v = p + h * stride + start;
            float on = on_target[h], off = everywhere[h];
            for (int64_t s = 0; s < n; s++) {
                float g = t[s] == h ? 1.0f : 0.0f;
                v[s] = counted[s] * (ce * (v[s] - g) + v[s] * (off + on * g - weighted[s]));
            }
        }
    }
}

CLONES double ckernels_sigmoid_statistics(
    float *z, int64_t stride, int heads, int64_t voxels, const int16_t *targets, int ignore, const float *membership,
    int labels, double *sums) {
    double loss = 0;
    for (int h = 0; h < heads; h++) {
        double both = 0, all = 0, truth = 0;
        for (int64_t start = 0; start < voxels; start += TILE) {
            int64_t n = least(TILE, voxels - start);
            float *v = z + h * stride + start;
            const int16_t *t = targets + start;
            float part_both = 0, part_all = 0, part_truth = 0, part = 0;
            for (int64_t s = 0; s < n; s++) {
                float counted = t[s] == ignore ? 0.0f : 1.0f;
                float g = counted * membership[h * labels + t[s]];
                float x = v[s], size = x < 0 ? -x : x;
                float e = exponential(-size);
                float p = (x < 0 ? e : 1.0f) / (1 + e);
                p = x == x ? p : x;  // a logit that is not a number stays one
                part += counted * ((x > 0 ? x : 0.0f) - x * g + log1pf(e));
                v[s] = p;
                part_both += p * g;
                part_all += p * counted;
                part_truth += g;
            }
            loss += part;
            both += part_both;
            all += part_all;
            truth += part_truth;
        }
        sums[3 * h] = both;
        sums[3 * h + 1] = all;
        sums[3 * h + 2] = truth;
    }
    return loss;
}

CLONES void ckernels_sigmoid_gradient(
    float *p, int64_t stride, int heads, int64_t voxels, const int16_t *targets, int ignore, const float *membership,
    int labels, float ce, const float *on_target, const float *everywhere) {
    for (int h = 0; h < heads; h++) {
        float *v = p + h * stride;
        for (int64_t s = 0; s < voxels; s++) {
            float counted = targets[s] == ignore ? 0.0f : 1.0f;
            float g = membership[h * labels + targets[s]];
            v[s] = counted * (ce * (v[s] - g) + (on_target[h] * g + everywhere[h]) * v[s] * (1 - v[s]));
        }
    }
}
