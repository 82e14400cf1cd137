// Rows of lanes in and out of blocks.
#include "kernels.h"

#define DEFINE_LANES(ELEMENT, TYPE)                                                                                    \
    CLONES static void PAIR(unpack, ELEMENT)(                                                                          \
        const TYPE *x, int64_t rows, int width, int used, float *out, int64_t stride) {                                \
        for (int64_t r = 0; r < rows; r++)                                                                             \
            for (int b = 0; b < used; b++) out[r * stride + b] = PAIR(load, ELEMENT)(x + r * width + b);               \
    }                                                                                                                  \
    CLONES static void PAIR(pack, ELEMENT)(                                                                            \
        const float *in, int64_t stride, int64_t rows, int width, int used, int adding, TYPE *x) {                     \
        for (int64_t r = 0; r < rows; r++) {                                                                           \
            for (int b = 0; b < used; b++) {                                                                           \
                float before = adding ? PAIR(load, ELEMENT)(x + r * width + b) : 0;                                    \
                PAIR(store, ELEMENT)(x + r * width + b, before + in[r * stride + b]);                                  \
            }                                                                                                          \
            for (int b = used; b < width; b++) x[r * width + b] = 0;                                                   \
        }                                                                                                              \
    }
DEFINE_LANES(float32, float)
DEFINE_LANES(bfloat16, uint16_t)

void ckernels_unpack_lanes(
    const void *x, ckernels_element element, int64_t rows, int width, int used, float *out, int64_t stride) {
    if (element == CKERNELS_BFLOAT16) unpack_bfloat16(x, rows, width, used, out, stride);
    else unpack_float32(x, rows, width, used, out, stride);
}

void ckernels_pack_lanes(
    const float *in, int64_t stride, int64_t rows, int width, int used, int adding, void *x, ckernels_element element) {
    if (element == CKERNELS_BFLOAT16) pack_bfloat16(in, stride, rows, width, used, adding, x);
    else pack_float32(in, stride, rows, width, used, adding, x);
}
