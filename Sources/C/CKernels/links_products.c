// The products of a convolution along links.
#include "links.h"

#define FACTORS float32
#define MULTIPLY_ADD(sum, a, b) _mm512_fmadd_ps(a, b, sum)
#define TARGET WIDE
#include "links_products.h"

#define FACTORS bfloat16
#define MULTIPLY_ADD(sum, a, b) _mm512_dpbf16_ps(sum, (__m512bh)(a), (__m512bh)(b))
#define TARGET WIDE_BFLOAT16
#include "links_products.h"

WIDE void ckernels_links_multiply(
    ckernels_links shape, ckernels_links_group group, int64_t panel, const float *unfolded, const void *packed,
    int adding, void *target) {
    _Alignas(64) float sums[ROWS * PANEL];
    int64_t depth = depth_of(&shape), pitch = pitch_of(&shape, group.tap_count), blocks = shape.target_channels / 16;
    int registers = registers_of(shape.target_channels, panel);
    const float *weights = (const float *)packed + panel * shape.taps * depth * PANEL;
    if (is_paired(&shape)) multiply_group_bfloat16(&group, registers, depth, unfolded, pitch, weights, sums);
    else multiply_group_float32(&group, registers, depth, unfolded, pitch, weights, sums);
    for (int64_t i = 0; i < group.row_count; i++) {
        int64_t voxel = group.rows[i] / shape.batch, sample = group.rows[i] % shape.batch;
        for (int j = 0; j < registers; j++) {
            int64_t place = ((sample * blocks + panel * 2 + j) * shape.target_voxels + voxel) * 16;
            __m512 sum = _mm512_load_ps(sums + i * PANEL + j * 16);
            if (shape.element == CKERNELS_BFLOAT16) put_bfloat16((uint16_t *)target + place, sum, adding);
            else put_float32((float *)target + place, sum, adding);
        }
    }
}

void ckernels_links_correlate(
    ckernels_links shape, ckernels_links_plain plain, const int32_t *starts, const int32_t *links, int64_t run,
    const float *sources, const float *targets, int64_t row, int64_t panel, float *weights) {
    _Alignas(64) float sums[SQUARE_TAPS * STEP * PANEL];
    int registers = registers_of(shape.source_channels, panel);
    for (int64_t first = 0; first < shape.batch; first += run) {
        int64_t words = words_of(&shape, least(run, shape.batch - first)), before = words_of(&shape, first);
        const float *right = sources + before * shape.source_voxels * shape.source_channels +
                             panel * 2 * shape.source_voxels * words * 16;
        const float *left = targets + before * shape.target_voxels * shape.target_channels +
                            row * STEP / 16 * shape.target_voxels * words * 16 + row * STEP % 16;
        if (is_paired(&shape))
            correlate_run_bfloat16(&shape, registers, starts, links, words, left, right, first > 0, sums);
        else correlate_run_float32(&shape, registers, starts, links, words, left, right, first > 0, sums);
    }
    links_store_gradient(&shape, &plain, sums, row, panel, weights);
}
