// Convolutions on small maps, tap by tap: a link is a tap that joins a voxel of the input with one of the output, and
// taps that see only padding cost nothing. Activations are [N, C / 16, D, H, W, 16] in either element; sums are float32.
//
// A pass goes from source to target: from input to output, or for the gradient of the input the other way. Rows are
// pairs of a target voxel and a sample, 12 at most to a group; a group has one list of taps. Only for CPUs with AVX-512,
// as Winograd's kernels.
#pragma once
#include "ckernels_wide.h"

#define CKERNELS_LINKS_ROWS 12

/// Channels of the rows of a gradient of the weights.
#define CKERNELS_LINKS_STEP 8

/// Most taps of a kernel.
#define CKERNELS_LINKS_TAPS 27

typedef struct {
    int64_t batch;
    int64_t source_channels, target_channels;  // multiples of 16
    int64_t source_voxels, target_voxels;      // of one sample
    int64_t taps;                              // in use
    ckernels_element element;
    /// What is multiplied: float32, or bfloat16 in pairs, with sums in float32.
    ckernels_element factors;
} ckernels_links;

typedef struct {
    const int32_t *rows;  // target voxel * batch + sample
    int64_t row_count;
    const int32_t *taps;  // places among the taps in use
    int64_t tap_count;
} ckernels_links_group;

/// Where the taps lie in plain weights: tap t in use of target channel a and source channel b is the scalar a *
/// target_stride + b * source_stride + places[t] of `volume` in a row.
typedef struct {
    int64_t target_stride, source_stride;
    const int32_t *places;
    int64_t volume;
} ckernels_links_plain;

/// Numbers of packed weights, [⌈Ctarget / 32⌉, taps, Csource, 32]; in bfloat16 with pairs of source channels side by
/// side.
int64_t ckernels_links_weights(ckernels_links shape);

/// Packs the weights of 16 target channels and 16 source channels, blocks `target` and `source`; and those of the pass
/// back, if `exchanged` is not NULL.
void ckernels_links_pack(
    ckernels_links shape, ckernels_links_plain plain, const float *weights, int64_t target, int64_t source,
    void *packed, void *exchanged);

/// Floats of the sources of a group's rows.
int64_t ckernels_links_unfolded(ckernels_links shape, int64_t row_count, int64_t tap_count);

/// The sources of a group's rows, tap by tap; sources[v * taps + t] is the voxel that tap t joins with target voxel v,
/// or negative where that lies in the padding.
void ckernels_links_unfold(
    ckernels_links shape, ckernels_links_group group, const int32_t *sources, const void *source, float *unfolded);

/// The target channels of a panel in a group's rows, from its unfolded sources; `adding` to what is there, or in its
/// place.
void ckernels_links_multiply(
    ckernels_links shape, ckernels_links_group group, int64_t panel, const float *unfolded, const void *packed,
    int adding, void *target);

/// A run of samples, in bfloat16 from an even one on.
typedef struct {
    int64_t first, count;
} ckernels_links_samples;

/// Lays out block `block` of 16 channels of a run of activations with so many channels and voxels, behind the runs
/// before: [C / 16, voxel, ⌈count / 2⌉, 16], two samples of bfloat16 to a word, or [C / 16, voxel, count, 16] in
/// float32.
void ckernels_links_gather(
    ckernels_links shape, ckernels_links_samples samples, int64_t channels, int64_t voxels, int64_t block,
    const void *x, float *gathered);

/// The gradient of the weights for target channels [8 * row, 8 * row + 8) and a panel of 32 source channels: sums over
/// all samples, which lie in runs of `run` as ckernels_links_gather wrote them. Tap t has the links [starts[t],
/// starts[t + 1]) of pairs of a source and a target voxel. Unused taps become 0.
void ckernels_links_correlate(
    ckernels_links shape, ckernels_links_plain plain, const int32_t *starts, const int32_t *links, int64_t run,
    const float *sources, const float *targets, int64_t row, int64_t panel, float *weights);
