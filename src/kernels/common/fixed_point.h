/* Integer arithmetic that every quantized kernel shares. Plain C99, part of the text that generated C ships.
 *
 * Mote computes what TensorFlow Lite's reference kernels compute, bit for bit; docs/numerics.md has the definitions.
 * A real multiplier m > 0 is held as (multiplier, shift): m = multiplier * 2^(shift - 31), multiplier in
 * [2^30, 2^31) or 0. */
#ifndef MOTE_KERNELS_COMMON_FIXED_POINT_H_
#define MOTE_KERNELS_COMMON_FIXED_POINT_H_

#include <math.h>
#include <stdint.h>

/* a * b / 2^31 rounded, halves up, saturated: the only overflow is a = b = INT32_MIN. */
static inline int32_t mote_mul_high(int32_t a, int32_t b) {
  if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
  return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}

/* round_half_away(x / 2^exponent), 0 <= exponent <= 31. */
static inline int32_t mote_shift_right(int32_t x, int exponent) {
  const int32_t mask = (int32_t)(((int64_t)1 << exponent) - 1);
  const int32_t remainder = x & mask;
  const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

/* x << exponent in 32 bits, wrapping as the reference kernels' multiplication does. */
static inline int32_t mote_shift_left_wrap(int32_t x, int exponent) {
  return (int32_t)((uint32_t)x << exponent);
}

/* x * m, rounded twice: first to the high 32 bits, then by the right shift. */
static inline int32_t mote_rescale(int32_t x, int32_t multiplier, int shift) {
  const int left = shift > 0 ? shift : 0;
  const int right = shift > 0 ? 0 : -shift;
  return mote_shift_right(mote_mul_high(mote_shift_left_wrap(x, left), multiplier), right);
}

/* The same for the 64-bit accumulators of 16x8 kernels: multiplier reduced to 16 bits, one rounding. Accurate for
 * |x| < 2^47; shift in [-31, 7]. */
static inline int32_t mote_rescale_i64(int64_t x, int32_t multiplier, int shift) {
  const int32_t reduced = multiplier < 0x7fff0000 ? (multiplier + (1 << 15)) >> 16 : 0x7fff;
  const int total = 15 - shift;
  return (int32_t)((x * (int64_t)reduced + ((int64_t)1 << (total - 1))) >> total);
}

static inline int32_t mote_clamp_i32(int32_t x, int32_t low, int32_t high) {
  return x < low ? low : (x > high ? high : x);
}

/* Splits m >= 0 into multiplier and shift. Below 2^-32 it is zero. */
static inline void mote_split_multiplier(double m, int32_t* multiplier, int* shift) {
  if (m == 0.0) {
    *multiplier = 0;
    *shift = 0;
    return;
  }
  const double fraction = frexp(m, shift);
  int64_t q = (int64_t)round(fraction * 2147483648.0);
  if (q == (int64_t)1 << 31) {
    q /= 2;
    ++*shift;
  }
  if (*shift < -31) {
    *shift = 0;
    q = 0;
  }
  *multiplier = (int32_t)q;
}

#endif
