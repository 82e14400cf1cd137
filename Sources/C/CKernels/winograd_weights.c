// The weights of Winograd's convolution: taps into frequencies, and gradients of frequencies back to taps.
#include "winograd.h"

// `count` lines of 3 taps into 4 frequencies each: G g. Steps are between the values of a line.
CLONES static void split_axis(const float *taps, int64_t step, float *frequencies, int64_t frequency_step) {
    for (int o = 0; o < PANEL; o++) {
        float a = taps[o], b = taps[step + o], c = taps[2 * step + o];
        frequencies[o] = a;
        frequencies[frequency_step + o] = 0.5f * (a + b + c);
        frequencies[2 * frequency_step + o] = 0.5f * (a - b + c);
        frequencies[3 * frequency_step + o] = c;
    }
}

// The same backwards for a gradient: G^T u.
CLONES static void join_axis(const float *frequencies, int64_t frequency_step, float *taps, int64_t step) {
    for (int o = 0; o < PANEL; o++) {
        float a = frequencies[o], b = frequencies[frequency_step + o], c = frequencies[2 * frequency_step + o];
        taps[o] = a + 0.5f * (b + c);
        taps[step + o] = 0.5f * (b - c);
        taps[2 * step + o] = 0.5f * (b + c) + frequencies[3 * frequency_step + o];
    }
}

// Two input channels' frequencies as pairs of bfloat16.
CLONES static void pair_weights(const float *even, const float *odd, uint16_t *pairs) {
    for (int o = 0; o < PANEL; o++) {
        store_bfloat16(pairs + 2 * o, even[o]);
        store_bfloat16(pairs + 2 * o + 1, odd[o]);
    }
}

void ckernels_winograd_transform(
    ckernels_winograd shape, const float *weights, int64_t output_stride, int64_t input_stride, int flipped,
    int64_t panel, int64_t group, void *transformed) {
    int64_t inner = shape.input_channels, used = least(PANEL, shape.output_channels - panel * PANEL);
    int64_t step = panels_of(shape.output_channels) * inner * PANEL;
    float taps[27 * PANEL] = {0}, lines[36 * PANEL], planes[48 * PANEL], frequencies[2][FREQUENCIES * PANEL];
    for (int64_t i = group * 16; i < (group + 1) * 16; i++) {
        for (int64_t o = 0; o < used; o++) {
            const float *from = weights + (panel * PANEL + o) * output_stride + i * input_stride;
            for (int tap = 0; tap < 27; tap++) taps[tap * PANEL + o] = from[flipped ? 26 - tap : tap];
        }
        float *result = frequencies[i % 2];
        for (int zy = 0; zy < 9; zy++) split_axis(taps + zy * 3 * PANEL, PANEL, lines + zy * 4 * PANEL, PANEL);
        for (int z = 0; z < 3; z++)
            for (int x = 0; x < 4; x++)
                split_axis(lines + (z * 12 + x) * PANEL, 4 * PANEL, planes + (z * 16 + x) * PANEL, 4 * PANEL);
        for (int yx = 0; yx < 16; yx++) split_axis(planes + yx * PANEL, 16 * PANEL, result + yx * PANEL, 16 * PANEL);
        int64_t place = (panel * inner + i) * PANEL;
        for (int f = 0; f < FREQUENCIES; f++) {
            if (shape.factors == CKERNELS_FLOAT32)
                memcpy((float *)transformed + f * step + place, result + f * PANEL, PANEL * sizeof(float));
            else if (i % 2)
                pair_weights(
                    frequencies[0] + f * PANEL, result + f * PANEL, (uint16_t *)transformed + f * step + place - PANEL);
        }
    }
}

// The sum of one frequency of the parts, which lie `step` apart.
CLONES static void sum_parts(const float *first, int64_t step, int64_t parts, float *sum) {
    float result[PANEL];
    memcpy(result, first, sizeof result);
    for (int64_t part = 1; part < parts; part++)
        for (int o = 0; o < PANEL; o++) result[o] += first[part * step + o];
    memcpy(sum, result, sizeof result);
}

void ckernels_winograd_gather(
    ckernels_winograd shape, const float *gradients, int64_t parts, int64_t panel, int64_t group, float *weights,
    int64_t output_stride, int64_t input_stride) {
    int64_t inner = shape.input_channels, panels = panels_of(shape.output_channels);
    int64_t used = least(PANEL, shape.output_channels - panel * PANEL), step = panels * inner * PANEL;
    float sums[FREQUENCIES * PANEL], planes[48 * PANEL], lines[36 * PANEL], taps[27 * PANEL];
    for (int64_t i = group * 16; i < (group + 1) * 16; i++) {
        for (int f = 0; f < FREQUENCIES; f++)
            sum_parts(
                gradients + f * step + (panel * inner + i) * PANEL, FREQUENCIES * step, parts, sums + f * PANEL);
        for (int yx = 0; yx < 16; yx++) join_axis(sums + yx * PANEL, 16 * PANEL, planes + yx * PANEL, 16 * PANEL);
        for (int z = 0; z < 3; z++)
            for (int x = 0; x < 4; x++)
                join_axis(planes + (z * 16 + x) * PANEL, 4 * PANEL, lines + (z * 12 + x) * PANEL, 4 * PANEL);
        for (int zy = 0; zy < 9; zy++) join_axis(lines + zy * 4 * PANEL, PANEL, taps + zy * 3 * PANEL, PANEL);
        for (int64_t o = 0; o < used; o++) {
            float *to = weights + (panel * PANEL + o) * output_stride + i * input_stride;
            for (int tap = 0; tap < 27; tap++) to[tap] = taps[tap * PANEL + o];
        }
    }
}
