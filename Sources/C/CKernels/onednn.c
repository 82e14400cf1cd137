#include "ckernels_onednn.h"

#include <dnnl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weights.h"

enum { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS, DIRECTIONS };

// One compiled primitive and what it reads and writes. The conversions are NULL where the layouts agree.
typedef struct {
    dnnl_primitive_desc_t description;
    dnnl_primitive_t primitive;
    dnnl_memory_t source, weights, destination, scratchpad;  // the last argument is the one that it writes
    dnnl_memory_desc_t source_layout, weight_layout;
    weight_layout blocks;            // the same where it is blocks of 16 x 16 channels
    size_t scratch_bytes;
} direction_t;

struct ckonednn_convolution {
    ckonednn_shape shape;
    dnnl_stream_t stream;
    direction_t directions[DIRECTIONS];
    dnnl_memory_t plain_weights;         // the caller's weights (or their gradient), any address
    dnnl_memory_desc_t plain_layout, activation_layout;
    dnnl_memory_t plain_source;          // the caller's input where the primitive wants another layout
    dnnl_primitive_t pack[2], unpack;    // the same for other layouts: to forward and backward data; gradient back
    dnnl_primitive_t convert[DIRECTIONS];  // the caller's input to the layout of a direction
    void *packed[DIRECTIONS];            // weights for forward and backward data, gradient of the weights
    void *converted[DIRECTIONS];         // input in the layout that a direction wants
    void *widened;                       // input with its padding written out, for the gradient of the weights
    int64_t margin[3];                   // voxels of that padding in front of and behind each axis
};

static dnnl_engine_t engine;
static pthread_once_t engine_once = PTHREAD_ONCE_INIT;

static void make_engine(void) {
    if (dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success) abort();
}

