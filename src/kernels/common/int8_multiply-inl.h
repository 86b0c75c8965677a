// Defines what int8_multiply.h declares; each processor's file includes it once.
#pragma once

#include "kernels/common/int8_outputs-inl.h"

#if defined(__AVX2__)

namespace mote::kernels::MOTE_ISA {

void multiply_int(const IntJob& job, const Rows& rows, int64_t count, const void* packed, int64_t n,
                  int64_t k, int64_t begin, int64_t end) {
  const MoteIntMac& mac = *job.mac;
  const bool is_bytes = mac.y_type == kMoteI8 || mac.y_type == kMoteU8;
  if (mac.rounding == kMoteTwice && is_bytes && job.shifts_right) {
    multiply_panels(rows, count, packed, n, k, begin, end, ByteOutputs{job});
  } else {
    multiply_panels(rows, count, packed, n, k, begin, end, AnyOutputs{job});
  }
}

void multiply_hybrid(const HybridJob& job, const Rows& rows, int64_t count, const void* packed,
                     int64_t n, int64_t k, int64_t begin, int64_t end) {
  multiply_panels(rows, count, packed, n, k, begin, end, HybridOutputs{job});
}

}  // namespace mote::kernels::MOTE_ISA

#endif
