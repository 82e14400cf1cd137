// Weights in and out of blocks, one row of 16 output channels at a time.
#include "weights.h"

#include "squares.h"

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

weight_order find_weight_order(const weight_layout *layout) {
    int has_outputs_inside = 1, has_inputs_inside = 1, width = layout->element == CKERNELS_BFLOAT16 ? 2 : 1;
    for (int o = 0; o < 16; o++)
        for (int i = 0; i < 16; i++) {
            int place = layout->place[o * 16 + i];
            has_outputs_inside &= place == (i / width * 16 + o) * width + i % width;
            has_inputs_inside &= place == (o / width * 16 + i) * width + o % width;
        }
    // Kernels for AVX-512 take these, for the taps of two registers.
    if (layout->taps > SQUARE_TAPS || !ckernels_is_wide(layout->element)) return WEIGHTS_IN_ANY_ORDER;
    return has_outputs_inside ? OUTPUTS_INSIDE : has_inputs_inside ? INPUTS_INSIDE : WEIGHTS_IN_ANY_ORDER;
}

// The taps of a kernel, all in use.
static const int32_t all_taps[SQUARE_TAPS] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13,
                                              14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26};

// Lanes are the channels that lie inside.
static plain_square lanes_of(const weight_layout *layout) {
    int64_t outputs = layout->plain_output_stride, inputs = layout->plain_input_stride;
    int is_exchanged = layout->order == INPUTS_INSIDE;
    return (plain_square){
        is_exchanged ? inputs : outputs, is_exchanged ? outputs : inputs, layout->taps, layout->taps, all_taps};
}

#define DEFINE_PACK_SQUARES(ELEMENT, TARGET)                                                                           \
    TARGET static void PAIR(pack_squares, ELEMENT)(                                                                    \
        const weight_layout *layout, int64_t row, const float *plain, char *blocked, int64_t scalar_bytes) {           \
        _Alignas(64) float square[SQUARE_TAPS * 256];                                                                  \
        plain_square lanes = lanes_of(layout);                                                                         \
        for (int64_t column = 0; column < layout->input_blocks; column++) {                                            \
            load_square(&lanes, plain + PLAIN(row, column, 0, 0), square);                                             \
            char *to = blocked + BLOCKED(row, column, 0, 0) * scalar_bytes;                                            \
            for (int64_t tap = 0; tap < layout->taps; tap++, to += WEIGHT_BLOCK * scalar_bytes) {                      \
                __m512 rows[16];                                                                                       \
                load_rows(square + tap * 256, rows);                                                                   \
                PAIR(put_rows, ELEMENT)(rows, (float *)to, 16);                                                        \
            }                                                                                                          \
        }                                                                                                              \
    }
DEFINE_PACK_SQUARES(float32, WIDE)
DEFINE_PACK_SQUARES(bfloat16, WIDE_BFLOAT16)

void pack_weight_row(const weight_layout *layout, int64_t row, const float *plain, void *blocked) {
    int is_bfloat16 = layout->element == CKERNELS_BFLOAT16;
    if (layout->order != WEIGHTS_IN_ANY_ORDER) {
        if (is_bfloat16) pack_squares_bfloat16(layout, row, plain, blocked, sizeof(uint16_t));
        else pack_squares_float32(layout, row, plain, blocked, sizeof(float));
    } else if (is_bfloat16) {
        pack_bfloat16(layout, row, plain, blocked);
    } else {
        pack_float32(layout, row, plain, blocked);
    }
}

// Blocks back: rows of inputs as they are, or turned where outputs lie inside.
WIDE static void unpack_squares(const weight_layout *layout, int64_t row, const float *blocked, float *plain) {
    _Alignas(64) float square[SQUARE_TAPS * WEIGHT_BLOCK];
    plain_square lanes = {
        layout->plain_input_stride, layout->plain_output_stride, layout->taps, layout->taps, all_taps};
    for (int64_t column = 0; column < layout->input_blocks; column++) {
        const float *from = blocked + BLOCKED(row, column, 0, 0);
        for (int64_t tap = 0; tap < layout->taps && layout->order == OUTPUTS_INSIDE; tap++) {
            __m512 rows[16];
            load_rows(from + tap * WEIGHT_BLOCK, rows);
            transpose(rows);
            for (int o = 0; o < 16; o++) _mm512_store_ps(square + tap * WEIGHT_BLOCK + o * 16, rows[o]);
        }
        if (layout->order == OUTPUTS_INSIDE) from = square;
        for (int o = 0; o < 16; o++) store_lanes(&lanes, from + o * 16, WEIGHT_BLOCK, plain + PLAIN(row, column, o, 0));
    }
}

void unpack_weight_row(const weight_layout *layout, int64_t row, const float *blocked, float *plain) {
    if (layout->order != WEIGHTS_IN_ANY_ORDER) return unpack_squares(layout, row, blocked, plain);
    for (int64_t column = 0; column < layout->input_blocks; column++)
        for (int o = 0; o < 16; o++)
            for (int i = 0; i < 16; i++) {
                const float *from = blocked + BLOCKED(row, column, o, i);
                float *to = plain + PLAIN(row, column, o, i);
                for (int64_t tap = 0; tap < layout->taps; tap++) to[tap] = from[tap * WEIGHT_BLOCK];
            }
}
