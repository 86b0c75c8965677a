// The families of batched matrix products; batch_matmul.h says what each one takes.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kBatchMatmulF32, kBatchMatmulInt, kBatchMatmulHybrid;

}  // namespace mote::kernels
