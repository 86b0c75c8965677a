// The families of depthwise convolution; depthwise_conv2d.h says what each one takes.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kDepthwiseConv2dF32, kDepthwiseConv2dInt, kDepthwiseConv2dHybrid;

// Rows for one processor; those for AVX2 are in rows_avx2.h.
extern const ProcessorRows kDepthwiseConv2dIntNeon;

}  // namespace mote::kernels
