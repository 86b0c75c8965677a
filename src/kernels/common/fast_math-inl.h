// exp and what follows from it, without branches or calls, so that loops over them vectorise.
// Within 2 ulp of the exact value (logistic, tanh: 3); infinities and NaN come out as IEEE says.
#pragma once

#include <bit>
#include <cstdint>

namespace mote::kernels::fast {

// x = n ln 2 + r: exp(x) = 2^n (1 + expm1(r)).
struct ExpParts {
  float scale_a, scale_b;  // 2^n = scale_a * scale_b: 2^n itself may not be a float
  float expm1_r;
};

inline float pow2(int32_t n) {
  return std::bit_cast<float>((static_cast<uint32_t>(n) + 127u) << 23);
}

inline ExpParts split_exp(float x) {
  const float high = x < -104.0f ? -104.0f : x;
  const float held = high > 89.0f ? 89.0f : high;
  constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  const float shifted = held * 1.44269504f + kRounder;
  const float n = shifted - kRounder;
  const auto whole = static_cast<int32_t>(std::bit_cast<uint32_t>(shifted) - 0x4b400000u);
  const float r = (held - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;
  // (expm1(r) - r) / r^2, least squares at Chebyshev points of |r| <= ln(2)/2.
  float q = 0x1.6d43b4p-10f;
  q = q * r + 0x1.120be8p-7f;
  q = q * r + 0x1.5554e8p-5f;
  q = q * r + 0x1.5554dcp-3f;
  q = q * r + 0.5f;
  const int32_t half = whole >> 1;
  return {pow2(half),
          pow2(static_cast<int32_t>(static_cast<uint32_t>(whole) - static_cast<uint32_t>(half))),
          r + r * r * q};
}

inline float exp(float x) {
  const ExpParts e = split_exp(x);
  return (1.0f + e.expm1_r) * e.scale_a * e.scale_b;
}

// x <= 0.
inline float expm1_negative(float x) {
  const ExpParts e = split_exp(x);
  const float scale = e.scale_a * e.scale_b;
  return e.expm1_r * scale + (scale - 1.0f);
}

inline float magnitude(float x) {
  return std::bit_cast<float>(std::bit_cast<uint32_t>(x) & 0x7fffffffu);
}

inline float with_sign_of(float size, float sign) {
  return std::bit_cast<float>(std::bit_cast<uint32_t>(size) |
                              (std::bit_cast<uint32_t>(sign) & 0x80000000u));
}

inline float tanh(float x) {
  const float t = expm1_negative(-2.0f * magnitude(x));
  return with_sign_of(-t / (t + 2.0f), x);
}

// With the cut-offs of the reference kernel: 1 above 16.6, exp(x) below -9.
inline float logistic(float x) {
  const float e = exp(-magnitude(x));
  const float numerator = x < 0.0f ? e : 1.0f;
  const float inside = numerator / (1.0f + e);
  return x < -9.0f ? e : inside;
}

inline float elu(float x) {
  const float below = expm1_negative(x < 0.0f ? x : 0.0f);
  return x < 0.0f ? below : x;
}

inline float gelu_tanh(float x) {
  // (1 + tanh(u)) / 2 = 1 / (1 + exp(-2u)): nothing cancels where u is far below 0.
  const float u2 = 1.59576912f * (x + 0.044715f * x * x * x);
  const float e = exp(-magnitude(u2));
  return x * ((u2 < 0.0f ? e : 1.0f) / (1.0f + e));
}

}  // namespace mote::kernels::fast
