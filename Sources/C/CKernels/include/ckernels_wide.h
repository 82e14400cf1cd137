// What the kernels for AVX-512 share: where they run, and the panels of their weights.
#pragma once
#include "ckernels_elements.h"

/// Channels of a panel of weights: two registers.
#define CKERNELS_PANEL 32

/// Whether this CPU has the instructions for these factors: AVX-512 F, BW, DQ, VL, and BF16 for bfloat16.
int ckernels_is_wide(ckernels_element factors);
