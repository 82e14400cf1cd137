// What compiling (onednn.c) and running or freeing (onednn_run.c) a convolution share.
#pragma once
#include <dnnl.h>

#include "ckernels_onednn.h"
#include "weights.h"

enum { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS, DIRECTIONS };

// One compiled primitive and what it reads and writes. The conversions are NULL where the layouts agree.
typedef struct {
    dnnl_primitive_desc_t description;
    dnnl_primitive_t primitive;
    dnnl_memory_t source, weights, destination, scratchpad;  // the last argument is the one that it writes
    dnnl_memory_desc_t source_layout, weight_layout;
    weight_layout blocks;            // the same where it is blocks of 16 x 16 channels
    size_t scratch_bytes, gradient_offset;  // scratch memory; where in it the gradient of the weights lies
} direction_t;

struct ckonednn_convolution {
    ckonednn_shape shape;
    dnnl_stream_t stream;
    direction_t directions[DIRECTIONS];
    dnnl_memory_t plain_weights;         // the caller's weights (or their gradient), any address
    dnnl_memory_desc_t plain_layout, activation_layout;
    dnnl_memory_t plain_source;          // the caller's input where the primitive wants another layout
    dnnl_primitive_t pack[2], unpack;    // the same for other layouts: to forward and backward data; gradient back
    dnnl_primitive_t convert[DIRECTIONS];  // the caller's input to the layout of a direction
    void *packed[2];                     // weights for forward and backward data; NULL where another convolution has them
    void *converted[DIRECTIONS];         // input in the layout that a direction wants
    void *widened;                       // input with its padding written out, for the gradient of the weights
    int64_t margin[3];                   // voxels of that padding in front of and behind each axis
};
