// libnifti's headers of NIfTI-1 and NIfTI-2 and its geometry functions.
#pragma once
#include <nifti/nifti1.h>
#include <nifti/nifti2.h>
#include <nifti/nifti2_io.h>
