// What the parts of Winograd's convolution share.
#pragma once
#include <immintrin.h>

#include "kernels.h"

#define WIDE __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))

// FREQUENCIES of a tile: 4 along each axis. PANEL: output channels of a column of weights, two registers.
enum { FREQUENCIES = CKERNELS_WINOGRAD_FREQUENCIES, PANEL = CKERNELS_WINOGRAD_PANEL };

typedef struct {
    int64_t tiles[3];  // along D, H, W
    int64_t voxels;
} tiling;

static inline tiling tiling_of(const ckernels_winograd *shape) {
    tiling t = {.voxels = 1};
    for (int axis = 0; axis < 3; axis++) {
        t.tiles[axis] = (shape->size[axis] + 1) / 2;
        t.voxels *= shape->size[axis];
    }
    return t;
}

static inline int64_t panels_of(int64_t channels) { return (channels + PANEL - 1) / PANEL; }
