// Tiles of activations into frequencies and back, for one ELEMENT (stored as TYPE); winograd.c includes this once for each.
// A register holds the 16 channels of a block.
#define NAMED(name) PAIR(name, ELEMENT)

// B^T d along an axis: 4 values in, 4 frequencies out, in place.
#define SPLIT_INPUT(a, b, c, d)                                                                                        \
    do {                                                                                                               \
        __m512 first = _mm512_sub_ps(a, c), second = _mm512_add_ps(b, c), third = _mm512_sub_ps(c, b);                 \
        d = _mm512_sub_ps(b, d);                                                                                       \
        a = first, b = second, c = third;                                                                              \
    } while (0)

// The frequencies of input tiles in a row: all channels, into frequencies[f * pitch + tile * channels + channel].
WIDE static void NAMED(split_input)(
    const ckernels_winograd *shape, const tiling *t, int64_t row, const TYPE *input, float *frequencies, int64_t pitch,
    float *columns) {
    const int64_t *size = shape->size, channels = shape->input_channels;
    int64_t h = row % t->tiles[1] * 2 - 1, d = row / t->tiles[1] % t->tiles[0] * 2 - 1, n = row / t->tiles[1] / t->tiles[0];
    int64_t width = size[2], tiles = t->tiles[2];
    __m512 *column = (__m512 *)columns;
    for (int64_t block = 0; block < channels / 16; block++) {
        const TYPE *slab = input + (n * (channels / 16) + block) * t->voxels * 16;
        int64_t lines[16];
        __mmask16 masks[16];
        for (int i = 0; i < 16; i++) {
            int64_t z = d + i / 4, y = h + i % 4;
            int inside = z >= 0 && z < size[0] && y >= 0 && y < size[1];
            lines[i] = inside ? (z * size[1] + y) * width * 16 : 0;
            masks[i] = inside ? 0xFFFF : 0;
        }
        for (int i = 0; i < 16; i++) column[i] = _mm512_setzero_ps();
        for (int64_t x = width; x < 2 * tiles + 1; x++)
            for (int i = 0; i < 16; i++) column[(x + 1) * 16 + i] = _mm512_setzero_ps();
        for (int64_t x = 0; x < width; x++) {
            __m512 v[16];
#pragma unroll
            for (int i = 0; i < 16; i++) v[i] = NAMED(load_masked)(slab + lines[i] + x * 16, masks[i]);
#pragma unroll
            for (int y = 0; y < 4; y++) SPLIT_INPUT(v[y], v[4 + y], v[8 + y], v[12 + y]);
#pragma unroll
            for (int z = 0; z < 16; z += 4) SPLIT_INPUT(v[z], v[z + 1], v[z + 2], v[z + 3]);
#pragma unroll
            for (int i = 0; i < 16; i++) column[(x + 1) * 16 + i] = v[i];
        }
        for (int64_t tile = 0; tile < tiles; tile++) {
            float *to = frequencies + tile * channels + block * 16;
            const __m512 *from = column + tile * 32;
#pragma unroll
            for (int i = 0; i < 16; i++) {
                __m512 a = from[i], b = from[16 + i], c = from[32 + i], e = from[48 + i];
                _mm512_store_ps(to + (i * 4) * pitch, _mm512_sub_ps(a, c));
                _mm512_store_ps(to + (i * 4 + 1) * pitch, _mm512_add_ps(b, c));
                _mm512_store_ps(to + (i * 4 + 2) * pitch, _mm512_sub_ps(c, b));
                _mm512_store_ps(to + (i * 4 + 3) * pitch, _mm512_sub_ps(b, e));
            }
        }
    }
}

// A^T m along an axis: 4 frequencies in, 2 values out.
#define JOIN_FIRST(a, b, c, d) _mm512_add_ps(_mm512_add_ps(a, b), c)
#define JOIN_SECOND(a, b, c, d) _mm512_sub_ps(_mm512_sub_ps(b, c), d)