int ckonednn_block(void) {
    int isa = (int)dnnl_get_effective_cpu_isa();
    return (isa & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core ? 16 : 8;
}

int ckonednn_has_fast_bfloat16(void) {
    return ((int)dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
}

static dnnl_data_type_t type_of(ckernels_element element) {
    return element == CKERNELS_BFLOAT16 ? dnnl_bf16 : dnnl_f32;
}

const char *ckonednn_version(void) {
    static char text[32];
    const dnnl_version_t *version = dnnl_version();
    snprintf(text, sizeof text, "%d.%d.%d", version->major, version->minor, version->patch);
    return text;
}

const char *ckonednn_instruction_set(void) {
    switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_sse41: return "SSE4.1";
    case dnnl_cpu_isa_avx: return "AVX";
    case dnnl_cpu_isa_avx2: return "AVX2";
    case dnnl_cpu_isa_avx2_vnni: return "AVX2 VNNI";
    case dnnl_cpu_isa_avx512_core: return "AVX-512";
    case dnnl_cpu_isa_avx512_core_vnni: return "AVX-512 VNNI";
    case dnnl_cpu_isa_avx512_core_bf16: return "AVX-512 BF16";
    case dnnl_cpu_isa_avx512_core_amx: return "AMX";
    default: return "unknown";
    }
}

static dnnl_memory_t memory_of(const dnnl_memory_desc_t *layout, void *handle) {
    dnnl_memory_t memory = NULL;
    dnnl_memory_create(&memory, layout, engine, handle);
    return memory;
}

static const dnnl_memory_desc_t *query(dnnl_primitive_desc_t description, dnnl_query_t what) {
    return dnnl_primitive_desc_query_md(description, what, 0);
}

static dnnl_primitive_t reorder(const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to) {
    dnnl_primitive_desc_t description = NULL;
    dnnl_primitive_t primitive = NULL;
    if (dnnl_reorder_primitive_desc_create(&description, from, engine, to, engine, NULL) != dnnl_success) return NULL;
    dnnl_primitive_create(&primitive, description);
    dnnl_primitive_desc_destroy(description);
    return primitive;
}

static void *aligned(size_t bytes) {
    void *memory = aligned_alloc(64, (bytes + 127) & ~(size_t)63);
    if (memory) memset(memory, 0, (bytes + 127) & ~(size_t)63);
    return memory;
}

// Points a memory at an address; oneDNN zeroes padded channels when it is told of a new one, so only if it changed.
static void point(dnnl_memory_t memory, const void *handle) {
    void *old = NULL;
    dnnl_memory_get_data_handle(memory, &old);
    if (old != handle) dnnl_memory_set_data_handle(memory, (void *)handle);
}

static dnnl_status_t describe(
    const ckonednn_shape *s, int direction, const dnnl_memory_desc_t *source, const dnnl_memory_desc_t *weights,
    const dnnl_memory_desc_t *destination, dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *result) {
    dnnl_primitive_attr_t attributes;
    dnnl_primitive_attr_create(&attributes);
    dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    dnnl_post_ops_t sum = NULL;
    if (direction == FORWARD && s->accumulates) {
        dnnl_post_ops_create(&sum);
        dnnl_post_ops_append_sum(sum, 1.0f);
        dnnl_primitive_attr_set_post_ops(attributes, sum);
    }
    dnnl_status_t status;
    if (s->transposed) {
        dnnl_deconvolution_desc_t d;
        switch (direction) {
        case FORWARD:
            status = dnnl_deconvolution_forward_desc_init(
                &d, dnnl_forward_training, dnnl_deconvolution_direct, source, weights, NULL, destination, s->stride,
                s->padding, s->padding);
            break;
        case BACKWARD_DATA:
            status = dnnl_deconvolution_backward_data_desc_init(
                &d, dnnl_deconvolution_direct, source, weights, destination, s->stride, s->padding, s->padding);
            break;
        default:
            status = dnnl_deconvolution_backward_weights_desc_init(
                &d, dnnl_deconvolution_direct, source, weights, NULL, destination, s->stride, s->padding, s->padding);
        }
        if (status == dnnl_success) status = dnnl_primitive_desc_create(result, &d, attributes, engine, hint);
    } else {
        dnnl_convolution_desc_t d;
        switch (direction) {
        case FORWARD:
            status = dnnl_convolution_forward_desc_init(
                &d, dnnl_forward_training, dnnl_convolution_direct, source, weights, NULL, destination, s->stride,
                s->padding, s->padding);
            break;
        case BACKWARD_DATA:
            status = dnnl_convolution_backward_data_desc_init(
                &d, dnnl_convolution_direct, source, weights, destination, s->stride, s->padding, s->padding);
            break;
        default:
            status = dnnl_convolution_backward_weights_desc_init(
                &d, dnnl_convolution_direct, source, weights, NULL, destination, s->stride, s->padding, s->padding);
        }
        if (status == dnnl_success) status = dnnl_primitive_desc_create(result, &d, attributes, engine, hint);
    }
    if (sum) dnnl_post_ops_destroy(sum);
    dnnl_primitive_attr_destroy(attributes);
    return status;
}

static int is_reference(dnnl_primitive_desc_t description) {
    const char *name = "";
    dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name);
    return strncmp(name, "ref", 3) == 0;
}

