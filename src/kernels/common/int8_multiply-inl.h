// Defines what int8_multiply.h declares; each processor's file includes it once.
#pragma once

#include "kernels/common/int8_outputs-inl.h"

#if defined(__AVX2__)

namespace mote::kernels::MOTE_ISA {

void multiply_int(const IntJob& job, const Tile& tile, int64_t count, const void* packed, int64_t n,
                  int64_t begin, int64_t end) {
  if (job.is_plain) {
    multiply_panels(tile, count, packed, n, begin, end, ByteOutputs{job});
  } else {
    multiply_panels(tile, count, packed, n, begin, end, AnyOutputs{job});
  }
}

void multiply_hybrid(const HybridJob& job, const Tile& tile, int64_t count, const void* packed,
                     int64_t n, int64_t begin, int64_t end) {
  multiply_panels(tile, count, packed, n, begin, end, HybridOutputs{job});
}

}  // namespace mote::kernels::MOTE_ISA

#endif
