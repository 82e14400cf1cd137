// Kernels that Swift cannot vectorise for every x86-64, and the door to oneDNN.
#pragma once
#include "ckernels_fused.h"
#include "ckernels_onednn.h"
