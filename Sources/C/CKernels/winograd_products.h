// Products with FACTORS of float32 or bfloat16; winograd_products.c includes this once for each. A word of 32 bits
// holds one float32, or two bfloat16 (IN_PAIRS) of neighboring input channels or tiles, which are multiplied and added
// in turn.
#define NAMED(name) PAIR(name, FACTORS)

// out[i * out_row + j] (+)= sum over k of a[i * a_row + k * a_column] * b[k * b_row + j], for `rows` rows and
// `registers` times 16 columns; both are known when this is compiled.
TARGET static INLINE void NAMED(multiply)(
    int rows, int registers, int64_t depth, const float *a, int64_t a_row, int64_t a_column, const float *b,
    int64_t b_row, int adding, float *out, int64_t out_row) {
    __m512 sum[ROWS][2];
#pragma unroll
    for (int i = 0; i < rows; i++)
#pragma unroll
        for (int j = 0; j < registers; j++)
            sum[i][j] = adding ? _mm512_load_ps(out + i * out_row + j * 16) : _mm512_setzero_ps();
    for (int64_t k = 0; k < depth; k++) {
        __m512 column[2];
#pragma unroll
        for (int j = 0; j < registers; j++) column[j] = _mm512_load_ps(b + k * b_row + j * 16);
#pragma unroll
        for (int i = 0; i < rows; i++) {
            __m512 word = _mm512_set1_ps(a[i * a_row + k * a_column]);
#pragma unroll
            for (int j = 0; j < registers; j++) sum[i][j] = MULTIPLY_ADD(sum[i][j], word, column[j]);
        }
    }
#pragma unroll
    for (int i = 0; i < rows; i++)
#pragma unroll
        for (int j = 0; j < registers; j++) _mm512_store_ps(out + i * out_row + j * 16, sum[i][j]);
}

// The products of at most ROWS tiles with a panel of weights.
#define TILE_CASE(n)                                                                                                   \
    case n:                                                                                                            \
        if (registers == 2) NAMED(multiply)(n, 2, depth, a, depth, 1, b, PANEL, 0, out, out_row);                      \
        else NAMED(multiply)(n, 1, depth, a, depth, 1, b, PANEL, 0, out, out_row);                                     \
        break;
TARGET static void NAMED(multiply_tiles)(
    int tiles, int registers, int64_t depth, const float *a, const float *b, float *out, int64_t out_row) {
    switch (tiles) {
        TILE_CASE(1)
        TILE_CASE(2)
        TILE_CASE(3)
        TILE_CASE(4)
        TILE_CASE(5)
        TILE_CASE(6)
        TILE_CASE(7)
        TILE_CASE(8)
        TILE_CASE(9)
        TILE_CASE(10)
        TILE_CASE(11)
        TILE_CASE(12)
    }
}

TARGET static void NAMED(multiply_strip)(
    const ckernels_winograd *shape, int64_t tiles, int line, const float *in, const float *transformed, float *out) {
    int64_t depth = shape->input_channels / (1 + IN_PAIRS), outer = shape->output_channels, panels = panels_of(outer);
    int64_t half = tiles > ROWS ? (tiles + 1) / 2 : tiles;
    for (int x = 0; x < 4; x++)
        for (int64_t panel = 0; panel < panels; panel++) {
            const float *a = in + x * strip_pitch(shape->input_channels);
            const float *b = transformed + ((line * 4 + x) * panels + panel) * depth * PANEL;
            float *to = out + x * strip_pitch(outer) + panel * PANEL;
            int registers = registers_of(outer, panel);
            NAMED(multiply_tiles)((int)half, registers, depth, a, b, to, outer);
            if (tiles > half)
                NAMED(multiply_tiles)
                ((int)(tiles - half), registers, depth, a + half * depth, b, to + half * outer, outer);
        }
}

TARGET static void NAMED(correlate_strip)(
    const ckernels_winograd *shape, int64_t tiles, int line, const float *left, const float *right, int adding,
    float *gradient) {
    int64_t inner = shape->input_channels, outer = shape->output_channels, panels = panels_of(outer);
    int64_t depth = IN_PAIRS ? (tiles + 1) / 2 : tiles;
    for (int x = 0; x < 4; x++)
        for (int64_t panel = 0; panel < panels; panel++) {
            const float *a = left + x * strip_pitch(inner), *b = right + x * strip_pitch(outer) + panel * PANEL;
            float *out = gradient + ((line * 4 + x) * panels + panel) * inner * PANEL;
            for (int64_t channel = 0; channel < inner; channel += 8, out += 8 * PANEL) {
                if (registers_of(outer, panel) == 2)
                    NAMED(multiply)(8, 2, depth, a + channel, 1, inner, b, outer, adding, out, PANEL);
                else NAMED(multiply)(8, 1, depth, a + channel, 1, inner, b, outer, adding, out, PANEL);
            }
        }
}

#undef TILE_CASE
#undef NAMED
#undef FACTORS
#undef IN_PAIRS
#undef MULTIPLY_ADD
#undef TARGET
