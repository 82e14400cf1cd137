// Kernels that Swift cannot vectorise for every x86-64, and the door to oneDNN.
#pragma once
#include "ckernels_heads.h"
#include "ckernels_join.h"
#include "ckernels_lanes.h"
#include "ckernels_links.h"
#include "ckernels_losses.h"
#include "ckernels_machine.h"
#include "ckernels_norm.h"
#include "ckernels_onednn.h"
#include "ckernels_parameters.h"
#include "ckernels_pooling.h"
#include "ckernels_wide.h"
#include "ckernels_winograd.h"
