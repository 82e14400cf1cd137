// Activations into lines along D and H, and back, for one ELEMENT (stored as TYPE); winograd_lines.c includes this once
// for each. A register holds the 16 channels of a block.
#define NAMED(name) PAIR(name, ELEMENT)

// The 16 lines of a row's inputs, one voxel beyond the map on either side.
WIDE static void NAMED(split_input)(
    const ckernels_winograd *shape, const tiling *t, int64_t row, const TYPE *input, float *lines, int64_t pitch,
    int64_t block_stride) {
    const int64_t *size = shape->size;
    place p = place_of(t, row);
    int64_t width = size[2];
    for (int64_t block = 0; block < shape->input_channels / 16; block++, lines += block_stride) {
        const TYPE *slab = input + (p.n * (shape->input_channels / 16) + block) * t->voxels * 16;
        const TYPE *from[LINES];
        __mmask16 inside[LINES];
        for (int i = 0; i < LINES; i++) {
            int64_t z = p.d + i / 4 - 1, y = p.h + i % 4 - 1;
            inside[i] = z >= 0 && z < size[0] && y >= 0 && y < size[1] ? 0xFFFF : 0;
            from[i] = inside[i] ? slab + (z * size[1] + y) * width * 16 : slab;
        }
        for (int i = 0; i < LINES; i++) {
            _mm512_store_ps(lines + i * pitch, _mm512_setzero_ps());
            for (int64_t x = width + 1; x < input_width(t); x++)
                _mm512_store_ps(lines + i * pitch + x * 16, _mm512_setzero_ps());
        }
        for (int64_t x = 0; x < width; x++) {
            __m512 v[LINES];
#pragma unroll
            for (int i = 0; i < LINES; i++) v[i] = NAMED(load_masked)(from[i] + x * 16, inside[i]);
#pragma unroll
            for (int y = 0; y < 4; y++) SPLIT_INPUT(v[y], v[4 + y], v[8 + y], v[12 + y]);
#pragma unroll
            for (int z = 0; z < LINES; z += 4) SPLIT_INPUT(v[z], v[z + 1], v[z + 2], v[z + 3]);
#pragma unroll
            for (int i = 0; i < LINES; i++) _mm512_store_ps(lines + i * pitch + (x + 1) * 16, v[i]);
        }
    }
}

// The 16 lines of the gradient of a row's outputs; 0 beyond the map.
WIDE static void NAMED(split_gradient)(
    const ckernels_winograd *shape, const tiling *t, int64_t row, const TYPE *gradient, float *lines, int64_t pitch,
    int64_t block_stride) {
    const int64_t *size = shape->size;
    place p = place_of(t, row);
    int64_t width = size[2];
    __mmask16 below = p.h + 1 < size[1] ? 0xFFFF : 0, behind = p.d + 1 < size[0] ? 0xFFFF : 0;
    int64_t next_line = below ? width * 16 : 0, next_slice = behind ? size[1] * width * 16 : 0;
    for (int64_t block = 0; block < shape->output_channels / 16; block++, lines += block_stride) {
        const TYPE *slab = gradient + (p.n * (shape->output_channels / 16) + block) * t->voxels * 16;
        for (int64_t x = 0; x < width; x++) {
            const TYPE *from = slab + ((p.d * size[1] + p.h) * width + x) * 16;
            __m512 near[4], far[4], v[LINES];
            __m512 a = NAMED(load_masked)(from, 0xFFFF), b = NAMED(load_masked)(from + next_line, below);
            SPLIT_GRADIENT(a, b, near[0], near[1], near[2], near[3]);
            a = NAMED(load_masked)(from + next_slice, behind);
            b = NAMED(load_masked)(from + next_slice + next_line, below & behind);
            SPLIT_GRADIENT(a, b, far[0], far[1], far[2], far[3]);
#pragma unroll
            for (int y = 0; y < 4; y++) SPLIT_GRADIENT(near[y], far[y], v[y], v[4 + y], v[8 + y], v[12 + y]);
#pragma unroll
            for (int i = 0; i < LINES; i++) _mm512_store_ps(lines + i * pitch + x * 16, v[i]);
        }
        for (int i = 0; i < LINES && width % 2; i++)
            _mm512_store_ps(lines + i * pitch + width * 16, _mm512_setzero_ps());
    }
}

// A row of outputs from its lines.
WIDE static void NAMED(join)(
    const ckernels_winograd *shape, const tiling *t, int64_t row, const float *lines, int64_t pitch,
    int64_t block_stride, int adding, TYPE *output) {
    const int64_t *size = shape->size;
    place p = place_of(t, row);
    int64_t width = size[2];
    int has_line = p.h + 1 < size[1], has_slice = p.d + 1 < size[0];
    for (int64_t block = 0; block < shape->output_channels / 16; block++, lines += block_stride) {
        TYPE *slab = output + (p.n * (shape->output_channels / 16) + block) * t->voxels * 16;
        for (int64_t x = 0; x < width; x++) {
            __m512 near[4], far[4];
#pragma unroll
            for (int y = 0; y < 4; y++) {
                const float *from = lines + y * pitch + x * 16;
                __m512 a = _mm512_load_ps(from), b = _mm512_load_ps(from + 4 * pitch);
                __m512 c = _mm512_load_ps(from + 8 * pitch), d = _mm512_load_ps(from + 12 * pitch);
                near[y] = JOIN_FIRST(a, b, c);
                far[y] = JOIN_SECOND(b, c, d);
            }
            TYPE *to = slab + ((p.d * size[1] + p.h) * width + x) * 16;
            NAMED(put)(to, JOIN_FIRST(near[0], near[1], near[2]), adding);
            if (has_line) NAMED(put)(to + width * 16, JOIN_SECOND(near[1], near[2], near[3]), adding);
            if (!has_slice) continue;
            to += size[1] * width * 16;
            NAMED(put)(to, JOIN_FIRST(far[0], far[1], far[2]), adding);
            if (has_line) NAMED(put)(to + width * 16, JOIN_SECOND(far[1], far[2], far[3]), adding);
        }
    }
}

#undef NAMED
#undef ELEMENT
#undef TYPE
