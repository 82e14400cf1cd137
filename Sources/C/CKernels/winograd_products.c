// The products of Winograd's convolution, one line after another: split along W, multiply, join along W, some tiles at
// a time, so that all that is read more than once stays in the first cache.
#include "winograd_axis.h"

// Tiles that are multiplied at once: two times the rows of a product.
enum { ROWS = 12, STRIP = 2 * ROWS };

// Floats from one of the 4 frequencies along W of a strip to the next, [STRIP, C].
static inline int64_t strip_pitch(int64_t channels) { return STRIP * channels + 16; }

int64_t ckernels_winograd_scratch(ckernels_winograd shape) {
    return 4 * (strip_pitch(shape.input_channels) + strip_pitch(shape.output_channels));
}

int64_t ckernels_winograd_weights(ckernels_winograd shape) {
    return FREQUENCIES * panels_of(shape.output_channels) * shape.input_channels * PANEL;
}

// A strip: tiles [first, first + count) of a block of `rows` rows, counted through them.
typedef struct {
    int64_t rows, row_tiles, first, count;
} strip;

// Frequencies along W of a strip's inputs.
WIDE static void split_inputs(const strip *s, int64_t channels, const float *line, float *to) {
    int64_t width = 2 * s->row_tiles + 2, pitch = strip_pitch(channels);
    for (int64_t block = 0; block < channels / 16; block++) {
        float *out = to + block * 16;
        int64_t row = s->first / s->row_tiles, tile = s->first % s->row_tiles;
        for (int64_t done = 0; done < s->count; row++, tile = 0) {
            int64_t end = least(s->row_tiles, tile + s->count - done);
            const float *from = line + ((block * s->rows + row) * width + 2 * tile) * 16;
            __m512 a = _mm512_load_ps(from), b = _mm512_load_ps(from + 16);
            for (; tile < end; tile++, done++, from += 32, out += channels) {
                __m512 c = _mm512_load_ps(from + 32), d = _mm512_load_ps(from + 48);
                _mm512_store_ps(out, _mm512_sub_ps(a, c));
                _mm512_store_ps(out + pitch, _mm512_add_ps(b, c));
                _mm512_store_ps(out + 2 * pitch, _mm512_sub_ps(c, b));
                _mm512_store_ps(out + 3 * pitch, _mm512_sub_ps(b, d));
                a = c, b = d;
            }
        }
    }
}

// Frequencies along W of the gradient of a strip's outputs.
WIDE static void split_gradients(const strip *s, int64_t channels, const float *line, float *to) {
    int64_t pitch = strip_pitch(channels);
    for (int64_t block = 0; block < channels / 16; block++) {
        const float *from = line + (block * s->rows * s->row_tiles + s->first) * 32;
        float *out = to + block * 16;
        for (int64_t tile = 0; tile < s->count; tile++, from += 32, out += channels) {
            __m512 a = _mm512_load_ps(from), b = _mm512_load_ps(from + 16), first, second, third, fourth;
            SPLIT_GRADIENT(a, b, first, second, third, fourth);
            _mm512_store_ps(out, first);
            _mm512_store_ps(out + pitch, second);
            _mm512_store_ps(out + 2 * pitch, third);
            _mm512_store_ps(out + 3 * pitch, fourth);
        }
    }
}

// A strip's outputs from their frequencies along W.
WIDE static void join_outputs(const strip *s, int64_t channels, const float *from, float *line) {
    int64_t pitch = strip_pitch(channels);
    for (int64_t block = 0; block < channels / 16; block++) {
        float *to = line + (block * s->rows * s->row_tiles + s->first) * 32;
        const float *in = from + block * 16;
        for (int64_t tile = 0; tile < s->count; tile++, to += 32, in += channels) {
            __m512 a = _mm512_load_ps(in), b = _mm512_load_ps(in + pitch);
            __m512 c = _mm512_load_ps(in + 2 * pitch), d = _mm512_load_ps(in + 3 * pitch);
            _mm512_store_ps(to, JOIN_FIRST(a, b, c));
            _mm512_store_ps(to + 16, JOIN_SECOND(b, c, d));
        }
    }
}

