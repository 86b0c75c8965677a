// The families of transposed convolution; transpose_conv.h says what each one takes.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kTransposeConvF32, kTransposeConvInt, kTransposeConvHybrid;

// Rows for one processor.
extern const ProcessorRows kTransposeConvF32Avx2, kTransposeConvInt8Avx2, kTransposeConvHybridAvx2;

}  // namespace mote::kernels
