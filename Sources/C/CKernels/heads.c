// Segmentation heads for every element of the features.
#include "kernels.h"

#define ELEMENT float32
#define TYPE float
#include "head_kernels.h"

#define ELEMENT bfloat16
#define TYPE uint16_t
#include "head_kernels.h"

void ckernels_head_forward(
    const void *x, ckernels_element element, int64_t block_stride, int blocks, int lanes, int64_t voxels,
    const float *weights, const float *bias, int heads, float *out, int64_t head_stride) {
    if (element == CKERNELS_BFLOAT16)
        head_forward_bfloat16(x, block_stride, blocks, lanes, voxels, weights, bias, heads, out, head_stride);
    else head_forward_float32(x, block_stride, blocks, lanes, voxels, weights, bias, heads, out, head_stride);
}

void ckernels_head_backward_data(
    void *dx, ckernels_element element, int lanes, int64_t voxels, const float *weights, int64_t weight_stride, int heads,
    const float *dout, int64_t head_stride, int accumulate) {
    if (element == CKERNELS_BFLOAT16)
        head_backward_data_bfloat16(dx, lanes, voxels, weights, weight_stride, heads, dout, head_stride, accumulate);
    else head_backward_data_float32(dx, lanes, voxels, weights, weight_stride, heads, dout, head_stride, accumulate);
}

void ckernels_head_backward_weights(
    const void *x, ckernels_element element, int lanes, int64_t voxels, int heads, const float *dout,
    int64_t head_stride, double *dw) {
    if (element == CKERNELS_BFLOAT16)
        head_backward_weights_bfloat16(x, lanes, voxels, heads, dout, head_stride, dw);
    else head_backward_weights_float32(x, lanes, voxels, heads, dout, head_stride, dw);
}
