// From sums to outputs in the fast rows: the common case (32-bit sums, rounded twice, 8-bit
// outputs) without the branches of the general one. The results are the same.
#pragma once

#include <cstdint>

#include "kernels/common/mac.h"

namespace mote::kernels {

struct GeneralOutput {
  const MoteIntMac& mac;
  const MoteScales& scales;
  const void* bias;
  void* y;

  void operator()(int64_t at, int64_t channel, int64_t sum) const {
    const int64_t acc = sum + mote_bias(bias, mac.rounding, channel);
    mote_store(y, at, mac.y_type, mote_requantize(&mac, &scales, channel, acc));
  }
};

// kRight: every channel's shift is to the right, as it is unless the scales are odd.
template <bool kRight>
struct ByteOutput {
  const int32_t* bias;
  const int32_t* multiplier;
  const int32_t* shift;
  int32_t zero, low, high;
  uint8_t* y;

  void operator()(int64_t at, int64_t channel, int64_t sum) const {
    const int32_t total = mote_add_wrap(static_cast<int32_t>(sum), bias ? bias[channel] : 0);
    int32_t value = 0;
    if constexpr (kRight) {
      // The multiplier is not negative, so the high half never saturates. Half away from zero:
      // negative numbers are rounded at just under a half.
      const int64_t high_half = (int64_t{total} * multiplier[channel] + (int64_t{1} << 30)) >> 31;
      const int64_t nudged = high_half - (high_half < 0 ? 1 : 0);
      value = static_cast<int32_t>(((nudged >> (-shift[channel] - 1)) + 1) >> 1);
    } else {
      value = mote_rescale(total, multiplier[channel], shift[channel]);
    }
    y[at] = static_cast<uint8_t>(mote_clamp_i32(mote_add_wrap(value, zero), low, high));
  }
};

// Calls `body` with what takes (element of y, channel, sum without bias). There are `channels` of
// them.
template <class Body>
inline void with_output(const MoteIntMac& mac, const MoteScales& scales, int64_t channels,
                        const void* bias, void* y, const Body& body) {
  if (mac.rounding != kMoteTwice || (mac.y_type != kMoteI8 && mac.y_type != kMoteU8)) {
    return body(GeneralOutput{mac, scales, bias, y});
  }
  bool right = true;
  for (int64_t c = 0; c < channels; ++c) right = right && scales.shift[c] < 0;
  const auto* bias32 = static_cast<const int32_t*>(bias);
  auto* bytes = static_cast<uint8_t*>(y);
  if (right) {
    body(ByteOutput<true>{bias32, scales.multiplier, scales.shift, mac.y_zero, mac.act_min,
                          mac.act_max, bytes});
  } else {
    body(ByteOutput<false>{bias32, scales.multiplier, scales.shift, mac.y_zero, mac.act_min,
                           mac.act_max, bytes});
  }
}

}  // namespace mote::kernels
