// The one door to oneDNN: what depends on its version (2.6 here) stands in onednn.c.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "ckernels_elements.h"

/// One convolution or transposed convolution, compiled for one shape.
///
/// Activations are in blocks of channels, [N, C / block, D, H, W, block] with the last block filled up by zeros; the
/// block is ckonednn_block(). A network's input (`plain_input`) is float32 [N, C, D, H, W] instead. Weights and their
/// gradient are float32 for the caller.
typedef struct {
    int64_t batch, input_channels, output_channels;
    int64_t input[3];   // D, H, W of the input
    int64_t output[3];  // D, H, W of the output
    int64_t kernel[3], stride[3];
    int64_t padding[3];         // voxels in front of and behind each axis; 0 for a transposed convolution
    int transposed;             // weights [in, out, k...], output = input * stride
    int plain_input;            // the input is [N, C, D, H, W] and needs no gradient
    int accumulates;            // forward adds to the output instead of replacing it
    int needs_backward;         // compile the gradients too
    ckernels_element element;   // of activations and their gradients
    int64_t weight_channel_stride;  // elements between neighbours on the weights' first axis (a view into wider weights)
} ckonednn_shape;

typedef struct ckonednn_convolution ckonednn_convolution;

/// Channels per block that this CPU's kernels work on: 16 with AVX-512, else 8.
int ckonednn_block(void);

/// Whether this CPU multiplies bfloat16 in hardware.
int ckonednn_has_fast_bfloat16(void);

/// Version as "2.6.3", and the instruction set in use.
const char *ckonednn_version(void);
const char *ckonednn_instruction_set(void);

/// Compiles; NULL when oneDNN has no implementation, with the reason in `problem` (of `capacity` bytes).
ckonednn_convolution *ckonednn_make(const ckonednn_shape *shape, char *problem, size_t capacity);
void ckonednn_free(ckonednn_convolution *convolution);

/// Bytes of scratch memory that any call on this convolution may use.
size_t ckonednn_scratch_bytes(const ckonednn_convolution *convolution);

/// Names of the implementations chosen for forward, backward data and backward weights.
const char *ckonednn_implementation(const ckonednn_convolution *convolution, int direction);

/// Takes over weights [out, in, k...] (transposed: [in, out, k...]). Where a direction
/// (0 forward, 1 backward data) has weight rows, each of them is packed by a call of its own, on any thread.
void ckonednn_set_weights(ckonednn_convolution *convolution, const float *weights);
int64_t ckonednn_weight_rows(const ckonednn_convolution *convolution, int direction);
void ckonednn_pack_row(ckonednn_convolution *convolution, int direction, int64_t row, const float *weights);

/// From now on uses the weights that `owner` is given, which must outlive it, and has no rows of its own. Returns 0,
/// and changes nothing, where their layouts differ.
int ckonednn_share_weights(ckonednn_convolution *convolution, const ckonednn_convolution *owner);

/// Each returns 0, or oneDNN's status.
int ckonednn_forward(ckonednn_convolution *convolution, const void *input, void *output, void *scratch);
int ckonednn_backward_data(
    ckonednn_convolution *convolution, const void *output_gradient, void *input_gradient, void *scratch);
/// Replaces the gradient of the weights (in the weights' own layout and strides). Where direction 2 has
/// weight rows, those are taken out afterwards, each by a call of ckonednn_unpack_row with the same scratch memory.
int ckonednn_backward_weights(
    ckonednn_convolution *convolution, const void *input, const void *output_gradient, float *weight_gradient,
    void *scratch);
void ckonednn_unpack_row(ckonednn_convolution *convolution, int64_t row, void *scratch, float *weight_gradient);
