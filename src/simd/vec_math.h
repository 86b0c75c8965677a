// exp and what follows from it, by vectors. Errors are bounded where each function stands, in units
// of the last place (ulp) of the exact result; infinities and NaN come out as IEEE says.
#pragma once

#include "simd/vec.h"

namespace mote::simd::MOTE_ISA {

// x = n ln 2 + r with |r| <= ln(2)/2: exp(x) = 2^n (1 + expm1_r). x is within [-200, 200].
struct ExpParts {
  I32 n;
  F32 expm1_r;
};

// n ln(2) is subtracted in two parts, of which the first is exact (|n| < 2^9 and 16 bits): r is off
// by less than 2^-24 of ln(2)/2. The polynomial is (expm1(r) - r) / r^2, least squares at Chebyshev
// points, off by less than 2^-27: 1 + expm1_r is within 1 ulp.
inline ExpParts split_exp(F32 x) {
  const F32 n = round(x * splat(1.44269504f));
  const F32 r = fma(n, splat(-0x1.7f7d1cp-20f), fma(n, splat(-0x1.62e4p-1f), x));
  F32 q = splat(0x1.6d43b4p-10f);
  q = fma(q, r, splat(0x1.120be8p-7f));
  q = fma(q, r, splat(0x1.5554e8p-5f));
  q = fma(q, r, splat(0x1.5554dcp-3f));
  q = fma(q, r, splat(0.5f));
  return {to_int_rounded(n), fma(r * r, q, r)};
}

// 2^n for -126 <= n <= 127.
inline F32 pow2(I32 n) { return float_of((n + splat(int32_t{127})) << 23); }

// Raises to `low` and lowers to `high`; NaN passes.
inline F32 held(F32 x, float low, float high) { return min(splat(high), max(splat(low), x)); }

// Within 2 ulp; where the result is below 2^-126, 2^-149 more. 2^n is applied in two halves, since
// it need not be a float itself.
inline F32 exp(F32 x) {
  const ExpParts e = split_exp(held(x, -104.0f, 89.0f));
  const I32 half = e.n >> 1;
  return fma(e.expm1_r, pow2(half), pow2(half)) * pow2(e.n - half);
}

// exp(x) - 1 for x <= 0, within 2 ulp: -1 below -40.
inline F32 expm1_negative(F32 x) {
  const ExpParts e = split_exp(max(splat(-40.0f), x));
  const F32 scale = pow2(e.n);
  return fma(e.expm1_r, scale, scale - splat(1.0f));
}

// (exp(2|x|) - 1) / (exp(2|x|) + 1), within 3 ulp.
inline F32 tanh(F32 x) {
  const F32 t = expm1_negative(splat(-2.0f) * abs(x));
  return with_sign_of(abs(t) / (t + splat(2.0f)), x);
}

// 1 / (1 + exp(-x)), within 2^-22 of the largest result, 1; for gates, whose results are not
// divided by.
inline F32 sigmoid(F32 x) {
  const ExpParts e = split_exp(held(-x, -87.0f, 88.0f));
  const F32 scale = pow2(e.n);
  return splat(1.0f) / (splat(1.0f) + fma(e.expm1_r, scale, scale));
}

// exp(-|x|) over or 1 over the sum of both: sigmoid within 3 ulp wherever it is.
inline F32 share(F32 x) {
  const F32 e = exp(-abs(x));
  return select(x < splat(0.0f), e, splat(1.0f)) / (splat(1.0f) + e);
}

// With the cut-off of the reference kernel: exp(x) below -9.
inline F32 logistic(F32 x) {
  const F32 e = exp(-abs(x));
  const F32 inside = select(x < splat(0.0f), e, splat(1.0f)) / (splat(1.0f) + e);
  return select(x < splat(-9.0f), e, inside);
}

inline F32 elu(F32 x) { return select(x < splat(0.0f), expm1_negative(min(x, splat(0.0f))), x); }

// x (1 + tanh(u)) / 2 with u = sqrt(2/pi) (x + 0.044715 x^3): x / (1 + exp(-2u)), so that nothing
// cancels where u is far below 0. Rounding 2u costs |2u| 2^-22 of the result, the rest 3 ulp.
inline F32 gelu_tanh(F32 x) {
  const F32 u2 = splat(1.59576912f) * fma(splat(0.044715f) * x * x, x, x);
  return x * share(u2);
}

// x times the normal distribution's share below x, erfc(-x / sqrt 2) / 2: within 8 ulp with fused
// multiplication. With z = |x| / sqrt 2 and t = 1 / (1 + 0.4 z), erfc(z) = exp(-z^2) t P(t), where
// P of degree 9 is off by less than 2^-26 (least squares at Chebyshev points for z <= 10.2; beyond,
// exp(-z^2) is 0). exp's argument is halved from x^2, whose rounding error is made good.
inline F32 gelu(F32 x) {
  const F32 size = min(splat(20.0f), abs(x));
  const F32 square = size * size;
  const F32 lost = fma(size, size, -square);
  const F32 e = exp(splat(-0.5f) * square);
  const F32 density = fma(e * lost, splat(-0.5f), e);
  const F32 t = splat(1.0f) / fma(size, splat(0.4f * 0.707106781f), splat(1.0f));
  F32 p = splat(-0x1.ec39e2p-6f);
  p = fma(p, t, splat(0x1.9a2088p-3f));
  p = fma(p, t, splat(-0x1.01d98ap-1f));
  p = fma(p, t, splat(0x1.1b3a06p-1f));
  p = fma(p, t, splat(-0x1.277fa6p-2f));
  p = fma(p, t, splat(0x1.189648p-2f));
  p = fma(p, t, splat(0x1.086e88p-3f));
  p = fma(p, t, splat(0x1.b85a64p-3f));
  p = fma(p, t, splat(0x1.ccaefap-3f));
  p = fma(p, t, splat(0x1.ce3f98p-3f));
  // x times the share below -|x|; density comes last, because it may be almost a denormal.
  const F32 tail = (splat(0.5f) * held(x, -20.0f, 20.0f) * t * p) * density;
  // The formula's infinity times zero is NaN.
  return select(x < splat(0.0f), fma(x, splat(0.0f), tail), x - tail);
}

}  // namespace mote::simd::MOTE_ISA
