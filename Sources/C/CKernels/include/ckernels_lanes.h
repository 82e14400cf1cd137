// Between blocked activations and float32 matrices.
#pragma once
#include "ckernels_elements.h"

/// Rows of a block's `width` lanes, of which `used` hold channels, to rows of a matrix: out[r * stride + b] = x[r *
/// width + b].
void ckernels_unpack_lanes(
    const void *x, ckernels_element element, int64_t rows, int width, int used, float *out, int64_t stride);

/// Back: x[r * width + b] = in[r * stride + b], or += when adding; lanes beyond `used` become 0.
void ckernels_pack_lanes(
    const float *in, int64_t stride, int64_t rows, int width, int used, int adding, void *x, ckernels_element element);
