// For tests: what requantize_avx2-inl.h computes, reached from a file that any processor runs.
#pragma once

#include "kernels/common/mac.h"

namespace mote::kernels {

// y[i] for sum x[i] of channel i. False where this build has no such code.
bool requantize_with_avx2(const MoteIntMac& mac, const int32_t* x, const int32_t* multiplier,
                          const int32_t* shift, const double* exact, int64_t n, void* y);

}  // namespace mote::kernels