// A row of output tiles from its frequencies.
WIDE static void NAMED(join_output)(
    const ckernels_winograd *shape, const tiling *t, int64_t row, const float *frequencies, int64_t pitch, int adding,
    TYPE *output) {
    const int64_t *size = shape->size, channels = shape->output_channels;
    int64_t h = row % t->tiles[1] * 2, d = row / t->tiles[1] % t->tiles[0] * 2, n = row / t->tiles[1] / t->tiles[0];
    int64_t width = size[2];
    for (int64_t block = 0; block < channels / 16; block++) {
        TYPE *slab = output + (n * (channels / 16) + block) * t->voxels * 16;
        for (int64_t x = 0; x < width; x++) {
            const float *from = frequencies + x / 2 * channels + block * 16;
            __m512 v[16];
            if (x % 2 == 0) {
#pragma unroll
                for (int i = 0; i < 16; i++) {
                    const float *f = from + i * 4 * pitch;
                    v[i] = JOIN_FIRST(_mm512_load_ps(f), _mm512_load_ps(f + pitch), _mm512_load_ps(f + 2 * pitch), 0);
                }
            } else {
#pragma unroll
                for (int i = 0; i < 16; i++) {
                    const float *f = from + i * 4 * pitch;
                    v[i] = JOIN_SECOND(
                        0, _mm512_load_ps(f + pitch), _mm512_load_ps(f + 2 * pitch), _mm512_load_ps(f + 3 * pitch));
                }
            }
            __m512 lines[2][4];
#pragma unroll
            for (int z = 0; z < 4; z++) {
                lines[0][z] = JOIN_FIRST(v[4 * z], v[4 * z + 1], v[4 * z + 2], v[4 * z + 3]);
                lines[1][z] = JOIN_SECOND(v[4 * z], v[4 * z + 1], v[4 * z + 2], v[4 * z + 3]);
            }
#pragma unroll
            for (int y = 0; y < 2; y++) {
                if (h + y >= size[1]) break;
                TYPE *to = slab + ((d * size[1] + h + y) * width + x) * 16;
                __m512 value = JOIN_FIRST(lines[y][0], lines[y][1], lines[y][2], lines[y][3]);
                if (adding) value = _mm512_add_ps(value, NAMED(load_masked)(to, 0xFFFF));
                NAMED(store_wide)(to, value);
                if (d + 1 >= size[0]) continue;
                to += size[1] * width * 16;
                value = JOIN_SECOND(lines[y][0], lines[y][1], lines[y][2], lines[y][3]);
                if (adding) value = _mm512_add_ps(value, NAMED(load_masked)(to, 0xFFFF));
                NAMED(store_wide)(to, value);
            }
        }
    }
}

// A g along an axis: 2 values in, 4 frequencies out.
#define SPLIT_GRADIENT(a, b, first, second, third, fourth)                                                             \
    first = a, second = _mm512_add_ps(a, b), third = _mm512_sub_ps(a, b), fourth = _mm512_sub_ps(_mm512_setzero_ps(), b)

// The frequencies of the gradient of a row of output tiles.
WIDE static void NAMED(split_gradient)(
    const ckernels_winograd *shape, const tiling *t, int64_t row, const TYPE *gradient, float *frequencies, int64_t pitch) {
    const int64_t *size = shape->size, channels = shape->output_channels;
    int64_t h = row % t->tiles[1] * 2, d = row / t->tiles[1] % t->tiles[0] * 2, n = row / t->tiles[1] / t->tiles[0];
    int64_t width = size[2];
    for (int64_t block = 0; block < channels / 16; block++) {
        const TYPE *slab = gradient + (n * (channels / 16) + block) * t->voxels * 16;
        __mmask16 below = h + 1 < size[1] ? 0xFFFF : 0, behind = d + 1 < size[0] ? 0xFFFF : 0;
        int64_t line = h + 1 < size[1] ? width * 16 : 0, slice = d + 1 < size[0] ? size[1] * width * 16 : 0;
        for (int64_t tile = 0; tile < t->tiles[2]; tile++) {
            __m512 columns[2][16];
#pragma unroll
            for (int x = 0; x < 2; x++) {
                __mmask16 inside = 2 * tile + x < width ? 0xFFFF : 0;
                const TYPE *from = slab + ((d * size[1] + h) * width + 2 * tile + (inside ? x : 0)) * 16;
                __m512 near[4], far[4];
                __m512 a = NAMED(load_masked)(from, inside), b = NAMED(load_masked)(from + line, inside & below);
                SPLIT_GRADIENT(a, b, near[0], near[1], near[2], near[3]);
                a = NAMED(load_masked)(from + slice, inside & behind);
                b = NAMED(load_masked)(from + slice + line, inside & below & behind);
                SPLIT_GRADIENT(a, b, far[0], far[1], far[2], far[3]);
#pragma unroll
                for (int y = 0; y < 4; y++)
                    SPLIT_GRADIENT(
                        near[y], far[y], columns[x][y], columns[x][4 + y], columns[x][8 + y], columns[x][12 + y]);
            }
            float *to = frequencies + tile * channels + block * 16;
#pragma unroll
            for (int i = 0; i < 16; i++) {
                __m512 first, second, third, fourth;
                SPLIT_GRADIENT(columns[0][i], columns[1][i], first, second, third, fourth);
                _mm512_store_ps(to + (i * 4) * pitch, first);
                _mm512_store_ps(to + (i * 4 + 1) * pitch, second);
                _mm512_store_ps(to + (i * 4 + 2) * pitch, third);
                _mm512_store_ps(to + (i * 4 + 3) * pitch, fourth);
            }
        }
    }
}

#undef SPLIT_GRADIENT
#undef JOIN_FIRST
#undef JOIN_SECOND
#undef SPLIT_INPUT
#undef NAMED
#undef ELEMENT
#undef TYPE
