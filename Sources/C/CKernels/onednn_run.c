// Runs and frees compiled convolutions, with calls that oneDNN 2 and 3 have in common.
#include <stdlib.h>
#include <string.h>

#include "onednn_convolution.h"

size_t ckonednn_scratch_bytes(const ckonednn_convolution *c) {
    size_t most = 0;
    for (int i = 0; i < DIRECTIONS; i++) {
        if (c->directions[i].scratch_bytes > most) most = c->directions[i].scratch_bytes;
    }
    return most;
}

// Points a memory at an address; oneDNN zeroes padded channels when it is told of a new one, so only if it changed.
static void point(dnnl_memory_t memory, const void *handle) {
    void *old = NULL;
    dnnl_memory_get_data_handle(memory, &old);
    if (old != handle) dnnl_memory_set_data_handle(memory, (void *)handle);
}

// Copies the input into the middle of the widened buffer, whose margins are always 0.
static void widen(ckonednn_convolution *c, const char *input) {
    const ckonednn_shape *s = &c->shape;
    int64_t block = ckonednn_block(), slabs = s->batch * ((s->input_channels + block - 1) / block);
    int64_t wide[3];
    for (int axis = 0; axis < 3; axis++) wide[axis] = s->input[axis] + 2 * c->margin[axis];
    int64_t width = block * (s->element == CKERNELS_BFLOAT16 ? 2 : 4);
    size_t row = (size_t)(s->input[2] * width);
    for (int64_t slab = 0; slab < slabs; slab++)
        for (int64_t d = 0; d < s->input[0]; d++)
            for (int64_t h = 0; h < s->input[1]; h++) {
                int64_t to = ((slab * wide[0] + d + c->margin[0]) * wide[1] + h + c->margin[1]) * wide[2] + c->margin[2];
                memcpy((char *)c->widened + to * width, input, row);
                input += row;
            }
}

static int run_reorder(ckonednn_convolution *c, dnnl_primitive_t primitive, dnnl_memory_t from, dnnl_memory_t to) {
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    dnnl_status_t status = dnnl_primitive_execute(primitive, c->stream, 2, arguments);
    return status != dnnl_success ? (int)status : (int)dnnl_stream_wait(c->stream);
}

int64_t ckonednn_weight_rows(const ckonednn_convolution *c, int direction) {
    const direction_t *d = &c->directions[direction];
    return d->blocks.is_regular ? d->blocks.output_blocks : 0;
}

void ckonednn_pack_row(ckonednn_convolution *c, int direction, int64_t row, const float *weights) {
    pack_weight_row(&c->directions[direction].blocks, row, weights, c->packed[direction]);
}

static void *gradient_in(const direction_t *d, void *scratch) { return (char *)scratch + d->gradient_offset; }

void ckonednn_unpack_row(ckonednn_convolution *c, int64_t row, void *scratch, float *weight_gradient) {
    const direction_t *d = &c->directions[BACKWARD_WEIGHTS];
    unpack_weight_row(&d->blocks, row, gradient_in(d, scratch), weight_gradient);
}

void ckonednn_set_weights(ckonednn_convolution *c, const float *weights) {
    point(c->plain_weights, weights);
    for (int i = 0; i < 2; i++) {
        if (c->pack[i]) run_reorder(c, c->pack[i], c->plain_weights, c->directions[i].weights);
    }
}

// The input as the primitive of a direction wants it: the caller's own memory, or the converted copy.
static dnnl_memory_t source_for(ckonednn_convolution *c, int direction, const void *input) {
    direction_t *d = &c->directions[direction];
    if (direction == BACKWARD_WEIGHTS && c->widened) {
        widen(c, input);
        point(d->source, c->widened);
    } else if (c->convert[direction]) {
        point(c->plain_source, input);
        point(d->source, c->converted[direction]);
        run_reorder(c, c->convert[direction], c->plain_source, d->source);
    } else {
        point(d->source, input);
    }
    return d->source;
}

static int run(ckonednn_convolution *c, direction_t *d, dnnl_exec_arg_t *arguments, int count, void *scratch) {
    point(d->scratchpad, scratch);
    arguments[count++] = (dnnl_exec_arg_t){DNNL_ARG_SCRATCHPAD, d->scratchpad};
    dnnl_status_t status = dnnl_primitive_execute(d->primitive, c->stream, count, arguments);
    return status != dnnl_success ? (int)status : (int)dnnl_stream_wait(c->stream);
}

int ckonednn_forward(ckonednn_convolution *c, const void *input, void *output, void *scratch) {
    direction_t *d = &c->directions[FORWARD];
    dnnl_memory_t source = source_for(c, FORWARD, input);
    point(d->destination, output);
    dnnl_exec_arg_t arguments[4] = {
        {DNNL_ARG_SRC, source}, {DNNL_ARG_WEIGHTS, d->weights}, {DNNL_ARG_DST, d->destination}};
    return run(c, d, arguments, 3, scratch);
}

int ckonednn_backward_data(
    ckonednn_convolution *c, const void *output_gradient, void *input_gradient, void *scratch) {
    direction_t *d = &c->directions[BACKWARD_DATA];
    point(d->destination, output_gradient);
    point(d->source, input_gradient);
    dnnl_exec_arg_t arguments[4] = {
        {DNNL_ARG_DIFF_DST, d->destination}, {DNNL_ARG_WEIGHTS, d->weights}, {DNNL_ARG_DIFF_SRC, d->source}};
    return run(c, d, arguments, 3, scratch);
}

int ckonednn_backward_weights(
    ckonednn_convolution *c, const void *input, const void *output_gradient, float *weight_gradient,
    void *scratch) {
    direction_t *d = &c->directions[BACKWARD_WEIGHTS];
    dnnl_memory_t source = source_for(c, BACKWARD_WEIGHTS, input);
    point(d->destination, output_gradient);
    point(d->weights, gradient_in(d, scratch));
    dnnl_exec_arg_t arguments[4] = {
        {DNNL_ARG_SRC, source}, {DNNL_ARG_DIFF_DST, d->destination}, {DNNL_ARG_DIFF_WEIGHTS, d->weights}};
    int status = run(c, d, arguments, 3, scratch);
    if (status != 0 || !c->unpack) return status;
    point(c->plain_weights, weight_gradient);
    return run_reorder(c, c->unpack, d->weights, c->plain_weights);
}

void ckonednn_free(ckonednn_convolution *c) {
    if (!c) return;
    for (int i = 0; i < DIRECTIONS; i++) {
        direction_t *d = &c->directions[i];
        dnnl_memory_t memories[] = {d->source, d->weights, d->destination, d->scratchpad};
        for (size_t k = 0; k < sizeof memories / sizeof *memories; k++) dnnl_memory_destroy(memories[k]);
        if (d->primitive) dnnl_primitive_destroy(d->primitive);
        if (d->description) dnnl_primitive_desc_destroy(d->description);
        if (c->convert[i]) dnnl_primitive_destroy(c->convert[i]);
        free(c->converted[i]);
    }
    for (int i = 0; i < 2; i++) {
        free(c->packed[i]);
        if (c->pack[i]) dnnl_primitive_destroy(c->pack[i]);
    }
    if (c->unpack) dnnl_primitive_destroy(c->unpack);
    dnnl_memory_destroy(c->plain_weights);
    dnnl_memory_destroy(c->plain_source);
    if (c->stream) dnnl_stream_destroy(c->stream);
    free(c->widened);
    free(c);
}
