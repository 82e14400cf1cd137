// Squares of 16 by 16 channels of plain weights, whose taps lie side by side: out of them and back. Lanes are channels of
// one kind, a register each of the other.
#pragma once
#include "wide.h"

// Most taps of a kernel, in two registers.
enum { SQUARE_TAPS = CKERNELS_LINKS_TAPS };

// Scalars from one channel to the next, and which taps count: places[0 ..< taps] of `volume`.
typedef struct {
    int64_t lane_stride, register_stride;
    int64_t volume, taps;
    const int32_t *places;
} plain_square;

// Of a kernel's taps, those from one on that a register holds.
static inline __mmask16 mask_of(int64_t count) { return count >= 16 ? 0xFFFF : (__mmask16)((1u << count) - 1); }

// Transposes 16 registers of 16 scalars.
WIDE static INLINE void transpose(__m512 r[16]) {
    __m512 pairs[16], fours[16];
#pragma unroll
    for (int i = 0; i < 16; i += 2) {
        pairs[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
#pragma unroll
    for (int i = 0; i < 16; i += 4)
#pragma unroll
        for (int j = 0; j < 2; j++) {
            __m512d a = _mm512_castps_pd(pairs[i + j]), b = _mm512_castps_pd(pairs[i + 2 + j]);
            fours[i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
            fours[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
        }
    // Register 4 i + j now holds columns j, j + 4, j + 8, j + 12 of rows 4 i to 4 i + 3.
#pragma unroll
    for (int j = 0; j < 4; j++) {
        __m512 low = _mm512_shuffle_f32x4(fours[j], fours[4 + j], 0x88);
        __m512 low_odd = _mm512_shuffle_f32x4(fours[j], fours[4 + j], 0xDD);
        __m512 high = _mm512_shuffle_f32x4(fours[8 + j], fours[12 + j], 0x88);
        __m512 high_odd = _mm512_shuffle_f32x4(fours[8 + j], fours[12 + j], 0xDD);
        r[j] = _mm512_shuffle_f32x4(low, high, 0x88);
        r[8 + j] = _mm512_shuffle_f32x4(low, high, 0xDD);
        r[4 + j] = _mm512_shuffle_f32x4(low_odd, high_odd, 0x88);
        r[12 + j] = _mm512_shuffle_f32x4(low_odd, high_odd, 0xDD);
    }
}

// The taps in use of a square, [tap, register, lane].
WIDE static inline void load_square(const plain_square *plain, const float *weights, float *square) {
    __m512 taps[32];
    for (int64_t channel = 0; channel < 16; channel++) {
        const float *from = weights + channel * plain->register_stride;
        for (int64_t first = 0; first < plain->volume; first += 16) {
            __mmask16 mask = mask_of(plain->volume - first);
#pragma unroll
            for (int i = 0; i < 16; i++)
                taps[first + i] = _mm512_maskz_loadu_ps(mask, from + i * plain->lane_stride + first);
            transpose(taps + first);
        }
        for (int64_t t = 0; t < plain->taps; t++)
            _mm512_store_ps(square + (t * 16 + channel) * 16, taps[plain->places[t]]);
    }
}

// One register's channel back to the plain weights, from rows of lanes `step` floats apart; taps not in use become 0.
WIDE static inline void store_lanes(const plain_square *plain, const float *rows, int64_t step, float *weights) {
    int64_t volume = plain->volume;
    int is_dense = plain->lane_stride == volume;
    if (is_dense && plain->taps == 1) {
        memset(weights, 0, 16 * volume * sizeof *weights);
        for (int lane = 0; lane < 16; lane++) weights[lane * volume + plain->places[0]] = rows[lane];
        return;
    }
    __m512 taps[32];
    if (plain->taps < volume)
#pragma unroll
        for (int t = 0; t < 32; t++) taps[t] = _mm512_setzero_ps();
    for (int64_t t = 0; t < plain->taps; t++) taps[plain->places[t]] = _mm512_load_ps(rows + t * step);
    for (int64_t first = 0; first < volume; first += 16) transpose(taps + first);
    for (int lane = 0; lane < 16; lane++)
        for (int64_t first = 0; first < volume; first += 16) {
            float *to = weights + lane * plain->lane_stride + first;
            // What goes too far, the next channel's taps cover.
            if (is_dense && (15 - lane) * volume >= first + 16 - volume) _mm512_storeu_ps(to, taps[first + lane]);
            else _mm512_mask_storeu_ps(to, mask_of(volume - first), taps[first + lane]);
        }
}

// Rows of lanes as factors, `step` words apart: one float32 to a word.
WIDE static INLINE void put_rows_float32(const __m512 rows[16], float *to, int64_t step) {
#pragma unroll
    for (int i = 0; i < 16; i++) _mm512_store_ps(to + i * step, rows[i]);
}

// The same with two rows of bfloat16 to a word.
WIDE_BFLOAT16 static INLINE void put_rows_bfloat16(const __m512 rows[16], float *to, int64_t step) {
#pragma unroll
    for (int i = 0; i < 16; i += 2) {
        __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(rows[i]));
        __m512i high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(rows[i + 1]));
        _mm512_store_si512(to + i / 2 * step, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
    }
}

WIDE static INLINE void load_rows(const float *from, __m512 rows[16]) {
#pragma unroll
    for (int i = 0; i < 16; i++) rows[i] = _mm512_load_ps(from + i * 16);
}
