// Convolutions 3×3×3 of stride 1 by Winograd's F(2, 3) along each axis: a tile of 2×2×2 outputs costs 64 products per
// pair of channels instead of 216. Activations are [N, C / 16, D, H, W, 16] in either element; sums are float32.
//
// Tiles come in rows along W, one row per sample, pair of slices and pair of lines; a block is `count` rows from row
// `first` on. A row is split along D and H into 16 lines, one per frequency there, and joined from 16 lines; in
// between, line by line, it is split along W, multiplied by the weights' frequencies, and joined along W. Frequency f =
// 4 · line + x. Only for CPUs with AVX-512.
// Source: A. Lavin and S. Gray, Fast Algorithms for Convolutional Neural Networks, 2016.
#pragma once
#include "ckernels_wide.h"

#define CKERNELS_WINOGRAD_LINES 16

typedef struct {
    int64_t batch, input_channels, output_channels;
    int64_t size[3];
    ckernels_element element;
    /// What is multiplied: float32, or frequencies rounded to bfloat16, with sums in float32.
    ckernels_element factors;
} ckernels_winograd;

/// Floats of the lines of a block: of its inputs, and of its outputs or their gradient.
int64_t ckernels_winograd_input_lines(ckernels_winograd shape, int64_t count);
int64_t ckernels_winograd_output_lines(ckernels_winograd shape, int64_t count);

/// Floats that multiplying and correlating need beside.
int64_t ckernels_winograd_scratch(ckernels_winograd shape);

/// Numbers of transformed weights and of their gradient, [64, ⌈Cout / 32⌉, Cin, 32]. The weights are factors, in
/// bfloat16 with pairs of input channels side by side, [64, ⌈Cout / 32⌉, Cin / 2, 32, 2]; the gradient is float32.
int64_t ckernels_winograd_weights(ckernels_winograd shape);

/// Transforms the weights of a panel of output channels and of 16 input channels, a group. Tap t of output channel o
/// and input channel i lies at weights[o * output_stride + i * input_stride + t]; `flipped` takes the taps backwards,
/// for the gradient of the input.
void ckernels_winograd_transform(
    ckernels_winograd shape, const float *weights, int64_t output_stride, int64_t input_stride, int flipped,
    int64_t panel, int64_t group, void *transformed);

/// The lines of the input of rows [begin, end) of a block.
void ckernels_winograd_split_input(
    ckernels_winograd shape, int64_t first, int64_t count, int64_t begin, int64_t end, const void *input, float *lines);

/// The lines of the gradient of the output of rows [begin, end) of a block.
void ckernels_winograd_split_gradient(
    ckernels_winograd shape, int64_t first, int64_t count, int64_t begin, int64_t end, const void *gradient,
    float *lines);

/// One line of the output of a block, from the same line of its input.
void ckernels_winograd_multiply(
    ckernels_winograd shape, int64_t count, int line, const float *input, const void *transformed, float *output,
    float *scratch);

/// The output of rows [begin, end) of a block from its lines; `adding` to what it holds, or in its place.
void ckernels_winograd_join(
    ckernels_winograd shape, int64_t first, int64_t count, int64_t begin, int64_t end, const float *lines, int adding,
    void *output);

/// The gradient of the transformed weights of a line, from that line of the input and of the gradient of the output of
/// a block; `adding` to what was there, or in its place.
void ckernels_winograd_correlate(
    ckernels_winograd shape, int64_t count, int line, const float *input, const float *output_gradient, int adding,
    float *gradient, float *scratch);

/// Sums `parts` gradients of transformed weights, in their order, and takes those of a panel and a group back to taps.
void ckernels_winograd_gather(
    ckernels_winograd shape, const float *gradients, int64_t parts, int64_t panel, int64_t group, float *weights,
    int64_t output_stride, int64_t input_stride);
