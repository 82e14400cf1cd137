// OpenBLAS: the GEMM of the reference engine.
#pragma once
#include <cblas.h>
