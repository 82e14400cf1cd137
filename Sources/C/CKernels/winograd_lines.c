// Between activations and lines, in either element.
#include "winograd_axis.h"

WIDE static INLINE __m512 load_masked_float32(const float *place, __mmask16 mask) {
    return _mm512_maskz_load_ps(mask, place);
}
WIDE static INLINE void put_float32(float *place, __m512 value, int adding) {
    if (adding) value = _mm512_add_ps(value, _mm512_load_ps(place));
    _mm512_store_ps(place, value);
}

WIDE static INLINE __m512 load_masked_bfloat16(const uint16_t *place, __mmask16 mask) {
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, place));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
// Rounds as store_bfloat16, 16 at once.
WIDE static INLINE void put_bfloat16(uint16_t *place, __m512 value, int adding) {
    if (adding) value = _mm512_add_ps(value, load_masked_bfloat16(place, 0xFFFF));
    __m512i bits = _mm512_castps_si512(value);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7FFF)), odd), 16);
    __mmask16 unordered = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
    rounded = _mm512_mask_mov_epi32(rounded, unordered, _mm512_set1_epi32(0x7FC0));
    _mm256_store_si256((__m256i *)place, _mm512_cvtepi32_epi16(rounded));
}

#define ELEMENT float32
#define TYPE float
#include "winograd_lines.h"
#define ELEMENT bfloat16
#define TYPE uint16_t
#include "winograd_lines.h"

int ckernels_winograd_is_supported(ckernels_element factors) {
    if (factors == CKERNELS_BFLOAT16 && !__builtin_cpu_supports("avx512bf16")) return 0;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

int64_t ckernels_winograd_input_lines(ckernels_winograd shape, int64_t count) {
    tiling t = tiling_of(&shape);
    return LINES * line_pitch(shape.input_channels, count, input_width(&t));
}

int64_t ckernels_winograd_output_lines(ckernels_winograd shape, int64_t count) {
    tiling t = tiling_of(&shape);
    return LINES * line_pitch(shape.output_channels, count, output_width(&t));
}

void ckernels_winograd_split_input(
    ckernels_winograd shape, int64_t first, int64_t count, int64_t begin, int64_t end, const void *input,
    float *lines) {
    tiling t = tiling_of(&shape);
    int64_t width = input_width(&t), stride = count * width * 16;
    int64_t pitch = line_pitch(shape.input_channels, count, width);
    for (int64_t row = begin; row < end; row++) {
        float *to = lines + row * width * 16;
        if (shape.element == CKERNELS_BFLOAT16) split_input_bfloat16(&shape, &t, first + row, input, to, pitch, stride);
        else split_input_float32(&shape, &t, first + row, input, to, pitch, stride);
    }
}

void ckernels_winograd_split_gradient(
    ckernels_winograd shape, int64_t first, int64_t count, int64_t begin, int64_t end, const void *gradient,
    float *lines) {
    tiling t = tiling_of(&shape);
    int64_t width = output_width(&t), stride = count * width * 16;
    int64_t pitch = line_pitch(shape.output_channels, count, width);
    for (int64_t row = begin; row < end; row++) {
        float *to = lines + row * width * 16;
        if (shape.element == CKERNELS_BFLOAT16)
            split_gradient_bfloat16(&shape, &t, first + row, gradient, to, pitch, stride);
        else split_gradient_float32(&shape, &t, first + row, gradient, to, pitch, stride);
    }
}

void ckernels_winograd_join(
    ckernels_winograd shape, int64_t first, int64_t count, int64_t begin, int64_t end, const float *lines, int adding,
    void *output) {
    tiling t = tiling_of(&shape);
    int64_t width = output_width(&t), stride = count * width * 16;
    int64_t pitch = line_pitch(shape.output_channels, count, width);
    for (int64_t row = begin; row < end; row++) {
        const float *from = lines + row * width * 16;
        if (shape.element == CKERNELS_BFLOAT16)
            join_bfloat16(&shape, &t, first + row, from, pitch, stride, adding, output);
        else join_float32(&shape, &t, first + row, from, pitch, stride, adding, output);
    }
}
