// The families of 2-D convolution; conv2d.h says what each one takes.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kConv2dF32, kConv2dF16, kConv2dInt, kConv2dHybrid;

// Rows for one processor.
extern const ProcessorRows kConv2dF32WinogradAvx2, kConv2dF16WinogradAvx2, kConv2dF32Avx2,
    kConv2dF16Avx2, kConv2dInt8Avx2, kConv2dInt16Avx2, kConv2dHybridAvx2;
extern const ProcessorRows kConv2dInt8Avx512Vnni, kConv2dInt8AvxVnni;
extern const ProcessorRows kConv2dHybridAvx512Vnni, kConv2dHybridAvxVnni;
extern const ProcessorRows kConv2dInt8NeonI8mm, kConv2dInt8NeonDot, kConv2dInt8Neon;
extern const ProcessorRows kConv2dHybridNeonI8mm, kConv2dHybridNeonDot, kConv2dHybridNeon;

}  // namespace mote::kernels