// Rounds the frequencies of a strip to bfloat16 in place, two channels to a word: [tiles, C] floats into [tiles, C /
// 2].
WIDE_BFLOAT16 static void pair_channels(int64_t tiles, int64_t channels, float *strip) {
    for (int x = 0; x < 4; x++, strip += strip_pitch(channels))
        for (int64_t i = 0; i < tiles * channels; i += 16)
            _mm256_store_si256((__m256i *)(strip + i / 2), (__m256i)_mm512_cvtneps_pbh(_mm512_load_ps(strip + i)));
}

// The same with two tiles to a word: [tiles, C] into [tiles / 2, C], a last tile by itself beside 0.
WIDE_BFLOAT16 static void pair_tiles(int64_t tiles, int64_t channels, float *strip) {
    for (int x = 0; x < 4; x++, strip += strip_pitch(channels))
        for (int64_t tile = 0; tile < tiles; tile += 2)
            for (int64_t i = 0; i < channels; i += 16) {
                const float *from = strip + tile * channels + i;
                __m512 next = tile + 1 < tiles ? _mm512_load_ps(from + channels) : _mm512_setzero_ps();
                __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(_mm512_load_ps(from)));
                __m512i high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(next));
                _mm512_store_si512(strip + tile / 2 * channels + i, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
            }
}


// Strips of a block of tiles, of nearly the same length.
static inline int64_t strips_of(int64_t tiles) { return (tiles + STRIP - 1) / STRIP; }
static inline strip strip_of(const tiling *t, int64_t rows, int64_t index) {
    int64_t tiles = rows * t->tiles[2], strips = strips_of(tiles), first = tiles * index / strips;
    return (strip){rows, t->tiles[2], first, tiles * (index + 1) / strips - first};
}

#define FACTORS float32
#define IN_PAIRS 0
#define MULTIPLY_ADD(sum, a, b) _mm512_fmadd_ps(a, b, sum)
#define TARGET WIDE
#include "winograd_products.h"

#define FACTORS bfloat16
#define IN_PAIRS 1
#define MULTIPLY_ADD(sum, a, b) _mm512_dpbf16_ps(sum, (__m512bh)(a), (__m512bh)(b))
#define TARGET WIDE_BFLOAT16
#include "winograd_products.h"

void ckernels_winograd_multiply(
    ckernels_winograd shape, int64_t count, int line, const float *input, const void *transformed, float *output,
    float *scratch) {
    tiling t = tiling_of(&shape);
    int64_t inner = shape.input_channels, outer = shape.output_channels;
    float *in = scratch, *out = in + 4 * strip_pitch(inner);
    const float *input_line = input + line * line_pitch(inner, count, input_width(&t));
    float *output_line = output + line * line_pitch(outer, count, output_width(&t));
    for (int64_t index = 0; index < strips_of(count * t.tiles[2]); index++) {
        strip s = strip_of(&t, count, index);
        split_inputs(&s, inner, input_line, in);
        if (shape.factors == CKERNELS_BFLOAT16) {
            pair_channels(s.count, inner, in);
            multiply_strip_bfloat16(&shape, s.count, line, in, transformed, out);
        } else {
            multiply_strip_float32(&shape, s.count, line, in, transformed, out);
        }
        join_outputs(&s, outer, out, output_line);
    }
}

void ckernels_winograd_correlate(
    ckernels_winograd shape, int64_t count, int line, const float *input, const float *output_gradient, int adding,
    float *gradient, float *scratch) {
    tiling t = tiling_of(&shape);
    int64_t inner = shape.input_channels, outer = shape.output_channels;
    float *left = scratch, *right = left + 4 * strip_pitch(inner);
    const float *input_line = input + line * line_pitch(inner, count, input_width(&t));
    const float *gradient_line = output_gradient + line * line_pitch(outer, count, output_width(&t));
    for (int64_t index = 0; index < strips_of(count * t.tiles[2]); index++) {
        strip s = strip_of(&t, count, index);
        split_inputs(&s, inner, input_line, left);
        split_gradients(&s, outer, gradient_line, right);
        if (shape.factors == CKERNELS_BFLOAT16) {
            pair_tiles(s.count, inner, left);
            pair_tiles(s.count, outer, right);
            correlate_strip_bfloat16(&shape, s.count, line, left, right, adding || index > 0, gradient);
        } else {
            correlate_strip_float32(&shape, s.count, line, left, right, adding || index > 0, gradient);
        }
    }
}