// oneDNN 2.6 has no fast weight gradient where a kernel is longer than its axis (depth 2, kernel 3: hundreds of times
// slower). With the padding of those axes written out as zeros it has one.
static dnnl_status_t describe_widened(
    ckonednn_convolution *c, const dnnl_memory_desc_t *source, const dnnl_memory_desc_t *weights,
    const dnnl_memory_desc_t *weight_gradient, const dnnl_memory_desc_t *destination, dnnl_format_tag_t tag) {
    ckonednn_shape wide = c->shape;
    dnnl_dims_t dims;
    memcpy(dims, source->dims, sizeof dims);
    for (int axis = 0; axis < 3; axis++) {
        if (wide.kernel[axis] <= wide.input[axis]) continue;
        c->margin[axis] = wide.padding[axis];
        wide.padding[axis] = 0;
        dims[2 + axis] += 2 * c->margin[axis];
    }
    dnnl_memory_desc_t wide_source;
    dnnl_memory_desc_init_by_tag(&wide_source, 5, dims, type_of(wide.element), tag);
    dnnl_primitive_desc_t hint = NULL, description = NULL;
    dnnl_status_t status = describe(&wide, FORWARD, &wide_source, weights, destination, NULL, &hint);
    if (status == dnnl_success) {
        status = describe(&wide, BACKWARD_WEIGHTS, &wide_source, weight_gradient, destination, hint, &description);
        dnnl_primitive_desc_destroy(hint);
    }
    if (status != dnnl_success) return status;
    dnnl_primitive_desc_destroy(c->directions[BACKWARD_WEIGHTS].description);
    c->directions[BACKWARD_WEIGHTS].description = description;
    c->widened = aligned(dnnl_memory_desc_get_size(&wide_source));
    return status;
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

// Tells where scalars lie, if the layout is whole blocks of 16 x 16 channels with the taps between blocks.
static weight_layout describe_blocks(const ckonednn_shape *s, const dnnl_memory_desc_t *layout) {
    weight_layout blocks = {0};
    const dnnl_blocking_desc_t *b = &layout->format_desc.blocking;
    int64_t inner[2] = {1, 1}, taps = s->kernel[0] * s->kernel[1] * s->kernel[2];
    if (layout->format_kind != dnnl_blocked || s->output_channels % 16 != 0 || s->input_channels % 16 != 0) return blocks;
    for (int n = 0; n < b->inner_nblks; n++) {
        if (b->inner_idxs[n] > 1) return blocks;
        inner[b->inner_idxs[n]] *= b->inner_blks[n];
    }
    int64_t row = WEIGHT_BLOCK * s->kernel[2];
    if (inner[0] != 16 || inner[1] != 16 || b->strides[4] != WEIGHT_BLOCK || b->strides[3] != row ||
        b->strides[2] != row * s->kernel[1])
        return blocks;
    for (int o = 0; o < 16; o++)
        for (int i = 0; i < 16; i++) {
            // The innermost block counts the lowest digits of its channel.
            int rest[2] = {o, i}, place = 0, step = 1;
            for (int n = b->inner_nblks - 1; n >= 0; n--) {
                int width = (int)b->inner_blks[n], *digit = &rest[b->inner_idxs[n]];
                place += *digit % width * step;
                *digit /= width;
                step *= width;
            }
            blocks.place[o * 16 + i] = (uint16_t)place;
        }
    blocks.is_regular = 1;
    blocks.element = layout->data_type == dnnl_bf16 ? CKERNELS_BFLOAT16 : CKERNELS_FLOAT32;
    blocks.output_blocks = s->output_channels / 16;
    blocks.input_blocks = s->input_channels / 16;
    blocks.taps = taps;
    blocks.output_stride = b->strides[0];
    blocks.input_stride = b->strides[1];
    blocks.plain_output_stride = s->transposed ? taps : s->weight_channel_stride;
    blocks.plain_input_stride = s->transposed ? s->weight_channel_stride : taps;
    return blocks;
}

ckonednn_convolution *ckonednn_make(const ckonednn_shape *shape, char *problem, size_t capacity) {
    pthread_once(&engine_once, make_engine);
    ckonednn_convolution *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->shape = *shape;
    const ckonednn_shape *s = &c->shape;
    dnnl_stream_create(&c->stream, engine, dnnl_stream_default_flags);

    dnnl_format_tag_t tag = ckonednn_block() == 16 ? dnnl_aBcde16b : dnnl_aBcde8b;
    dnnl_dims_t source_dims = {s->batch, s->input_channels, s->input[0], s->input[1], s->input[2]};
    dnnl_dims_t destination_dims = {s->batch, s->output_channels, s->output[0], s->output[1], s->output[2]};
    dnnl_dims_t weight_dims = {s->output_channels, s->input_channels, s->kernel[0], s->kernel[1], s->kernel[2]};
    dnnl_memory_desc_t source, plain_source, weights, weight_gradient, destination;
    dnnl_data_type_t type = type_of(s->element);
    dnnl_memory_desc_init_by_tag(
        &source, 5, source_dims, type, s->plain_input ? dnnl_format_tag_any : tag);
    dnnl_memory_desc_init_by_tag(&plain_source, 5, source_dims, dnnl_f32, dnnl_abcde);
    dnnl_memory_desc_init_by_tag(&weights, 5, weight_dims, type, dnnl_format_tag_any);
    dnnl_memory_desc_init_by_tag(&weight_gradient, 5, weight_dims, dnnl_f32, dnnl_format_tag_any);
    dnnl_memory_desc_init_by_tag(&destination, 5, destination_dims, type, tag);

    // The caller's weights: oneDNN counts [out, in, k...] for both kinds, so a transposed one swaps the strides.
    int64_t volume = s->kernel[0] * s->kernel[1] * s->kernel[2];
    dnnl_dims_t strides = {
        s->weight_channel_stride, volume, s->kernel[1] * s->kernel[2], s->kernel[2], 1};
    if (s->transposed) {
        strides[0] = volume;
        strides[1] = s->weight_channel_stride;
    }
    dnnl_memory_desc_init_by_strides(&c->plain_layout, 5, weight_dims, dnnl_f32, strides);
    c->plain_weights = memory_of(&c->plain_layout, NULL);
    if (s->plain_input) c->plain_source = memory_of(&plain_source, NULL);

    int count = s->needs_backward ? DIRECTIONS : 1;
    for (int i = 0; i < count; i++) {
        if (i == BACKWARD_DATA && s->plain_input) continue;
        direction_t *d = &c->directions[i];
        dnnl_status_t status = describe(
            s, i, &source, i == BACKWARD_WEIGHTS ? &weight_gradient : &weights, &destination,
            i == FORWARD ? NULL : c->directions[FORWARD].description, &d->description);
        if (status != dnnl_success) {
            snprintf(problem, capacity, "oneDNN %s has no implementation (status %d)", ckonednn_version(), status);
            ckonednn_free(c);
            return NULL;
        }
        if (i == BACKWARD_WEIGHTS && !s->transposed && !s->plain_input && is_reference(d->description)) {
            describe_widened(c, &source, &weights, &weight_gradient, &destination, tag);  // or keep the slow one
        }
        dnnl_primitive_create(&d->primitive, d->description);
        d->source_layout = *query(d->description, i == BACKWARD_DATA ? dnnl_query_diff_src_md : dnnl_query_src_md);
        d->weight_layout =
            *query(d->description, i == BACKWARD_WEIGHTS ? dnnl_query_diff_weights_md : dnnl_query_weights_md);
        const dnnl_memory_desc_t *pad = query(d->description, dnnl_query_scratchpad_md);
        d->scratch_bytes = dnnl_memory_desc_get_size(pad);
        d->scratchpad = memory_of(pad, NULL);
        d->destination = memory_of(&destination, NULL);
        c->packed[i] = aligned(dnnl_memory_desc_get_size(&d->weight_layout));
        d->weights = memory_of(&d->weight_layout, c->packed[i]);
        if (s->plain_input && !dnnl_memory_desc_equal(&d->source_layout, &plain_source)) {
            c->convert[i] = reorder(&plain_source, &d->source_layout);
            c->converted[i] = aligned(dnnl_memory_desc_get_size(&d->source_layout));
        }
        d->source = memory_of(&d->source_layout, NULL);
        d->blocks = describe_blocks(s, &d->weight_layout);
        if (d->blocks.is_regular) continue;
        if (i < 2) c->pack[i] = reorder(&c->plain_layout, &d->weight_layout);
        else c->unpack = reorder(&d->weight_layout, &c->plain_layout);
    }
    return c;
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
        free(c->packed[i]);
        free(c->converted[i]);
    }
    for (int i = 0; i < 2; i++) {
        if (c->pack[i]) dnnl_primitive_destroy(c->pack[i]);
    }
    if (c->unpack) dnnl_primitive_destroy(c->unpack);
    dnnl_memory_destroy(c->plain_weights);
    dnnl_memory_destroy(c->plain_source);
    if (c->stream) dnnl_stream_destroy(c->stream);
    free(c->widened);
    free(c);
}

