// Weights in and out of blocks, one row of 16 output channels at a time.
#include "weights.h"

#include "kernels.h"

// Scalars of the plain weights and of the blocked ones, tap 0 of output channel o and input channel i of a block.
#define PLAIN(row, column, o, i)                                                                                       \
    (((row) * 16 + (o)) * layout->plain_output_stride + ((column) * 16 + (i)) * layout->plain_input_stride)
#define BLOCKED(row, column, o, i)                                                                                     \
    ((row) * layout->output_stride + (column) * layout->input_stride + layout->place[(o) * 16 + (i)])

#define DEFINE_PACK(ELEMENT, TYPE)                                                                                     \
    static void PAIR(pack, ELEMENT)(const weight_layout *layout, int64_t row, const float *plain, TYPE *blocked) {     \
        for (int64_t column = 0; column < layout->input_blocks; column++)                                              \
            for (int o = 0; o < 16; o++)                                                                               \
                for (int i = 0; i < 16; i++) {                                                                         \
                    const float *from = plain + PLAIN(row, column, o, i);                                              \
                    TYPE *to = blocked + BLOCKED(row, column, o, i);                                                   \
                    for (int64_t tap = 0; tap < layout->taps; tap++)                                                   \
                        PAIR(store, ELEMENT)(to + tap * WEIGHT_BLOCK, from[tap]);                                      \
                }                                                                                                      \
    }
DEFINE_PACK(float32, float)
DEFINE_PACK(bfloat16, uint16_t)

void pack_weight_row(const weight_layout *layout, int64_t row, const float *plain, void *blocked) {
    if (layout->element == CKERNELS_BFLOAT16) pack_bfloat16(layout, row, plain, blocked);
    else pack_float32(layout, row, plain, blocked);
}

void unpack_weight_row(const weight_layout *layout, int64_t row, const float *blocked, float *plain) {
    for (int64_t column = 0; column < layout->input_blocks; column++)
        for (int o = 0; o < 16; o++)
            for (int i = 0; i < 16; i++) {
                const float *from = blocked + BLOCKED(row, column, o, i);
                float *to = plain + PLAIN(row, column, o, i);
                for (int64_t tap = 0; tap < layout->taps; tap++) to[tap] = from[tap * WEIGHT_BLOCK];
            }
}
