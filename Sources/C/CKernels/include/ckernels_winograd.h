// Convolutions 3×3×3 of stride 1 by Winograd's F(2, 3) along each axis: a tile of 2×2×2 outputs costs 64 products per
// pair of channels instead of 216. Activations are [N, C / 16, D, H, W, 16] in either element; all arithmetic is float32.
//
// Tiles come in rows along W, one row per sample, pair of slices and pair of lines. What the 64 products of a tile are
// made of is called its frequencies: for some tiles T of C channels, frequency f of them is a matrix [T, C] that begins at
// f * pitch. Only for CPUs with AVX-512.
// Source: A. Lavin and S. Gray, Fast Algorithms for Convolutional Neural Networks, 2016.
#pragma once
#include "ckernels_elements.h"

#define CKERNELS_WINOGRAD_FREQUENCIES 64

/// Output channels of a panel of transformed weights.
#define CKERNELS_WINOGRAD_PANEL 32

typedef struct {
    int64_t batch, input_channels, output_channels;
    int64_t size[3];
    ckernels_element element;
} ckernels_winograd;

/// Whether this CPU has the instructions (AVX-512 F, BW, DQ, VL).
int ckernels_winograd_is_supported(void);

/// Rows of tiles of all samples, and tiles of a row.
int64_t ckernels_winograd_rows(ckernels_winograd shape);
int64_t ckernels_winograd_row_tiles(ckernels_winograd shape);

/// Floats from one frequency to the next.
int64_t ckernels_winograd_pitch(int64_t tiles, int64_t channels);

/// Floats of memory that splitting inputs needs beside.
int64_t ckernels_winograd_columns(ckernels_winograd shape);

/// Floats of transformed weights, [64, ⌈Cout / 32⌉, Cin, 32].
int64_t ckernels_winograd_weights(ckernels_winograd shape);

/// Transforms the weights of a panel of output channels and of 16 input channels, a block. Tap t of output channel o and
/// input channel i lies at weights[o * output_stride + i * input_stride + t]; `flipped` takes the taps backwards, for the
/// gradient of the input.
void ckernels_winograd_transform(
    ckernels_winograd shape, const float *weights, int64_t output_stride, int64_t input_stride, int flipped, int64_t panel,
    int64_t block, float *transformed);

/// The frequencies of the input of rows [first, first + count).
void ckernels_winograd_split_input(
    ckernels_winograd shape, int64_t first, int64_t count, const void *input, float *frequencies, int64_t pitch,
    float *columns);

/// The frequencies of the gradient of the output of these rows.
void ckernels_winograd_split_gradient(
    ckernels_winograd shape, int64_t first, int64_t count, const void *gradient, float *frequencies, int64_t pitch);

/// The output of rows [first, first + count) from its frequencies; `adding` to what it holds, or in its place.
void ckernels_winograd_join(
    ckernels_winograd shape, int64_t first, int64_t count, const float *frequencies, int64_t pitch, int adding, void *output);

/// Frequencies [first, last) of the output of some tiles, from those of their input.
void ckernels_winograd_multiply(
    ckernels_winograd shape, int first, int last, int64_t tiles, const float *input, const float *transformed,
    float *output);

/// Frequencies [first, last) of the gradient of the transformed weights, from those of the input and of the gradient of
/// the output of some tiles; `adding` to what was there, or in its place.
void ckernels_winograd_correlate(
    ckernels_winograd shape, int first, int last, int64_t tiles, const float *input, const float *output_gradient, int adding,
    float *gradient);

/// Sums `parts` gradients of transformed weights, in their order, and takes those of a panel and a block back to taps.
void ckernels_winograd_gather(
    ckernels_winograd shape, const float *gradients, int64_t parts, int64_t panel, int64_t block, float *weights,
    int64_t output_stride, int64_t input_stride);
