// Includes KERNELS once per kind of block: B lanes of ELEMENT (float32 or bfloat16), stored as TYPE; a plain layout has
// blocks of one lane.
#define NAMED(name) PAIR(PAIR(name, ELEMENT), B)
#define READ(place) PAIR(load, ELEMENT)(place)
#define WRITE(place, value) PAIR(store, ELEMENT)(place, value)

#define ELEMENT float32
#define TYPE float
#define B 16
#include KERNELS
#undef B
#define B 8
#include KERNELS
#undef B
#define B 1
#include KERNELS
#undef B
#undef ELEMENT
#undef TYPE

#define ELEMENT bfloat16
#define TYPE uint16_t
#define B 16
#include KERNELS
#undef B
#undef ELEMENT
#undef TYPE

#undef NAMED
#undef READ
#undef WRITE

// Calls the kernel for blocks of `lanes` lanes of `element`.
#define DISPATCH(name, ...)                                                                                            \
    if (element == CKERNELS_BFLOAT16) name##_bfloat16_16(__VA_ARGS__);                                                 \
    else if (lanes == 16) name##_float32_16(__VA_ARGS__);                                                              \
    else if (lanes == 8) name##_float32_8(__VA_ARGS__);                                                                \
    else name##_float32_1(__VA_ARGS__)
