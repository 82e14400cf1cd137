// Winograd's F(2, 3) along one axis, on registers.
#pragma once
#include "winograd.h"

// B^T d: 4 inputs into 4 frequencies, in place.
#define SPLIT_INPUT(a, b, c, d)                                                                                        \
    do {                                                                                                               \
        __m512 first = _mm512_sub_ps(a, c), second = _mm512_add_ps(b, c), third = _mm512_sub_ps(c, b);                 \
        d = _mm512_sub_ps(b, d);                                                                                       \
        a = first, b = second, c = third;                                                                              \
    } while (0)

// A g: the gradient of 2 outputs into 4 frequencies.
#define SPLIT_GRADIENT(a, b, first, second, third, fourth)                                                             \
    (first = a, second = _mm512_add_ps(a, b), third = _mm512_sub_ps(a, b),                                             \
     fourth = _mm512_sub_ps(_mm512_setzero_ps(), b))

// A^T m: 4 frequencies a, b, c, d into 2 outputs.
#define JOIN_FIRST(a, b, c) _mm512_add_ps(_mm512_add_ps(a, b), c)
#define JOIN_SECOND(b, c, d) _mm512_sub_ps(_mm512_sub_ps(b, c), d)
