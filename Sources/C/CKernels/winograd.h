// What the parts of Winograd's convolution share.
#pragma once
#include "wide.h"

// LINES: frequencies along D and H. FREQUENCIES of a tile: 4 along each axis.
enum { LINES = CKERNELS_WINOGRAD_LINES, FREQUENCIES = 4 * LINES };

// Tiles along each axis.
typedef struct {
    int64_t tiles[3];
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

// Where a row of tiles lies: its sample and its first slice and line of the output.
typedef struct {
    int64_t n, d, h;
} place;

static inline place place_of(const tiling *t, int64_t row) {
    return (place){row / t->tiles[1] / t->tiles[0], row / t->tiles[1] % t->tiles[0] * 2, row % t->tiles[1] * 2};
}

// Registers of a line of a row: the inputs of its tiles overlap by one voxel on either side.
static inline int64_t input_width(const tiling *t) { return 2 * t->tiles[2] + 2; }
static inline int64_t output_width(const tiling *t) { return 2 * t->tiles[2]; }

// Floats from one line of a block to the next, [C / 16, rows, width, 16]: an odd number of cache lines, so that the
// lines of a voxel lie in different sets of the cache.
static inline int64_t line_pitch(int64_t channels, int64_t rows, int64_t width) {
    return (channels / 16 * rows * width | 1) * 16;
}
