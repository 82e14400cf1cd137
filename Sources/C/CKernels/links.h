// What the parts of the convolution along links share.
#pragma once
#include "squares.h"

enum { ROWS = CKERNELS_LINKS_ROWS, STEP = CKERNELS_LINKS_STEP };

static inline int is_paired(const ckernels_links *shape) { return shape->factors == CKERNELS_BFLOAT16; }

// Words of 32 bits that hold the source channels of a tap: one float32 each, or two bfloat16.
static inline int64_t depth_of(const ckernels_links *shape) { return shape->source_channels / (1 + is_paired(shape)); }

// Floats from one unfolded row to the next: an odd number of cache lines, so that rows lie in different sets of the
// cache.
static inline int64_t pitch_of(const ckernels_links *shape, int64_t tap_count) {
    return ((tap_count * depth_of(shape) + 15) / 16 | 1) * 16;
}

// Words of a voxel's 16 channels in a run of samples.
static inline int64_t words_of(const ckernels_links *shape, int64_t samples) {
    return is_paired(shape) ? (samples + 1) / 2 : samples;
}

// Sums [taps, STEP, PANEL] of a row of target channels and a panel of source channels into the plain gradient.
void links_store_gradient(
    const ckernels_links *shape, const ckernels_links_plain *plain, const float *sums, int64_t row, int64_t panel,
    float *weights);
