// Scales and zero points while a model is prepared.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/common/fixed_point.h"

namespace mote::kernels {

// real = (q - zero_point) * scale
struct Affine {
  float scale = 1.0f;
  int32_t zero_point = 0;
};

// A real multiplier as the kernels hold it: multiplier * 2^(shift - 31), shift in [-31, 31].
struct Multiplier {
  int32_t multiplier = 0;
  int32_t shift = 0;
};

// Beyond 2^31 (where the reference kernels' shifts are undefined) it is the largest there is.
inline Multiplier split_multiplier(double real) {
  if (!(real < 2147483648.0)) return {INT32_MAX, 31};
  Multiplier m;
  int shift = 0;
  mote_split_multiplier(real, &m.multiplier, &shift);
  m.shift = shift;
  return m;
}

// Whether `x` is a power of two to within 0.001 in its logarithm, which `log2` then is.
inline bool is_pow2(float x, int32_t* log2) {
  const float exact = std::log(x) * (1.0f / std::log(2.0f));
  const float rounded = std::round(exact);
  *log2 = static_cast<int32_t>(rounded);
  return std::abs(exact - rounded) < 1e-3f;
}

}  // namespace mote::kernels
