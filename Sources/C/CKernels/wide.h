// What kernels for AVX-512 share: their targets, panels of weights, and registers of 16 channels of either element.
#pragma once
#include <immintrin.h>

#include "kernels.h"

#define WIDE __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define WIDE_BFLOAT16 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")))

// Output channels of a column of weights.
enum { PANEL = CKERNELS_PANEL };

static inline int64_t panels_of(int64_t channels) { return (channels + PANEL - 1) / PANEL; }
static inline int registers_of(int64_t channels, int64_t panel) { return channels - panel * PANEL > 16 ? 2 : 1; }

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
