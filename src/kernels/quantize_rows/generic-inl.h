// A faster body of quantize_rows for any processor: the rounding without a library call, so that it
// vectorises.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/quantize_rows/ref.h"

namespace mote::kernels {

// offset + x * inverse rounded half away from zero, as roundf does, and clamped to [low, 127]; a
// NaN is `low`. Adding the float below a half and truncating rounds halves away, for what is far
// below 2^23.
inline void quantize_values(const float* __restrict x, int64_t size, float inverse, float offset,
                            float low, int8_t* __restrict y) {
  constexpr float kUnderHalf = 0.49999997f;
  for (int64_t i = 0; i < size; ++i) {
    const float value = offset + x[i] * inverse;
    const float above = value > low ? value : low;  // false for a NaN
    const float inside = above < 127.0f ? above : 127.0f;
    y[i] = static_cast<int8_t>(static_cast<int32_t>(inside + std::copysign(kUnderHalf, inside)));
  }
}

inline void quantize_row_symmetric(const float* x, int64_t size, int8_t* y, float* scale,
                                   int32_t* zero) {
  float range = 0.0f;
  for (int64_t i = 0; i < size; ++i) range = range < std::fabs(x[i]) ? std::fabs(x[i]) : range;
  *zero = 0;
  *scale = range == 0.0f ? 1.0f : range / 127.0f;
  if (range == 0.0f) {
    std::fill_n(y, size, int8_t{0});
  } else {
    quantize_values(x, size, 127.0f / range, 0.0f, -127.0f, y);
  }
}

inline void quantize_row_asymmetric(const float* x, int64_t size, int8_t* y, float* scale,
                                    int32_t* zero) {
  float low = 0.0f, high = 0.0f;
  for (int64_t i = 0; i < size; ++i) {
    low = x[i] < low ? x[i] : low;
    high = high < x[i] ? x[i] : high;
  }
  *zero = 0;
  *scale = 1.0f;
  if (low == high) {
    std::fill_n(y, size, int8_t{0});
    return;
  }
  const double step = (static_cast<double>(high) - static_cast<double>(low)) / 255.0;
  *zero = mote_row_zero_point(low, high, step);
  *scale = static_cast<float>(step);
  quantize_values(x, size, 1.0f / *scale, static_cast<float>(*zero), -128.0f, y);
}

}  // namespace mote::kernels
