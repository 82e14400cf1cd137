// What activations are made of. Letters: S voxels, B channels per block (lanes), x[s * B + b]; with B = 1 a slab is one
// channel's contiguous voxels. bfloat16 comes in blocks of 16 only. All sums run in a fixed order, whatever the
// threads.
#pragma once
#include <stdint.h>

/// Most lanes of a block.
#define CKERNELS_LANES 16

typedef enum { CKERNELS_FLOAT32, CKERNELS_BFLOAT16 } ckernels_element;
