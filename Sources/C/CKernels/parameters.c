// Passes over flat buffers: the optimizer step, sums in a fixed order.
#include "kernels.h"

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
    double lanes[LANES] = {0}, total = 0;
    int64_t whole = count / LANES * LANES;
    for (int64_t i = 0; i < whole; i += LANES)
        for (int b = 0; b < LANES; b++) lanes[b] += (double)x[i + b] * (double)x[i + b];
    for (int64_t i = whole; i < count; i++) total += (double)x[i] * (double)x[i];
    for (int b = 0; b < LANES; b++) total += lanes[b];
    return total;
}

CLONES double ckernels_sum(const float *x, int64_t count) {
    double lanes[LANES] = {0}, total = 0;
    int64_t whole = count / LANES * LANES;
    for (int64_t i = 0; i < whole; i += LANES)
        for (int b = 0; b < LANES; b++) lanes[b] += x[i + b];
    for (int64_t i = whole; i < count; i++) total += x[i];
    for (int b = 0; b < LANES; b++) total += lanes[b];
    return total;
}
