// Segmentation heads, 1x1x1 convolutions from blocked features of ELEMENT (stored as TYPE) to plain float32 logits;
// heads.c includes this once per kind.
#define NAMED(name) PAIR(name, ELEMENT)
#define READ(place) PAIR(load, ELEMENT)(place)
#define WRITE(place, value) PAIR(store, ELEMENT)(place, value)

CLONES static void NAMED(head_forward)(
    const TYPE *x, int64_t block_stride, int blocks, int lanes, int64_t voxels, const float *weights, const float *bias,
    int heads, float *out, int64_t head_stride) {
    float tile[TILE * LANES];
    for (int64_t start = 0; start < voxels; start += TILE) {
        int64_t n = least(TILE, voxels - start);
        for (int h = 0; h < heads; h++) {
            float *o = out + h * head_stride + start;
            for (int64_t s = 0; s < n; s++) o[s] = bias[h];
        }
        for (int k = 0; k < blocks; k++) {
            // Transposed to tile[b][s], so that every head runs along voxels.
            const TYPE *p = x + k * block_stride + start * lanes;
            for (int b = 0; b < lanes; b++)
                for (int64_t s = 0; s < n; s++) tile[b * TILE + s] = READ(p + s * lanes + b);
            for (int h = 0; h < heads; h++) {
                float *o = out + h * head_stride + start;
                const float *w = weights + ((int64_t)h * blocks + k) * lanes;
                for (int b = 0; b < lanes; b++) {
                    float v = w[b];
                    for (int64_t s = 0; s < n; s++) o[s] += v * tile[b * TILE + s];
                }
            }
        }
    }
}

CLONES static void NAMED(head_backward_data)(
    TYPE *dx, int lanes, int64_t voxels, const float *weights, int64_t weight_stride, int heads, const float *dout,
    int64_t head_stride, int accumulate) {
    for (int64_t s = 0; s < voxels; s++) {
        float sum[LANES] = {0};
        if (accumulate)
            for (int b = 0; b < lanes; b++) sum[b] = READ(dx + s * lanes + b);
        for (int h = 0; h < heads; h++) {
            float g = dout[h * head_stride + s];
            const float *w = weights + h * weight_stride;
            for (int b = 0; b < lanes; b++) sum[b] += g * w[b];
        }
        for (int b = 0; b < lanes; b++) WRITE(dx + s * lanes + b, sum[b]);
    }
}

CLONES static void NAMED(head_backward_weights)(
    const TYPE *x, int lanes, int64_t voxels, int heads, const float *dout, int64_t head_stride, double *dw) {
    for (int i = 0; i < heads * lanes; i++) dw[i] = 0;
    for (int64_t start = 0; start < voxels; start += CHUNK) {
        int64_t n = least(CHUNK, voxels - start);
        for (int h = 0; h < heads; h++) {
            float part[LANES] = {0};
            const float *g = dout + h * head_stride + start;
            const TYPE *p = x + start * lanes;
            for (int64_t s = 0; s < n; s++)
                for (int b = 0; b < lanes; b++) part[b] += g[s] * READ(p + s * lanes + b);
            for (int b = 0; b < lanes; b++) dw[h * lanes + b] += part[b];
        }
    }
}

#undef NAMED
#undef READ
#undef WRITE
#undef ELEMENT
#undef TYPE
