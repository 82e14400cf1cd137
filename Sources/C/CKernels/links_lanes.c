// Activations as the products along links read them.
#include "links.h"

int64_t ckernels_links_unfolded(ckernels_links shape, int64_t row_count, int64_t tap_count) {
    return row_count * pitch_of(&shape, tap_count);
}

// A block of 16 channels of a voxel as factors: 8 words of bfloat16, or 16 of float32.
WIDE static INLINE void unfold_block(
    const ckernels_links *shape, const void *source, int64_t place, int is_inside, float *to) {
    __mmask16 mask = is_inside ? 0xFFFF : 0;
    if (shape->element == CKERNELS_FLOAT32) {
        _mm512_store_ps(to, load_masked_float32((const float *)source + place, mask));
    } else if (is_paired(shape)) {
        _mm256_store_si256((__m256i *)to, _mm256_maskz_loadu_epi16(mask, (const uint16_t *)source + place));
    } else {
        _mm512_store_ps(to, load_masked_bfloat16((const uint16_t *)source + place, mask));
    }
}

WIDE void ckernels_links_unfold(
    ckernels_links shape, ckernels_links_group group, const int32_t *sources, const void *source, float *unfolded) {
    int64_t blocks = shape.source_channels / 16, width = depth_of(&shape) / blocks;
    int64_t pitch = pitch_of(&shape, group.tap_count);
    for (int64_t i = 0; i < group.row_count; i++) {
        int64_t voxel = group.rows[i] / shape.batch, sample = group.rows[i] % shape.batch;
        float *to = unfolded + i * pitch;
        for (int64_t t = 0; t < group.tap_count; t++) {
            int32_t from = sources[voxel * shape.taps + group.taps[t]];
            int64_t place = (sample * blocks * shape.source_voxels + (from < 0 ? 0 : from)) * 16;
            for (int64_t block = 0; block < blocks; block++, place += shape.source_voxels * 16, to += width)
                unfold_block(&shape, source, place, from >= 0, to);
        }
    }
}

WIDE void ckernels_links_gather(
    ckernels_links shape, ckernels_links_samples samples, int64_t channels, int64_t voxels, int64_t block,
    const void *x, float *gathered) {
    int64_t words = words_of(&shape, samples.count), stride = channels * voxels;
    float *to = gathered + words_of(&shape, samples.first) * stride + block * voxels * words * 16;
    for (int64_t n = 0; n < samples.count; n += 1 + is_paired(&shape)) {
        int64_t place = (samples.first + n) * stride + block * voxels * 16;
        __mmask16 second = n + 1 < samples.count ? 0xFFFF : 0;
        float *row = to + n / (1 + is_paired(&shape)) * 16;
        for (int64_t voxel = 0; voxel < voxels; voxel++, place += 16, row += words * 16) {
            if (shape.element == CKERNELS_FLOAT32) {
                _mm512_store_ps(row, _mm512_load_ps((const float *)x + place));
                continue;
            }
            const uint16_t *from = (const uint16_t *)x + place;
            __m512 value = load_masked_bfloat16(from, 0xFFFF);
            if (is_paired(&shape)) {
                __m512i low = _mm512_srli_epi32(_mm512_castps_si512(value), 16);
                value = load_masked_bfloat16(second ? from + stride : from, second);
                value = _mm512_castsi512_ps(_mm512_or_si512(low, _mm512_castps_si512(value)));
            }
            _mm512_store_ps(row, value);
        }
    }
}
