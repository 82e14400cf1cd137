// Pooling kernels, for one of the kinds of kinds.h. Arithmetic is float32 throughout.

CLONES static void NAMED(average)(const TYPE *restrict x, ckernels_box box, int64_t count, TYPE *restrict y) {
    float share = 1 / (float)(box.depth * box.height * box.width);
    for (int64_t s = 0; s < count; s++) {
        float sum[B] = {0};
        for (int64_t d = 0; d < box.depth; d++)
            for (int64_t h = 0; h < box.height; h++) {
                const TYPE *p = x + (d * box.plane + h * box.line + s * box.width) * B;
                for (int64_t i = 0; i < box.width * B; i += B)
                    for (int b = 0; b < B; b++) sum[b] += READ(p + i + b);
            }
        for (int b = 0; b < B; b++) WRITE(y + s * B + b, sum[b] * share);
    }
}

static INLINE void NAMED(spread)(
    const TYPE *restrict dy, ckernels_box box, int64_t count, int adding, TYPE *restrict dx) {
    float share = 1 / (float)(box.depth * box.height * box.width);
    for (int64_t d = 0; d < box.depth; d++)
        for (int64_t h = 0; h < box.height; h++)
            for (int64_t s = 0; s < count; s++) {
                TYPE *p = dx + (d * box.plane + h * box.line + s * box.width) * B;
                for (int64_t i = 0; i < box.width * B; i += B)
                    for (int b = 0; b < B; b++) {
                        float g = READ(dy + s * B + b) * share;
                        WRITE(p + i + b, adding ? READ(p + i + b) + g : g);
                    }
            }
}

CLONES static void NAMED(average_gradient)(
    const TYPE *dy, ckernels_box box, int64_t count, int adding, TYPE *dx) {
    if (adding) NAMED(spread)(dy, box, count, 1, dx);
    else NAMED(spread)(dy, box, count, 0, dx);
}
