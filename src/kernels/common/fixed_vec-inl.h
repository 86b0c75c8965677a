// Functions of fixed-point numbers by vectors: the same bits as fixed_math.h, which has the
// formulas and says what Qm is.
#pragma once

#include "kernels/common/fixed_math.h"
#include "simd/vec.h"

namespace mote::kernels::MOTE_ISA {

namespace v = simd::MOTE_ISA;

// round_half_away(x / 2^n) for any x, 0 <= n <= 31; mote_shift_right.
inline v::I32 rounded_right(v::I32 x, int n) {
  const int32_t mask = static_cast<int32_t>((int64_t{1} << n) - 1);
  const v::I32 threshold = v::splat(mask >> 1) - (x >> 31);
  return (x >> n) - ((x & v::splat(mask)) > threshold);
}

// exp(a), a in Q0 within [-1/4, 0). Result Q0.
inline v::I32 exp_quarter(v::I32 a) {
  const v::I32 center = v::splat(int32_t{1895147668});  // exp(-1/8)
  const v::I32 third = v::splat(int32_t{715827883});    // 1/3
  const v::I32 x = a + v::splat(int32_t{1} << 28);
  const v::I32 x2 = v::mul_high(x, x);
  const v::I32 x3 = v::mul_high(x2, x);
  const v::I32 x4 = v::mul_high(x2, x2);
  const v::I32 sixth_of_rest = v::mul_high(rounded_right(x4, 2) + x3, third);
  const v::I32 tail = rounded_right(sixth_of_rest + x2, 1);
  return center + v::mul_high(center, x + tail);
}

// exp(a), a <= 0 in Q5. Result Q0; exp(0) is the largest number below 1.
inline v::I32 exp_q5(v::I32 a) {
  constexpr int32_t kFactors[7] = {1672461947, 1302514674, 790015084, 290630308,
                                   39332535,   720401,     242};
  const v::I32 quarter = v::splat(int32_t{1} << 24);
  const v::I32 part = (a & (quarter - v::splat(int32_t{1}))) - quarter;
  const v::I32 rest = part - a;
  v::I32 result = exp_quarter(part << 5);
  for (int bit = 0; bit < 7; ++bit) {
    const v::I32 has_bit = (rest << (31 - 24 - bit)) >> 31;
    result = v::select(has_bit, v::mul_high(result, v::splat(kFactors[bit])), result);
  }
  return v::select(a == v::splat(int32_t{0}), v::splat(INT32_MAX), result);
}

}  // namespace mote::kernels::MOTE_ISA
