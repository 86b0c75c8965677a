// Fixed-point scaling by vectors (../../simd/vec.h): the same bits as fixed_point.h.
#pragma once

#include "kernels/common/fixed_point.h"
#include "simd/vec.h"

namespace mote::kernels::MOTE_ISA {

namespace v = simd::MOTE_ISA;

// round_half_away(h / 2^n) is (h + up) >> n for h >= 0, (h + down) >> n below 0. h + up must fit.
struct RightShift {
  v::I32 up, down;
  int n;

  explicit RightShift(int by)
      : up(v::splat(by > 0 ? int32_t{1} << (by - 1) : 0)),
        down(v::splat(by > 0 ? (int32_t{1} << (by - 1)) - 1 : 0)),
        n(by) {}

  v::I32 operator()(v::I32 h, v::I32 sign) const {
    return (h + v::select_negative(sign, down, up)) >> n;
  }
};

// mote_rescale(x, multiplier, shift) for multiplier >= 0, shift <= 0. The sign of x serves for that
// of the product: where they differ the product is 0, and 0 + down is rounded to 0 as well.
struct Rescale {
  v::I32 multiplier;
  RightShift right;

  Rescale(int32_t m, int32_t shift) : multiplier(v::splat(m)), right(-shift) {}

  v::I32 operator()(v::I32 x) const { return right(v::mul_high(x, multiplier), x); }
};

}  // namespace mote::kernels::MOTE_ISA
