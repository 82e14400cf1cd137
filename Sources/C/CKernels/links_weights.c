// Plain weights into panels of factors, and sums of their gradient back.
#include "links.h"

int64_t ckernels_links_weights(ckernels_links shape) {
    return panels_of(shape.target_channels) * shape.taps * shape.source_channels * PANEL;
}

// Where the factors of a tap of 16 by 16 channels begin in panels of the one and rows of the other, in words.
static inline int64_t place_of(
    const ckernels_links *shape, int64_t tap, int64_t panel_block, int64_t row_block, int64_t rows) {
    int64_t words = is_paired(shape) ? 8 : 16;
    return ((panel_block / 2 * shape->taps + tap) * rows / 16 + row_block) * words * PANEL + panel_block % 2 * 16;
}

#define DEFINE_PACK(FACTORS, TARGET)                                                                                   \
    TARGET static void PAIR(pack, FACTORS)(                                                                            \
        const ckernels_links *shape, const float *square, int64_t target, int64_t source, float *packed,               \
        float *exchanged) {                                                                                            \
        for (int64_t t = 0; t < shape->taps; t++) {                                                                    \
            __m512 rows[16];                                                                                           \
            load_rows(square + t * 256, rows);                                                                         \
            PAIR(put_rows, FACTORS)(rows, packed + place_of(shape, t, target, source, shape->source_channels), PANEL); \
            if (!exchanged) continue;                                                                                  \
            transpose(rows);                                                                                           \
            PAIR(put_rows, FACTORS)                                                                                    \
            (rows, exchanged + place_of(shape, t, source, target, shape->target_channels), PANEL);                     \
        }                                                                                                              \
    }
DEFINE_PACK(float32, WIDE)
DEFINE_PACK(bfloat16, WIDE_BFLOAT16)

void ckernels_links_pack(
    ckernels_links shape, ckernels_links_plain plain, const float *weights, int64_t target, int64_t source,
    void *packed, void *exchanged) {
    _Alignas(64) float square[SQUARE_TAPS * 256];
    plain_square lanes = {plain.target_stride, plain.source_stride, plain.volume, shape.taps, plain.places};
    load_square(&lanes, weights + 16 * (target * plain.target_stride + source * plain.source_stride), square);
    if (is_paired(&shape)) pack_bfloat16(&shape, square, target, source, packed, exchanged);
    else pack_float32(&shape, square, target, source, packed, exchanged);
}

void links_store_gradient(
    const ckernels_links *shape, const ckernels_links_plain *plain, const float *sums, int64_t row, int64_t panel,
    float *weights) {
    plain_square lanes = {plain->source_stride, plain->target_stride, plain->volume, shape->taps, plain->places};
    for (int i = 0; i < STEP; i++)
        for (int j = 0; j < registers_of(shape->source_channels, panel); j++) {
            int64_t target = row * STEP + i, source = panel * PANEL + j * 16;
            store_lanes(
                &lanes, sums + i * PANEL + j * 16, STEP * PANEL,
                weights + target * plain->target_stride + source * plain->source_stride);
        }
}
