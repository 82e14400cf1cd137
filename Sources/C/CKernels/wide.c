#include "include/ckernels_wide.h"

int ckernels_is_wide(ckernels_element factors) {
    if (factors == CKERNELS_BFLOAT16 && !__builtin_cpu_supports("avx512bf16")) return 0;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
