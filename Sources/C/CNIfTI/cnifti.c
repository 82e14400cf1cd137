#include "cnifti.h"

_Static_assert(sizeof(nifti_1_header) == 348, "a NIfTI-1 header has 348 bytes");
_Static_assert(sizeof(nifti_2_header) == 540, "a NIfTI-2 header has 540 bytes");
