// Rows that few processors can run, with their instruction emulated.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels::shapes {

// The VNNI rows of conv2d and fully_connected on AVX2; empty where this build has no AVX2.
extern const ProcessorRows kConv2dIntDots, kConv2dHybridDots, kFullyConnectedIntDots,
    kFullyConnectedHybridDots;

}  // namespace mote::kernels::shapes
