// What the kernels of this folder share.
#pragma once
#include <stdint.h>
#include <string.h>

#include "ckernels.h"

// One copy of each function per x86-64 generation; the loader picks. Loops over 16 lanes are written so that the
// compiler keeps them in registers.
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))

// A body that is copied into each of its callers, and so compiled for each of their CPUs.
#define INLINE inline __attribute__((always_inline))

// CHUNK: voxels whose float32 partial sums are collected before they go into double: small enough to keep 1e-7, in L1.
// TILE: voxels handled together, so that a tile of every head stays in L1.
enum { CHUNK = 128, TILE = 64, LANES = CKERNELS_LANES };

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static inline float load_float32(const float *place) { return *place; }
static inline void store_float32(float *place, float value) { *place = value; }

static inline float load_bfloat16(const uint16_t *place) {
    union { uint32_t bits; float value; } wide = {.bits = (uint32_t)*place << 16};
    return wide.value;
}

// Rounds to nearest, ties to even; what is not a number stays so.
static inline void store_bfloat16(uint16_t *place, float value) {
    union { float value; uint32_t bits; } wide = {.value = value};
    uint32_t rounded = (wide.bits + 0x7FFF + (wide.bits >> 16 & 1)) >> 16;
    *place = (uint16_t)(value != value ? 0x7FC0 : rounded);
}

#define PAIRED(a, b) a##_##b
#define PAIR(a, b) PAIRED(a, b)
