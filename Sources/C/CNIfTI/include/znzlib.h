// libnifti includes <znzlib.h> from its own folder; this forwards it.
#pragma once
#include <nifti/znzlib.h>
