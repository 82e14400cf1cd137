// Passes over flat float32 buffers.
#pragma once
#include <stdint.h>

/// w, m: stochastic gradient descent with Nesterov momentum over `count` scalars; g is scaled first.
/// g' = scale * g + decay * w; m = first ? g' : momentum * m + g'; w -= rate * (g' + momentum * m).
void ckernels_sgd(
    float *w, float *m, const float *g, int64_t count, float scale, float rate, float momentum, float decay, int first);

/// Sum of squares in a fixed order; not finite if any element is not.
double ckernels_sum_of_squares(const float *x, int64_t count);

/// Sum in double, in a fixed order.
double ckernels_sum(const float *x, int64_t count);
