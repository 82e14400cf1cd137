// Average pooling for every kind of block.
#include "kernels.h"

#define KERNELS "pooling_kernels.h"
#include "kinds.h"

void ckernels_average(
    const void *x, ckernels_element element, ckernels_box box, int64_t count, int lanes, void *y) {
    DISPATCH(average, x, box, count, y);
}

void ckernels_average_gradient(
    const void *dy, ckernels_element element, ckernels_box box, int64_t count, int lanes, int adding, void *dx) {
    DISPATCH(average_gradient, dy, box, count, adding, dx);
}
