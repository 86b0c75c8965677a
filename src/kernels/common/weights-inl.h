// Weights that the integer rows don't read as they are stored: int4 becomes int8, uint8 becomes
// int16 less its zero point. `count` elements, in the same order.
#pragma once

#include <cstdint>

#include "kernels/common/mac.h"

namespace mote::kernels {

inline void unpack_int4(const void* weights, int64_t count, int8_t* unpacked) {
  const auto* bytes = static_cast<const uint8_t*>(weights);
  for (int64_t i = 0; i < count; ++i) {
    const int nibble = (bytes[i >> 1] >> ((i & 1) * 4)) & 15;
    unpacked[i] = static_cast<int8_t>((nibble ^ 8) - 8);
  }
}

inline void center_uint8(const void* weights, int64_t count, int32_t zero, int16_t* centered) {
  const auto* bytes = static_cast<const uint8_t*>(weights);
  for (int64_t i = 0; i < count; ++i) centered[i] = static_cast<int16_t>(bytes[i] - zero);
}

}  // namespace mote::kernels
