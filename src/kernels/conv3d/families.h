// The families of 3-D convolution; conv3d.h says what each one takes.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kConv3dF32, kConv3dTransposeF32;

// Rows for one processor.
extern const ProcessorRows kConv3dF32Avx2;

}  // namespace mote::kernels
