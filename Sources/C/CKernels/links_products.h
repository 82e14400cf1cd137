// Products along links with FACTORS of float32 or bfloat16; links_products.c includes this once for each. A word of 32
// bits holds one float32, or two bfloat16 of neighboring source channels or samples.
#define NAMED(name) PAIR(name, FACTORS)

// out[i * PANEL + j] = sum over taps and words of a row's sources times weights, for `rows` rows and `registers` times
// 16 target channels; both are known when this is compiled.
TARGET static INLINE void NAMED(multiply)(
    int rows, int registers, const ckernels_links_group *group, int64_t depth, const float *a, int64_t pitch,
    const float *weights, float *out) {
    __m512 sum[ROWS][2];
#pragma unroll
    for (int i = 0; i < rows; i++)
#pragma unroll
        for (int j = 0; j < registers; j++) sum[i][j] = _mm512_setzero_ps();
    for (int64_t t = 0; t < group->tap_count; t++) {
        const float *b = weights + group->taps[t] * depth * PANEL;
        for (int64_t k = 0; k < depth; k++, a++, b += PANEL) {
            __m512 column[2];
#pragma unroll
            for (int j = 0; j < registers; j++) column[j] = _mm512_load_ps(b + j * 16);
#pragma unroll
            for (int i = 0; i < rows; i++) {
                __m512 word = _mm512_set1_ps(a[i * pitch]);
#pragma unroll
                for (int j = 0; j < registers; j++) sum[i][j] = MULTIPLY_ADD(sum[i][j], word, column[j]);
            }
        }
    }
#pragma unroll
    for (int i = 0; i < rows; i++)
#pragma unroll
        for (int j = 0; j < registers; j++) _mm512_store_ps(out + i * PANEL + j * 16, sum[i][j]);
}

#define ROW_CASE(n)                                                                                                    \
    case n:                                                                                                            \
        if (registers == 2) NAMED(multiply)(n, 2, group, depth, unfolded, pitch, weights, out);                        \
        else NAMED(multiply)(n, 1, group, depth, unfolded, pitch, weights, out);                                       \
        break;
TARGET static void NAMED(multiply_group)(
    const ckernels_links_group *group, int registers, int64_t depth, const float *unfolded, int64_t pitch,
    const float *weights, float *out) {
    switch (group->row_count) {
        ROW_CASE(1)
        ROW_CASE(2)
        ROW_CASE(3)
        ROW_CASE(4)
        ROW_CASE(5)
        ROW_CASE(6)
        ROW_CASE(7)
        ROW_CASE(8)
        ROW_CASE(9)
        ROW_CASE(10)
        ROW_CASE(11)
        ROW_CASE(12)
    }
}

// out[i * PANEL + j] (+)= sum over links and words of STEP target channels times `registers` times 16 source channels.
TARGET static INLINE void NAMED(correlate)(
    int registers, const int32_t *links, int64_t link_count, int64_t words, const float *targets, const float *sources,
    int64_t block, int adding, float *out) {
    __m512 sum[STEP][2];
#pragma unroll
    for (int i = 0; i < STEP; i++)
#pragma unroll
        for (int j = 0; j < registers; j++)
            sum[i][j] = adding ? _mm512_load_ps(out + i * PANEL + j * 16) : _mm512_setzero_ps();
    for (int64_t link = 0; link < link_count; link++) {
        const float *b = sources + links[2 * link] * words * 16, *a = targets + links[2 * link + 1] * words * 16;
        for (int64_t k = 0; k < words; k++, a += 16, b += 16) {
            __m512 column[2];
#pragma unroll
            for (int j = 0; j < registers; j++) column[j] = _mm512_load_ps(b + j * block);
#pragma unroll
            for (int i = 0; i < STEP; i++) {
                __m512 word = _mm512_set1_ps(a[i]);
#pragma unroll
                for (int j = 0; j < registers; j++) sum[i][j] = MULTIPLY_ADD(sum[i][j], word, column[j]);
            }
        }
    }
#pragma unroll
    for (int i = 0; i < STEP; i++)
#pragma unroll
        for (int j = 0; j < registers; j++) _mm512_store_ps(out + i * PANEL + j * 16, sum[i][j]);
}

// All taps of a run of samples.
TARGET static void NAMED(correlate_run)(
    const ckernels_links *shape, int registers, const int32_t *starts, const int32_t *links, int64_t words,
    const float *targets, const float *sources, int adding, float *sums) {
    int64_t block = shape->source_voxels * words * 16;
    for (int64_t t = 0; t < shape->taps; t++, sums += STEP * PANEL) {
        const int32_t *first = links + 2 * starts[t];
        int64_t count = starts[t + 1] - starts[t];
        if (registers == 2) NAMED(correlate)(2, first, count, words, targets, sources, block, adding, sums);
        else NAMED(correlate)(1, first, count, words, targets, sources, block, adding, sums);
    }
}

#undef ROW_CASE
#undef NAMED
#undef FACTORS
#undef MULTIPLY_ADD
#undef TARGET
