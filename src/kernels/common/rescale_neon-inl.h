// mote_rescale (fixed_point.h) of four sums at once, for 64-bit ARM.
#pragma once

#if defined(__aarch64__)

#include <arm_neon.h>

namespace mote::kernels::MOTE_ISA {

// mote_rescale of four sums. left >= 0, right <= 0.
inline int32x4_t rescale(int32x4_t v, int32x4_t multiplier, int32x4_t left, int32x4_t right) {
  const int32x4_t high = vqrdmulhq_s32(vshlq_s32(v, left), multiplier);
  // The shift rounds halves up: numbers below zero are first lowered by one, so that halves go away
  // from it. A shift by 0 changes nothing.
  const int32x4_t lower = vshrq_n_s32(vandq_s32(high, right), 31);
  return vrshlq_s32(vqaddq_s32(high, lower), right);
}

// rescale's shifts are those of `shift`: to the left where it is above 0.
inline int32x4_t left_of(int32x4_t shift) { return vmaxq_s32(shift, vdupq_n_s32(0)); }
inline int32x4_t right_of(int32x4_t shift) { return vminq_s32(shift, vdupq_n_s32(0)); }

}  // namespace mote::kernels::MOTE_ISA

#endif
