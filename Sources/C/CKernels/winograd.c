// Winograd's convolution of tiles: frequencies of the input, one matrix product per frequency, and back.
#include "winograd.h"

WIDE static INLINE __m512 load_masked_float32(const float *place, __mmask16 mask) {
    return _mm512_maskz_load_ps(mask, place);
}
WIDE static INLINE void store_wide_float32(float *place, __m512 value) { _mm512_store_ps(place, value); }

WIDE static INLINE __m512 load_masked_bfloat16(const uint16_t *place, __mmask16 mask) {
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, place));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
// As store_bfloat16, 16 at once.
WIDE static INLINE void store_wide_bfloat16(uint16_t *place, __m512 value) {
    __m512i bits = _mm512_castps_si512(value), odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7FFF)), odd), 16);
    __mmask16 unordered = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
    rounded = _mm512_mask_mov_epi32(rounded, unordered, _mm512_set1_epi32(0x7FC0));
    _mm256_store_si256((__m256i *)place, _mm512_cvtepi32_epi16(rounded));
}

#define ELEMENT float32
#define TYPE float
#include "winograd_transforms.h"
#define ELEMENT bfloat16
#define TYPE uint16_t
#include "winograd_transforms.h"

int ckernels_winograd_is_supported(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}

int64_t ckernels_winograd_rows(ckernels_winograd shape) {
    tiling t = tiling_of(&shape);
    return shape.batch * t.tiles[0] * t.tiles[1];
}

int64_t ckernels_winograd_row_tiles(ckernels_winograd shape) { return tiling_of(&shape).tiles[2]; }

// An odd number of cache lines, so that the frequencies of a tile lie in different sets of the cache.
int64_t ckernels_winograd_pitch(int64_t tiles, int64_t channels) { return ((tiles * channels + 15) / 16 | 1) * 16; }

int64_t ckernels_winograd_columns(ckernels_winograd shape) { return (2 * tiling_of(&shape).tiles[2] + 2) * 16 * 16; }

void ckernels_winograd_split_input(
    ckernels_winograd shape, int64_t first, int64_t count, const void *input, float *frequencies, int64_t pitch,
    float *columns) {
    tiling t = tiling_of(&shape);
    for (int64_t row = first; row < first + count; row++, frequencies += t.tiles[2] * shape.input_channels) {
        if (shape.element == CKERNELS_BFLOAT16)
            split_input_bfloat16(&shape, &t, row, input, frequencies, pitch, columns);
        else split_input_float32(&shape, &t, row, input, frequencies, pitch, columns);
    }
}

void ckernels_winograd_split_gradient(
    ckernels_winograd shape, int64_t first, int64_t count, const void *gradient, float *frequencies, int64_t pitch) {
    tiling t = tiling_of(&shape);
    for (int64_t row = first; row < first + count; row++, frequencies += t.tiles[2] * shape.output_channels) {
        if (shape.element == CKERNELS_BFLOAT16) split_gradient_bfloat16(&shape, &t, row, gradient, frequencies, pitch);
        else split_gradient_float32(&shape, &t, row, gradient, frequencies, pitch);
    }
}

void ckernels_winograd_join(
    ckernels_winograd shape, int64_t first, int64_t count, const float *frequencies, int64_t pitch, int adding,
    void *output) {
    tiling t = tiling_of(&shape);
    for (int64_t row = first; row < first + count; row++, frequencies += t.tiles[2] * shape.output_channels) {
        if (shape.element == CKERNELS_BFLOAT16) join_output_bfloat16(&shape, &t, row, frequencies, pitch, adding, output);
        else join_output_float32(&shape, &t, row, frequencies, pitch, adding, output);
    }
}

int64_t ckernels_winograd_weights(ckernels_winograd shape) {
    return FREQUENCIES * panels_of(shape.output_channels) * shape.input_channels * PANEL;
}

