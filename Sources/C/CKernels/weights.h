// Weights between the caller's plain layout and blocks of 16 x 16 channels.
#pragma once
#include <stdint.h>

#include "ckernels_elements.h"

enum { WEIGHT_BLOCK = 16 * 16 };

/// How the channels of a block follow each other: those of one kind inside those of the other, in bfloat16 with pairs of
/// the outer ones inside; or in any other way.
typedef enum { WEIGHTS_IN_ANY_ORDER, OUTPUTS_INSIDE, INPUTS_INSIDE } weight_order;

/// Where the scalars of a convolution's weights lie in a blocked layout. Scalar (o, i) of a tap lies at
/// place[o % 16 * 16 + i % 16] of its block, taps WEIGHT_BLOCK scalars apart, blocks `output_stride` and
/// `input_stride`.
typedef struct {
    int is_regular;  // 0: the layout is another kind, and nothing else here holds
    ckernels_element element;
    int64_t output_blocks, input_blocks, taps;
    int64_t output_stride, input_stride;              // scalars between blocks
    int64_t plain_output_stride, plain_input_stride;  // scalars between channels of the plain weights, taps in a row
    uint16_t place[WEIGHT_BLOCK];
    weight_order order;
} weight_layout;

/// The order that element and places come to.
weight_order find_weight_order(const weight_layout *layout);

/// Fills the blocks of 16 output channels from float32 weights, or takes float32 weights out of them.
void pack_weight_row(const weight_layout *layout, int64_t row, const float *plain, void *blocked);
void unpack_weight_row(const weight_layout *layout, int64_t row, const float *blocked, float *plain);
