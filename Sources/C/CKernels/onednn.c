// Compiles convolutions with oneDNN 2.6. What depends on its version stands here, and as types in onednn_convolution.h.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onednn_convolution.h"

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
    blocks.order = find_weight_order(&blocks);
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
        size_t weight_bytes = dnnl_memory_desc_get_size(&d->weight_layout);
        d->scratch_bytes = dnnl_memory_desc_get_size(pad);
        if (i == BACKWARD_WEIGHTS) {
            d->gradient_offset = (d->scratch_bytes + 63) & ~(size_t)63;
            d->scratch_bytes = d->gradient_offset + weight_bytes;
        } else {
            c->packed[i] = aligned(weight_bytes);
        }
        d->scratchpad = memory_of(pad, NULL);
        d->destination = memory_of(&destination, NULL);
        d->weights = memory_of(&d->weight_layout, i == BACKWARD_WEIGHTS ? NULL : c->packed[i]);
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

int ckonednn_share_weights(ckonednn_convolution *c, const ckonednn_convolution *owner) {
    for (int i = 0; i < 2; i++) {
        if (!c->packed[i]) continue;
        const dnnl_memory_desc_t *theirs = &owner->directions[i].weight_layout;
        if (!owner->packed[i] || !dnnl_memory_desc_equal(&c->directions[i].weight_layout, theirs)) return 0;
    }
    for (int i = 0; i < 2; i++) {
        if (!c->packed[i]) continue;
        dnnl_memory_set_data_handle(c->directions[i].weights, owner->packed[i]);
        free(c->packed[i]);
        c->packed[i] = NULL;
    }
    return 1;
}

const char *ckonednn_implementation(const ckonednn_convolution *c, int direction) {
    const char *name = "none";
    if (c->directions[direction].description) {
        dnnl_primitive_desc_query(c->directions[direction].description, dnnl_query_impl_info_str, 0, &name);
    }
    return name;
}
