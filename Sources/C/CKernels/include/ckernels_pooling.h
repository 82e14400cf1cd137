// Average pooling whose boxes lie side by side.
#pragma once
#include "ckernels_elements.h"

/// The voxels that one output averages, and how far apart lines and planes of the input lie, in voxels.
typedef struct {
    int64_t depth, height, width;
    int64_t line, plane;
} ckernels_box;

/// `count` neighbors on a line of outputs, from the first voxel of the first one's box.
void ckernels_average(
    const void *x, ckernels_element element, ckernels_box box, int64_t count, int lanes, void *y);

/// Spreads the gradients of `count` outputs over their boxes; `adding` to what these hold, or in its place.
void ckernels_average_gradient(
    const void *dy, ckernels_element element, ckernels_box box, int64_t count, int lanes, int adding, void *dx);
