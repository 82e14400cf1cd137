// Between activations and lines, in either element.
#include "winograd_axis.h"

#define ELEMENT float32
#define TYPE float
#include "winograd_lines.h"
#define ELEMENT bfloat16
#define TYPE uint16_t
#include "winograd_lines.h"

int64_t ckernels_winograd_input_lines(ckernels_winograd shape, int64_t count) {
    tiling t = tiling_of(&shape);
    return LINES * line_pitch(shape.input_channels, count, input_width(&t));
}

int64_t ckernels_winograd_output_lines(ckernels_winograd shape, int64_t count) {
    tiling t = tiling_of(&shape);
    return LINES * line_pitch(shape.output_channels, count, output_width(&t));
}

void ckernels_winograd_split_input(
    ckernels_winograd shape, int64_t first, int64_t count, int64_t begin, int64_t end, const void *input,
    float *lines) {
    tiling t = tiling_of(&shape);
    int64_t width = input_width(&t), stride = count * width * 16;
    int64_t pitch = line_pitch(shape.input_channels, count, width);
    for (int64_t row = begin; row < end; row++) {
        float *to = lines + row * width * 16;
        if (shape.element == CKERNELS_BFLOAT16) split_input_bfloat16(&shape, &t, first + row, input, to, pitch, stride);
        else split_input_float32(&shape, &t, first + row, input, to, pitch, stride);
    }
}

void ckernels_winograd_split_gradient(
    ckernels_winograd shape, int64_t first, int64_t count, int64_t begin, int64_t end, const void *gradient,
    float *lines) {
    tiling t = tiling_of(&shape);
    int64_t width = output_width(&t), stride = count * width * 16;
    int64_t pitch = line_pitch(shape.output_channels, count, width);
    for (int64_t row = begin; row < end; row++) {
        float *to = lines + row * width * 16;
        if (shape.element == CKERNELS_BFLOAT16)
            split_gradient_bfloat16(&shape, &t, first + row, gradient, to, pitch, stride);
        else split_gradient_float32(&shape, &t, first + row, gradient, to, pitch, stride);
    }
}

void ckernels_winograd_join(
    ckernels_winograd shape, int64_t first, int64_t count, int64_t begin, int64_t end, const float *lines, int adding,
    void *output) {
    tiling t = tiling_of(&shape);
    int64_t width = output_width(&t), stride = count * width * 16;
    int64_t pitch = line_pitch(shape.output_channels, count, width);
    for (int64_t row = begin; row < end; row++) {
        const float *from = lines + row * width * 16;
        if (shape.element == CKERNELS_BFLOAT16)
            join_bfloat16(&shape, &t, first + row, from, pitch, stride, adding, output);
        else join_float32(&shape, &t, first + row, from, pitch, stride, adding, output);
    }
}
