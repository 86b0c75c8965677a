// The families of batched matrix products; batch_matmul.h says what each one takes.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kBatchMatmulF32, kBatchMatmulInt, kBatchMatmulHybrid;

// Rows for one processor.
extern const ProcessorRows kBatchMatmulF32Avx2, kBatchMatmulInt8Avx2, kBatchMatmulInt16Avx2;

}  // namespace mote::kernels
