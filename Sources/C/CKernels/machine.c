#include "ckernels_machine.h"

#include <immintrin.h>

// Enough independent sums to keep two units busy for the four or five cycles that one result takes, few enough for the
// registers. The factors keep the sums finite and normal.
enum { WIDE = 24, NARROW = 12 };

// Makes the compiler believe that a result is needed.
static inline void keep(const void *result) { __asm__ volatile("" : : "r"(result) : "memory"); }

__attribute__((target("avx512f"))) static double run_avx512(int64_t rounds) {
    __m512 sums[WIDE], factor = _mm512_set1_ps(0.999f), term = _mm512_set1_ps(0.001f);
    for (int i = 0; i < WIDE; i++) sums[i] = _mm512_set1_ps((float)i / WIDE);
    for (int64_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < WIDE; i++) sums[i] = _mm512_fmadd_ps(sums[i], factor, term);
    }
    keep(sums);
    return 2.0 * 16 * WIDE * (double)rounds;
}

__attribute__((target("avx2,fma"))) static double run_avx2(int64_t rounds) {
    __m256 sums[NARROW], factor = _mm256_set1_ps(0.999f), term = _mm256_set1_ps(0.001f);
    for (int i = 0; i < NARROW; i++) sums[i] = _mm256_set1_ps((float)i / NARROW);
    for (int64_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < NARROW; i++) sums[i] = _mm256_fmadd_ps(sums[i], factor, term);
    }
    keep(sums);
    return 2.0 * 8 * NARROW * (double)rounds;
}

static double run_sse(int64_t rounds) {
    __m128 sums[NARROW], factor = _mm_set1_ps(0.999f), term = _mm_set1_ps(0.001f);
    for (int i = 0; i < NARROW; i++) sums[i] = _mm_set1_ps((float)i / NARROW);
    for (int64_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < NARROW; i++) sums[i] = _mm_add_ps(_mm_mul_ps(sums[i], factor), term);
    }
    keep(sums);
    return 2.0 * 4 * NARROW * (double)rounds;
}

double ckernels_run_fma(int64_t rounds) {
    if (__builtin_cpu_supports("avx512f")) return run_avx512(rounds);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return run_avx2(rounds);
    return run_sse(rounds);
}

int ckernels_has_bf16(void) { return __builtin_cpu_supports("avx512bf16") != 0; }

__attribute__((target("avx512f,avx512bw,avx512bf16"))) static double run_dot_products(int64_t rounds) {
    // 0x3f80 is 1 in bfloat16, 0x0080 the smallest normal number: the sums grow, and stay far from infinity.
    __m512bh left = (__m512bh)_mm512_set1_epi16(0x3f80), right = (__m512bh)_mm512_set1_epi16(0x0080);
    __m512 sums[WIDE];
    for (int i = 0; i < WIDE; i++) sums[i] = _mm512_set1_ps((float)i / WIDE);
    for (int64_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < WIDE; i++) sums[i] = _mm512_dpbf16_ps(sums[i], left, right);
    }
    keep(sums);
    return 2.0 * 32 * WIDE * (double)rounds;
}

double ckernels_run_bf16(int64_t rounds) { return ckernels_has_bf16() ? run_dot_products(rounds) : 0; }

__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"))) void ckernels_triad(
    double *restrict a, const double *restrict b, const double *restrict c, double factor, int64_t count) {
    for (int64_t i = 0; i < count; i++) a[i] = b[i] + factor * c[i];
}
