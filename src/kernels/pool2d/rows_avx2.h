// The rows of pooling for AVX2; empty lists on other targets.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const ProcessorRows kAveragePoolF32Avx2, kMaxPoolF32Avx2, kL2PoolF32Avx2,
    kAveragePoolIntAvx2, kMaxPoolIntAvx2;

}  // namespace mote::kernels
