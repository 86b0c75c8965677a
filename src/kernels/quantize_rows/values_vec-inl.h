// A row of floats to bytes by vectors, compiled for each processor that a file
// is compiled for. The results are those of ref.h.
#pragma once

#include "kernels/quantize_rows/ref.h"
#include "simd/vec.h"

namespace mote::kernels::MOTE_ISA {

namespace v = simd::MOTE_ISA;

// offset + x * inverse rounded half away from zero, as roundf does, and clamped
// to [low, 127]; a NaN is `low`. Adding the float below a half and truncating
// rounds halves away, for what is far below 2^23.
inline v::I32 quantized(v::F32 x, float inverse, float offset, float low) {
  const v::F32 value = v::splat(offset) + x * v::splat(inverse);
  const v::F32 inside = v::min(v::max(value, v::splat(low)), v::splat(127.0f));
  return v::to_int_truncated(inside + v::with_sign_of(v::splat(0x1.fffffep-2f), inside));
}

inline void quantize_values(const float* x, int64_t size, float inverse, float offset, float low,
                            int8_t* y) {
  constexpr int64_t kGroup = v::kBytes;
  int64_t i = 0;
  const auto group = [&](const float* from, int8_t* to) {
    v::I32 q[4];
    for (int k = 0; k < 4; ++k) {
      q[k] = quantized(v::load(from + k * v::kLanes), inverse, offset, low);
    }
    v::store_clamped(to, q, -128, 127);
  };
  for (; i + kGroup <= size; i += kGroup) group(x + i, y + i);
  if (i == size) return;
  float from[kGroup] = {};
  int8_t to[kGroup];
  std::memcpy(from, x + i, static_cast<size_t>(size - i) * sizeof(float));
  group(from, to);
  std::memcpy(y + i, to, static_cast<size_t>(size - i));
}

inline void quantize_row_symmetric(const float* x, int64_t size, int8_t* y, float* scale,
                                   int32_t* zero) {
  v::F32 most{};
  int64_t i = 0;
  for (; i + v::kLanes <= size; i += v::kLanes) most = v::max(v::abs(v::load(x + i)), most);
  if (i < size) most = v::max(v::abs(v::load_part(x + i, size - i)), most);
  const float range = v::max_lanes(most);
  *zero = 0;
  *scale = range == 0.0f ? 1.0f : range / 127.0f;
  if (range == 0.0f) {
    std::memset(y, 0, static_cast<size_t>(size));
  } else {
    quantize_values(x, size, 127.0f / range, 0.0f, -127.0f, y);
  }
}

inline void quantize_row_asymmetric(const float* x, int64_t size, int8_t* y, float* scale,
                                    int32_t* zero) {
  v::F32 least{}, most{};
  int64_t i = 0;
  for (; i + v::kLanes <= size; i += v::kLanes) {
    least = v::min(v::load(x + i), least);
    most = v::max(v::load(x + i), most);
  }
  if (i < size) {
    least = v::min(v::load_part(x + i, size - i), least);
    most = v::max(v::load_part(x + i, size - i), most);
  }
  const float low = -v::max_lanes(-least), high = v::max_lanes(most);
  *zero = 0;
  *scale = 1.0f;
  if (low == high) {
    std::memset(y, 0, static_cast<size_t>(size));
    return;
  }
  const double step = (static_cast<double>(high) - static_cast<double>(low)) / 255.0;
  *zero = mote_row_zero_point(static_cast<double>(low), static_cast<double>(high), step);
  *scale = static_cast<float>(step);
  quantize_values(x, size, 1.0f / *scale, static_cast<float>(*zero), -128.0f, y);
}

}  // namespace mote::kernels::MOTE_ISA