// out[i * out_stride + j] (+)= sum over k of a[i * a_row + k * a_column] * b[k * PANEL_STRIDE + j], for `rows` rows and
// `registers` times 16 columns; both are known when this is compiled.
WIDE static INLINE void multiply(
    int rows, int registers, int64_t depth, const float *a, int64_t a_row, int64_t a_column, const float *b,
    int64_t b_row, int adding, float *out, int64_t out_row) {
    __m512 sum[12][2];
#pragma unroll
    for (int i = 0; i < rows; i++)
#pragma unroll
        for (int j = 0; j < registers; j++)
            sum[i][j] = adding ? _mm512_load_ps(out + i * out_row + j * 16) : _mm512_setzero_ps();
    for (int64_t k = 0; k < depth; k++) {
        __m512 column[2];
#pragma unroll
        for (int j = 0; j < registers; j++) column[j] = _mm512_load_ps(b + k * b_row + j * 16);
#pragma unroll
        for (int i = 0; i < rows; i++) {
            __m512 value = _mm512_set1_ps(a[i * a_row + k * a_column]);
#pragma unroll
            for (int j = 0; j < registers; j++) sum[i][j] = _mm512_fmadd_ps(value, column[j], sum[i][j]);
        }
    }
#pragma unroll
    for (int i = 0; i < rows; i++)
#pragma unroll
        for (int j = 0; j < registers; j++) _mm512_store_ps(out + i * out_row + j * 16, sum[i][j]);
}

// The products of some tiles with a panel of weights: at most 12 tiles.
#define TILE_CASE(n)                                                                                                   \
    case n:                                                                                                            \
        if (registers == 2) multiply(n, 2, depth, a, depth, 1, b, PANEL, 0, out, out_row);                             \
        else multiply(n, 1, depth, a, depth, 1, b, PANEL, 0, out, out_row);                                            \
        break;
WIDE static void multiply_tiles(
    int tiles, int registers, int64_t depth, const float *a, const float *b, float *out, int64_t out_row) {
    switch (tiles) {
        TILE_CASE(1)
        TILE_CASE(2)
        TILE_CASE(3)
        TILE_CASE(4)
        TILE_CASE(5)
        TILE_CASE(6)
        TILE_CASE(7)
        TILE_CASE(8)
        TILE_CASE(9)
        TILE_CASE(10)
        TILE_CASE(11)
        TILE_CASE(12)
    }
}

static inline int registers_of(int64_t channels, int64_t panel) { return channels - panel * PANEL > 16 ? 2 : 1; }

WIDE void ckernels_winograd_multiply(
    ckernels_winograd shape, int first, int last, int64_t tiles, const float *input, const float *transformed,
    float *output) {
    int64_t inner = shape.input_channels, outer = shape.output_channels, parts = (tiles + 11) / 12;
    int64_t input_pitch = ckernels_winograd_pitch(tiles, inner), output_pitch = ckernels_winograd_pitch(tiles, outer);
    for (int f = first; f < last; f++)
        for (int64_t panel = 0; panel < panels_of(outer); panel++) {
            const float *b = transformed + (f * panels_of(outer) + panel) * inner * PANEL;
            for (int64_t part = 0; part < parts; part++) {
                int64_t start = tiles * part / parts, end = tiles * (part + 1) / parts;
                multiply_tiles(
                    (int)(end - start), registers_of(outer, panel), inner, input + f * input_pitch + start * inner, b,
                    output + f * output_pitch + start * outer + panel * PANEL, outer);
            }
        }
}

WIDE void ckernels_winograd_correlate(
    ckernels_winograd shape, int first, int last, int64_t tiles, const float *input, const float *output_gradient,
    int adding, float *gradient) {
    int64_t inner = shape.input_channels, outer = shape.output_channels;
    int64_t input_pitch = ckernels_winograd_pitch(tiles, inner), output_pitch = ckernels_winograd_pitch(tiles, outer);
    for (int f = first; f < last; f++)
        for (int64_t panel = 0; panel < panels_of(outer); panel++) {
            float *out = gradient + (f * panels_of(outer) + panel) * inner * PANEL;
            const float *a = input + f * input_pitch, *b = output_gradient + f * output_pitch + panel * PANEL;
            for (int64_t channel = 0; channel < inner; channel += 8) {
                if (registers_of(outer, panel) == 2)
                    multiply(8, 2, tiles, a + channel, 1, inner, b, outer, adding, out + channel * PANEL, PANEL);
                else multiply(8, 1, tiles, a + channel, 1, inner, b, outer, adding, out + channel * PANEL, PANEL);
            }
        }
}