size_t ckonednn_scratch_bytes(const ckonednn_convolution *c) {
    size_t most = 0;
    for (int i = 0; i < DIRECTIONS; i++) {
        if (c->directions[i].scratch_bytes > most) most = c->directions[i].scratch_bytes;
    }
    return most;
}

const char *ckonednn_implementation(const ckonednn_convolution *c, int direction) {
    const char *name = "none";
    if (c->directions[direction].description) {
        dnnl_primitive_desc_query(c->directions[direction].description, dnnl_query_impl_info_str, 0, &name);
    }
    return name;
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

void ckonednn_unpack_row(ckonednn_convolution *c, int64_t row, float *weight_gradient) {
    unpack_weight_row(&c->directions[BACKWARD_WEIGHTS].blocks, row, c->packed[BACKWARD_WEIGHTS], weight_gradient);
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
    dnnl_exec_arg_t arguments[4] = {
        {DNNL_ARG_SRC, source}, {DNNL_ARG_DIFF_DST, d->destination}, {DNNL_ARG_DIFF_WEIGHTS, d->weights}};
    int status = run(c, d, arguments, 3, scratch);
    if (status != 0 || !c->unpack) return status;
    point(c->plain_weights, weight_gradient);
    return run_reorder(c, c->unpack, d->weights, c->plain_weights);
}
