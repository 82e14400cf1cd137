// Average pooling for every kind of block; a plain layout has blocks of one lane.
#include "kernels.h"

#define B 16
#define ELEMENT float32
#define TYPE float
#include "pooling_kernels.h"

#define B 8
#define ELEMENT float32
#define TYPE float
#include "pooling_kernels.h"

#define B 1
#define ELEMENT float32
#define TYPE float
#include "pooling_kernels.h"

#define B 16
#define ELEMENT bfloat16
#define TYPE uint16_t
#include "pooling_kernels.h"

void ckernels_average(
    const void *x, ckernels_element element, ckernels_box box, int64_t count, int lanes, void *y) {
    if (element == CKERNELS_BFLOAT16) average_bfloat16_16(x, box, count, y);
    else if (lanes == 16) average_float32_16(x, box, count, y);
    else if (lanes == 8) average_float32_8(x, box, count, y);
    else average_float32_1(x, box, count, y);
}

void ckernels_average_gradient(
    const void *dy, ckernels_element element, ckernels_box box, int64_t count, int lanes, int adding, void *dx) {
    if (element == CKERNELS_BFLOAT16) average_gradient_bfloat16_16(dy, box, count, adding, dx);
    else if (lanes == 16) average_gradient_float32_16(dy, box, count, adding, dx);
    else if (lanes == 8) average_gradient_float32_8(dy, box, count, adding, dx);
    else average_gradient_float32_1(dy, box, count, adding, dx);
}
