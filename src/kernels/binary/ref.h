/* What the binary operators mean. Plain C99; docs/numerics/elementwise.md has the formulas. */
#ifndef MOTE_KERNELS_BINARY_REF_H_
#define MOTE_KERNELS_BINARY_REF_H_

#include <math.h>
#include <stdint.h>

#include "kernels/binary/binary.h"
#include "kernels/common/activation.h"
#include "kernels/common/fixed_math.h"
#include "kernels/common/fixed_point.h"

enum { kMoteDivisionByZero = 2 };

static inline int32_t mote_mul_wrap(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a * (uint32_t)b);
}

/* Truncated quotient; INT32_MIN / -1 wraps. */
static inline int32_t mote_div_i32(int32_t a, int32_t b, int* status) {
  if (b == 0) {
    *status = kMoteDivisionByZero;
    return 0;
  }
  return (int32_t)((int64_t)a / b);
}

static inline int64_t mote_floor_mod_i64(int64_t a, int64_t b, int* status) {
  if (b == 0) {
    *status = kMoteDivisionByZero;
    return 0;
  }
  if (b == -1) return 0;
  const int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static inline int64_t mote_floor_div_i64(int64_t a, int64_t b, int* status) {
  if (b == 0) {
    *status = kMoteDivisionByZero;
    return 0;
  }
  if (b == -1) return (int64_t)(0 - (uint64_t)a);
  const int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

static inline float mote_floor_div_f32(float a, float b, int* status) {
  if (b == 0.0f) *status = kMoteDivisionByZero;
  return (float)floor((double)a / (double)b);
}

static inline float mote_floor_mod_f32(float a, float b) {
  const float rest = fmodf(a, b);
  return rest != 0.0f && (b < 0.0f) != (rest < 0.0f) ? rest + b : rest;
}

/* Wraps. A negative exponent gives the truncated quotient 1 / a^-b. */
static inline int32_t mote_pow_i32(int32_t a, int32_t b, int* status) {
  if (b < 0) {
    if (a == 0) *status = kMoteDivisionByZero;
    if (a == 1) return 1;
    return a == -1 ? ((b & 1) != 0 ? -1 : 1) : 0;
  }
  uint32_t power = 1;
  uint32_t base = (uint32_t)a;
  for (; b > 0; b >>= 1) {
    if ((b & 1) != 0) power *= base;
    base *= base;
  }
  return (int32_t)power;
}

/* b held within [0, bits - 1]. */
static inline int mote_shift_count(int64_t b, int bits) {
  return (int)mote_clamp_i64(b, 0, bits - 1);
}

/* The operand's real value on a scale of its own: (q - zero_point) * 2^left_shift * multiplier. */
static inline int32_t mote_compared(int32_t x, int32_t left_shift, int32_t multiplier,
                                    int32_t shift) {
  const int32_t high = mote_mul_high(mote_shift_left_wrap(x, left_shift), multiplier);
  return mote_shift_right_any(high, -shift);
}
static inline int32_t mote_compared_a(const MoteBinaryParams* p, int32_t a) {
  return mote_compared(a + p->offset_a, p->left_shift, p->multiplier_a, p->shift_a);
}
static inline int32_t mote_compared_b(const MoteBinaryParams* p, int32_t b) {
  return mote_compared(b + p->offset_b, p->left_shift, p->multiplier_b, p->shift_b);
}

/* The same for arithmetic, whose multipliers are below 1. */
static inline int32_t mote_scaled_a(const MoteBinaryParams* p, int32_t a) {
  return mote_rescale(mote_shift_left_wrap(a + p->offset_a, p->left_shift), p->multiplier_a,
                      p->shift_a);
}
static inline int32_t mote_scaled_b(const MoteBinaryParams* p, int32_t b) {
  return mote_rescale(mote_shift_left_wrap(b + p->offset_b, p->left_shift), p->multiplier_b,
                      p->shift_b);
}

/* Scales to the output, adds its zero point, clamps. */
static inline int32_t mote_to_output(const MoteBinaryParams* p, int32_t x) {
  const int32_t y = mote_add_wrap(mote_rescale(x, p->multiplier_y, p->shift_y), p->offset_y);
  return mote_clamp_i32(y, (int32_t)p->min_int, (int32_t)p->max_int);
}

static inline int32_t mote_quantized_add(const MoteBinaryParams* p, int32_t a, int32_t b) {
  return mote_to_output(p, mote_add_wrap(mote_scaled_a(p, a), mote_scaled_b(p, b)));
}

static inline int32_t mote_quantized_sub(const MoteBinaryParams* p, int32_t a, int32_t b) {
  return mote_to_output(p, mote_sub_wrap(mote_scaled_a(p, a), mote_scaled_b(p, b)));
}

/* All scales powers of two, zero points 0: shift_a and shift_b are how far to shift right. */
static inline int32_t mote_pow2_add(const MoteBinaryParams* p, int32_t a, int32_t b) {
  const int32_t sum = mote_clamp_i32(
      mote_shift_right(a, p->shift_a) + mote_shift_right(b, p->shift_b), INT16_MIN, INT16_MAX);
  return mote_clamp_i32(sum, (int32_t)p->min_int, (int32_t)p->max_int);
}
static inline int32_t mote_pow2_sub(const MoteBinaryParams* p, int32_t a, int32_t b) {
  return mote_clamp_i32(mote_shift_right(a, p->shift_a) - mote_shift_right(b, p->shift_b),
                        (int32_t)p->min_int, (int32_t)p->max_int);
}

static inline int32_t mote_quantized_mul(const MoteBinaryParams* p, int32_t a, int32_t b) {
  return mote_to_output(p, mote_mul_wrap(a + p->offset_a, b + p->offset_b));
}

static inline int32_t mote_quantized_squared_difference(const MoteBinaryParams* p, int32_t a,
                                                        int32_t b) {
  const int32_t difference = mote_sub_wrap(mote_scaled_a(p, a), mote_scaled_b(p, b));
  return mote_to_output(p, mote_mul_wrap(difference, difference));
}

/* a * (1 / b): the reciprocal is a 32-bit fraction, a is shifted up to its full precision first. */
static inline int32_t mote_quantized_div(const MoteBinaryParams* p, int32_t a, int32_t b,
                                         int* status) {
  int32_t dividend = a + p->offset_a;
  int32_t divisor = b + p->offset_b;
  if (divisor == 0) {
    *status = kMoteDivisionByZero;
    return (int32_t)p->min_int;
  }
  if (divisor < 0) {
    dividend = -dividend;
    divisor = -divisor;
  }
  int over;
  const int32_t reciprocal = mote_reciprocal(divisor, 31, &over);
  const uint32_t magnitude = (uint32_t)(dividend < 0 ? ~dividend : dividend);
  const int headroom = mote_leading_zeros(magnitude) - 1; /* redundant sign bits */
  const int32_t quotient = mote_mul_high(mote_shift_left_wrap(dividend, headroom), reciprocal);
  const int right = over + headroom - p->shift_y;
  const int32_t y = mote_shift_right_any(mote_mul_high(quotient, p->multiplier_y), right);
  return mote_clamp_i32(mote_add_wrap(y, p->offset_y), (int32_t)p->min_int, (int32_t)p->max_int);
}

/* Positive inputs are scaled by (multiplier_a, shift_a), negative ones times alpha by
 * (multiplier_b, shift_b). */
static inline int32_t mote_quantized_prelu(const MoteBinaryParams* p, int32_t a, int32_t b) {
  const int32_t x = a + p->offset_a;
  const int32_t y =
      x >= 0 ? mote_rescale(x, p->multiplier_a, p->shift_a)
             : mote_rescale(mote_mul_wrap(x, b + p->offset_b), p->multiplier_b, p->shift_b);
  return mote_clamp_i32(mote_add_wrap(y, p->offset_y), (int32_t)p->min_int, (int32_t)p->max_int);
}

/* One innermost run of n elements (steps 0 or 1), and a range of output elements [begin, end).
 * a: in[0], b: in[1], broadcast to the output's shape. Return 0 or an error code. */
#define MOTE_BINARY(id, A, B, Y, value)                                                       \
  static inline int mote_run_##id(const MoteBinaryParams* p, int64_t n, const A* in_a,        \
                                  int64_t step_a, const B* in_b, int64_t step_b, Y* out) {    \
    int status = 0;                                                                           \
    for (int64_t i = 0; i < n; ++i) {                                                         \
      const A a = in_a[i * step_a];                                                           \
      const B b = in_b[i * step_b];                                                           \
      out[i] = (Y)(value);                                                                    \
    }                                                                                         \
    (void)p;                                                                                  \
    return status;                                                                            \
  }                                                                                           \
  static inline int mote_binary_##id(const MoteBinaryParams* p, const A* in_a, const B* in_b, \
                                     Y* out, int64_t begin, int64_t end) {                    \
    int status = 0;                                                                           \
    MoteCursor c;                                                                             \
    if (begin >= end) return 0;                                                               \
    mote_cursor_place(&p->shape, begin, &c);                                                  \
    while (begin < end) {                                                                     \
      const int64_t n = mote_cursor_run(&p->shape, &c, end - begin);                          \
      const int32_t* last[2] = {&p->shape.stride[0][p->shape.rank - 1],                       \
                                &p->shape.stride[1][p->shape.rank - 1]};                      \
      const int code = mote_run_##id(p, n, in_a + c.offset[0], *last[0], in_b + c.offset[1],  \
                                     *last[1], out + begin);                                  \
      if (code != 0) status = code;                                                           \
      begin += n;                                                                             \
      mote_cursor_advance(&p->shape, n, &c);                                                  \
    }                                                                                         \
    return status;                                                                            \
  }
#include "kernels/binary/binary.inc"
#undef MOTE_BINARY

#endif
