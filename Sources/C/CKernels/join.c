// The end of a residual block, for every kind of block.
#include "kernels.h"

#define KERNELS "join_kernels.h"
#include "kinds.h"

void ckernels_affine_add_leaky(
    const void *x, const void *skip, void *y, ckernels_element element, int64_t voxels, int lanes, const float *scale,
    const float *shift, float leak) {
    DISPATCH(affine_add, x, skip, y, voxels, scale, shift, leak);
}

void ckernels_join_gradient_sums(
    const void *y, const void *x, const void *dy, const void *dy2, ckernels_element element, int64_t voxels, int lanes,
    const float *mean, const float *inverse_deviation, float leak, double *sum_g, double *sum_gn) {
    DISPATCH(join_sums, y, x, dy, dy2, voxels, mean, inverse_deviation, leak, sum_g, sum_gn);
}

void ckernels_join_gradient(
    const void *y, const void *x, void *dy, const void *dy2, void *dx, ckernels_element element, int64_t voxels,
    int lanes, const float *mean, const float *inverse_deviation, float leak, const float *factor, const float *mean_g,
    const float *mean_gn) {
    DISPATCH(join_gradient, y, x, dy, dy2, dx, voxels, mean, inverse_deviation, leak, factor, mean_g, mean_gn);
}

#define DEFINE_ADD(ELEMENT, TYPE)                                                                                      \
    CLONES static void PAIR(add, ELEMENT)(const TYPE *restrict x, TYPE *restrict y, int64_t count) {                   \
        for (int64_t i = 0; i < count; i++)                                                                            \
            PAIR(store, ELEMENT)(y + i, PAIR(load, ELEMENT)(y + i) + PAIR(load, ELEMENT)(x + i));                      \
    }
DEFINE_ADD(float32, float)
DEFINE_ADD(bfloat16, uint16_t)

void ckernels_add(const void *x, void *y, ckernels_element element, int64_t count) {
    if (element == CKERNELS_BFLOAT16) add_bfloat16(x, y, count);
    else add_float32(x, y, count);
}
