// Norm kernels for blocks of B lanes of ELEMENT (float32 or bfloat16, stored as TYPE); norm.c includes this once per
// kind. Arithmetic is float32 throughout, sums over more than CHUNK voxels double.
#define NAMED(name) PAIR(PAIR(name, ELEMENT), B)
#define READ(place) PAIR(load, ELEMENT)(place)
#define WRITE(place, value) PAIR(store, ELEMENT)(place, value)

CLONES static void NAMED(moments)(const TYPE *x, int64_t voxels, double *mean, double *deviation) {
    double total = 0;
    for (int b = 0; b < B; b++) mean[b] = deviation[b] = 0;
    for (int64_t start = 0; start < voxels; start += CHUNK) {
        int64_t n = least(CHUNK, voxels - start);
        const TYPE *p = x + start * B;
        float sum[B] = {0}, square[B] = {0}, centre[B];
        for (int64_t s = 0; s < n; s++)
            for (int b = 0; b < B; b++) sum[b] += READ(p + s * B + b);
        for (int b = 0; b < B; b++) centre[b] = sum[b] / (float)n;
        for (int64_t s = 0; s < n; s++)
            for (int b = 0; b < B; b++) {
                float d = READ(p + s * B + b) - centre[b];
                square[b] += d * d;
            }
        double before = total;
        for (int b = 0; b < B; b++) {
            total = before;
            merge(&mean[b], &deviation[b], &total, centre[b], square[b], (double)n);
        }
    }
}

CLONES static void NAMED(affine)(TYPE *x, int64_t voxels, const float *scale, const float *shift, float leak) {
    float a[B], c[B];
    memcpy(a, scale, sizeof a);
    memcpy(c, shift, sizeof c);
    for (int64_t i = 0; i < voxels * B; i += B)
        for (int b = 0; b < B; b++) {
            float t = READ(x + i + b) * a[b] + c[b];
            WRITE(x + i + b, t > 0 ? t : t * leak);
        }
}

// One voxel's gradient behind LeakyReLU, and its input in front of it. `second` is known when this is compiled, so the
// loops carry no branch.
#define GRADIENT_OF(i)                                                                                                 \
    float t = READ(y + (i)), g = READ(dy + (i));                                                                       \
    if (second) g += READ(dy2 + (i));                                                                                  \
    g = t > 0 ? g : g * leak;                                                                                          \
    t = t > 0 ? t : t * inverse_leak

static INLINE void NAMED(gradient_sums_of)(
    const TYPE *restrict y, const TYPE *restrict dy, const TYPE *restrict dy2, int second, int64_t voxels,
    const float *shift, const float *inverse, float leak, double *sum_g, double *sum_gn) {
    float c[B], r[B], inverse_leak = 1 / leak;
    memcpy(c, shift, sizeof c);
    memcpy(r, inverse, sizeof r);
    for (int b = 0; b < B; b++) sum_g[b] = sum_gn[b] = 0;
    for (int64_t start = 0; start < voxels; start += CHUNK) {
        int64_t n = least(CHUNK, voxels - start);
        float part_g[B] = {0}, part_gn[B] = {0};
        for (int64_t i = start * B; i < (start + n) * B; i += B)
            for (int b = 0; b < B; b++) {
                GRADIENT_OF(i + b);
                part_g[b] += g;
                part_gn[b] += g * ((t - c[b]) * r[b]);
            }
        for (int b = 0; b < B; b++) {
            sum_g[b] += part_g[b];
            sum_gn[b] += part_gn[b];
        }
    }
}

CLONES static void NAMED(gradient_sums)(
    const TYPE *y, const TYPE *dy, const TYPE *dy2, int64_t voxels, const float *shift, const float *inverse, float leak,
    double *sum_g, double *sum_gn) {
    if (dy2) NAMED(gradient_sums_of)(y, dy, dy2, 1, voxels, shift, inverse, leak, sum_g, sum_gn);
    else NAMED(gradient_sums_of)(y, dy, dy2, 0, voxels, shift, inverse, leak, sum_g, sum_gn);
}

static INLINE void NAMED(gradient_of)(
    const TYPE *restrict y, TYPE *restrict dy, const TYPE *restrict dy2, int second, int64_t voxels, const float *shift,
    const float *inverse, float leak, const float *factor, const float *mean_g, const float *mean_gn) {
    float c[B], r[B], k[B], m[B], v[B], inverse_leak = 1 / leak;
    memcpy(c, shift, sizeof c);
    memcpy(r, inverse, sizeof r);
    memcpy(k, factor, sizeof k);
    memcpy(m, mean_g, sizeof m);
    memcpy(v, mean_gn, sizeof v);
    for (int64_t i = 0; i < voxels * B; i += B)
        for (int b = 0; b < B; b++) {
            GRADIENT_OF(i + b);
            WRITE(dy + i + b, k[b] * g - m[b] - v[b] * ((t - c[b]) * r[b]));
        }
}

CLONES static void NAMED(gradient)(
    const TYPE *y, TYPE *dy, const TYPE *dy2, int64_t voxels, const float *shift, const float *inverse, float leak,
    const float *factor, const float *mean_g, const float *mean_gn) {
    if (dy2) NAMED(gradient_of)(y, dy, dy2, 1, voxels, shift, inverse, leak, factor, mean_g, mean_gn);
    else NAMED(gradient_of)(y, dy, dy2, 0, voxels, shift, inverse, leak, factor, mean_g, mean_gn);
}

#undef GRADIENT_OF
#undef NAMED
#undef READ
#undef WRITE
#undef B
#undef ELEMENT
#undef TYPE
