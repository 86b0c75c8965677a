// The rows of depthwise convolution for AVX2; empty lists on other targets.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const ProcessorRows kDepthwiseConv2dF32Avx2, kDepthwiseConv2dIntAvx2,
    kDepthwiseConv2dHybridAvx2;

}  // namespace mote::kernels
