// What the machine can do at best: the yardstick beside measured kernels.
#pragma once
#include <stdint.h>

/// Whether this CPU multiplies bfloat16 numbers (AVX-512 BF16).
int ckernels_has_bf16(void);

/// Runs `rounds` rounds of fused multiply-adds on registers of the widest vectors, on the calling thread, and returns
/// the number of floating-point operations, two per multiply-add.
double ckernels_run_fma(int64_t rounds);

/// The same with dot products of bfloat16 pairs, added up in float32; 0 where the CPU has none.
double ckernels_run_bf16(int64_t rounds);

/// a[i] = b[i] + factor * c[i], on the calling thread.
void ckernels_triad(double *a, const double *b, const double *c, double factor, int64_t count);
