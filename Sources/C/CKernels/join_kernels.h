// Kernels of a residual block's end, for one of the kinds of kinds.h. Arithmetic is float32 throughout, sums over more
// than CHUNK voxels double.

CLONES static void NAMED(affine_add)(
    const TYPE *restrict x, const TYPE *restrict skip, TYPE *restrict y, int64_t voxels, const float *scale,
    const float *shift, float leak) {
    float a[B], c[B];
    memcpy(a, scale, sizeof a);
    memcpy(c, shift, sizeof c);
    for (int64_t i = 0; i < voxels * B; i += B)
        for (int b = 0; b < B; b++) {
            float t = READ(x + i + b) * a[b] + c[b] + READ(skip + i + b);
            WRITE(y + i + b, t > 0 ? t : t * leak);
        }
}

// One voxel's gradient of the sum, and its normalized input. `second` is known when this is compiled, so the loops carry
// no branch.
#define GRADIENT_OF(i)                                                                                                 \
    float g = READ(dy + (i)), n = (READ(x + (i)) - m[b]) * r[b];                                                       \
    if (second) g += READ(dy2 + (i));                                                                                  \
    g = READ(y + (i)) > 0 ? g : g * leak

static INLINE void NAMED(join_sums_of)(
    const TYPE *restrict y, const TYPE *restrict x, const TYPE *restrict dy, const TYPE *restrict dy2, int second,
    int64_t voxels, const float *mean, const float *inverse, float leak, double *sum_g, double *sum_gn) {
    float m[B], r[B];
    memcpy(m, mean, sizeof m);
    memcpy(r, inverse, sizeof r);
    for (int b = 0; b < B; b++) sum_g[b] = sum_gn[b] = 0;
    for (int64_t start = 0; start < voxels; start += CHUNK) {
        int64_t count = least(CHUNK, voxels - start);
        float part_g[B] = {0}, part_gn[B] = {0};
        for (int64_t i = start * B; i < (start + count) * B; i += B)
            for (int b = 0; b < B; b++) {
                GRADIENT_OF(i + b);
                part_g[b] += g;
                part_gn[b] += g * n;
            }
        for (int b = 0; b < B; b++) {
            sum_g[b] += part_g[b];
            sum_gn[b] += part_gn[b];
        }
    }
}

CLONES static void NAMED(join_sums)(
    const TYPE *y, const TYPE *x, const TYPE *dy, const TYPE *dy2, int64_t voxels, const float *mean,
    const float *inverse, float leak, double *sum_g, double *sum_gn) {
    if (dy2) NAMED(join_sums_of)(y, x, dy, dy2, 1, voxels, mean, inverse, leak, sum_g, sum_gn);
    else NAMED(join_sums_of)(y, x, dy, dy2, 0, voxels, mean, inverse, leak, sum_g, sum_gn);
}

static INLINE void NAMED(join_gradient_of)(
    const TYPE *restrict y, const TYPE *restrict x, TYPE *restrict dy, const TYPE *restrict dy2, TYPE *restrict dx,
    int second, int64_t voxels, const float *mean, const float *inverse, float leak, const float *factor,
    const float *mean_g, const float *mean_gn) {
    float m[B], r[B], k[B], u[B], v[B];
    memcpy(m, mean, sizeof m);
    memcpy(r, inverse, sizeof r);
    memcpy(k, factor, sizeof k);
    memcpy(u, mean_g, sizeof u);
    memcpy(v, mean_gn, sizeof v);
    for (int64_t i = 0; i < voxels * B; i += B)
        for (int b = 0; b < B; b++) {
            GRADIENT_OF(i + b);
            WRITE(dy + i + b, g);
            WRITE(dx + i + b, k[b] * g - u[b] - v[b] * n);
        }
}

CLONES static void NAMED(join_gradient)(
    const TYPE *y, const TYPE *x, TYPE *dy, const TYPE *dy2, TYPE *dx, int64_t voxels, const float *mean,
    const float *inverse, float leak, const float *factor, const float *mean_g, const float *mean_gn) {
    if (dy2) NAMED(join_gradient_of)(y, x, dy, dy2, dx, 1, voxels, mean, inverse, leak, factor, mean_g, mean_gn);
    else NAMED(join_gradient_of)(y, x, dy, dy2, dx, 0, voxels, mean, inverse, leak, factor, mean_g, mean_gn);
}

#undef GRADIENT_OF
