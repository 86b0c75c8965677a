/* exp, 1/(1+x), 1/sqrt and log on fixed-point numbers, in integers only. Plain C99.
 *
 * Qm means a signed 32-bit number with m integer bits and 31-m fractional ones. Products of Qm and
 * Qn are Q(m+n). docs/numerics/elementwise.md has the formulas; every constant is the rounded value
 * of the expression beside it. */
#ifndef MOTE_KERNELS_COMMON_FIXED_MATH_H_
#define MOTE_KERNELS_COMMON_FIXED_MATH_H_

#include <stdint.h>

#include "kernels/common/fixed_point.h"

static inline int mote_leading_zeros(uint32_t x) {
  int zeros = 0;
  if (x == 0) return 32;
  for (int step = 16; step > 0; step >>= 1) {
    if (x >> (32 - step) == 0) {
      zeros += step;
      x <<= step;
    }
  }
  return zeros;
}

/* x * 2^exponent: saturated to the left, rounded half away from zero to the right. */
static inline int32_t mote_scale_pow2(int32_t x, int exponent) {
  if (exponent < 0) return mote_shift_right(x, -exponent);
  const int32_t limit = (int32_t)(((int64_t)1 << (31 - exponent)) - 1);
  if (x > limit) return INT32_MAX;
  if (x < -limit) return INT32_MIN;
  return (int32_t)((uint32_t)x << exponent);
}

/* mote_shift_right, and for exponents outside [0, 31] (where C leaves it undefined) what the
 * official kernels compute on x86-64 and AArch64, whose shifts take the exponent modulo 32. */
static inline int32_t mote_shift_right_any(int32_t x, int exponent) {
  if (exponent >= 0 && exponent <= 31) return mote_shift_right(x, exponent);
  return (x >> (exponent & 31)) + (x >= 0 ? 1 : 0);
}

/* Sums that wrap, as the reference kernels' do on every processor that matters. */
static inline int32_t mote_add_wrap(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a + (uint32_t)b);
}
static inline int32_t mote_sub_wrap(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a - (uint32_t)b);
}

static inline int32_t mote_saturate_i32(int64_t x) {
  return x > INT32_MAX ? INT32_MAX : (x < INT32_MIN ? INT32_MIN : (int32_t)x);
}

/* (a + b) / 2, halves away from zero. */
static inline int32_t mote_half_sum(int32_t a, int32_t b) {
  const int64_t sum = (int64_t)a + b;
  return (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
}

/* exp(a), a in Q0 within [-1/4, 0): a fourth-order series around -1/8. Result Q0. */
static inline int32_t mote_exp_quarter(int32_t a) {
  const int32_t center = 1895147668; /* exp(-1/8) */
  const int32_t third = 715827883;   /* 1/3 */
  const int32_t x = a + (1 << 28);
  const int32_t x2 = mote_mul_high(x, x);
  const int32_t x3 = mote_mul_high(x2, x);
  const int32_t x4 = mote_mul_high(x2, x2);
  const int32_t sixth_of_rest = mote_mul_high(mote_shift_right(x4, 2) + x3, third);
  const int32_t tail = mote_shift_right(sixth_of_rest + x2, 1);
  return center + mote_mul_high(center, x + tail);
}

/* exp(a), a <= 0 in Q5. Result Q0; exp(0) is the largest number below 1. */
static inline int32_t mote_exp_q5(int32_t a) {
  static const int32_t factor[7] = {
      1672461947, /* exp(-1/4) */
      1302514674, /* exp(-1/2) */
      790015084,  /* exp(-1) */
      290630308,  /* exp(-2) */
      39332535,   /* exp(-4) */
      720401,     /* exp(-8) */
      242,        /* exp(-16) */
  };
  const int32_t quarter = 1 << 24;
  if (a == 0) return INT32_MAX;
  const int32_t part = (a & (quarter - 1)) - quarter;
  const uint32_t rest = (uint32_t)mote_sub_wrap(part, a);
  int32_t result = mote_exp_quarter((int32_t)((uint32_t)part << 5));
  for (int bit = 0; bit < 7; ++bit) {
    if ((rest >> (24 + bit)) & 1u) result = mote_mul_high(result, factor[bit]);
  }
  return result;
}

/* 1/(1+a), a in Q0 within [0, 1). Result Q0. Three Newton steps on the halved denominator. */
static inline int32_t mote_one_over_one_plus(int32_t a) {
  const int32_t start = 1515870810;  /* 48/17, Q2 */
  const int32_t slope = -1010580540; /* -32/17, Q2 */
  const int32_t half = mote_half_sum(a, INT32_MAX);
  int32_t x = mote_add_wrap(start, mote_mul_high(half, slope));
  for (int i = 0; i < 3; ++i) {
    const int32_t error = mote_sub_wrap(1 << 29, mote_mul_high(half, x));
    x = mote_add_wrap(x, mote_scale_pow2(mote_mul_high(x, error), 2));
  }
  return mote_scale_pow2(x, 1);
}

/* 1/x for x > 0 with `integer_bits` integer bits, as Q0 in (1/2, 1] times 2^-*over. */
static inline int32_t mote_reciprocal(int32_t x, int integer_bits, int* over) {
  const int zeros = mote_leading_zeros((uint32_t)x);
  *over = integer_bits - zeros;
  return mote_one_over_one_plus((int32_t)(((uint32_t)x << zeros) - ((uint32_t)1 << 31)));
}

/* 1/sqrt(x) for an integer x >= 0, as *multiplier * 2^(*shift - 31). 0 is taken as 1. */
static inline void mote_inverse_sqrt(int32_t x, int32_t* multiplier, int* shift) {
  const int32_t three_halves = (1 << 28) + (1 << 27); /* 3/2, Q3 */
  const int32_t half_sqrt_2 = 1518500250;             /* sqrt(2)/2, Q0 */
  if (x <= 1) {
    *multiplier = INT32_MAX;
    *shift = 0;
    return;
  }
  int right = 11;
  while (x >= 1 << 29) {
    x /= 4;
    ++right;
  }
  const int pairs = (mote_leading_zeros((uint32_t)x) - 1) / 2 - 1;
  right -= pairs;
  const int32_t scaled = (int32_t)((uint32_t)x << (2 * pairs)) >> 1; /* Q3, within [1/4, 1) */
  const int32_t half = mote_shift_right(scaled, 1);
  int32_t y = 1 << 28;
  for (int i = 0; i < 5; ++i) {
    const int32_t cube = mote_scale_pow2(mote_mul_high(mote_mul_high(y, y), y), 6);
    const int32_t step = mote_sub_wrap(mote_mul_high(three_halves, y), mote_mul_high(half, cube));
    y = mote_scale_pow2(step, 3);
  }
  y = mote_mul_high(y, half_sqrt_2);
  if (right < 0) {
    y = (int32_t)((uint32_t)y << -right);
    right = 0;
  }
  *multiplier = y;
  *shift = -right;
}

/* log(x), x >= 1 in Q12. Result Q5. x is split as 2^n * r with r near 2^(-1/4); log r is a quotient
 * of polynomials. */
static inline int32_t mote_log_q12(int32_t x) {
  const int32_t log_2 = 1488522236;            /* log(2) */
  const int32_t fourth_root_half = 1805811301; /* 2^(-1/4) */
  const int32_t sqrt_half = 1518500250;        /* 2^(-1/2) */
  const int32_t alpha_n = 117049297;           /* 11/240 * 2^(1/4) */
  const int32_t alpha_d = 127690142;           /* 1/20 * 2^(1/4) */
  const int32_t alpha_i = 1057819769;          /* 2 * 2^(-1/4) - 2^(1/4) */
  const int32_t alpha_f = 638450708;           /* 1/4 * 2^(1/4) */
  const int32_t quarter = 1 << 23;             /* 1/4, Q6 */
  const int zeros_a = mote_leading_zeros((uint32_t)x);
  const int32_t high = mote_scale_pow2(x, zeros_a - 1);
  const int32_t r_a = mote_scale_pow2(mote_mul_high(high, sqrt_half), 1);
  const int32_t n_a = mote_saturate_i32((int64_t)mote_scale_pow2(12 - zeros_a, 25) + quarter);
  const int32_t lower = mote_mul_high(x, sqrt_half);
  const int headroom_b = mote_leading_zeros((uint32_t)lower) - 1;
  const int32_t r_b = mote_scale_pow2(x, headroom_b);
  const int32_t n_b = mote_saturate_i32((int64_t)mote_scale_pow2(12 - headroom_b, 25) - quarter);
  const int32_t r = r_a < r_b ? r_a : r_b;
  const int32_t n = n_a > n_b ? n_a : n_b;

  const int32_t p = mote_half_sum(r, fourth_root_half);
  const int32_t difference = mote_sub_wrap(r, fourth_root_half);
  const int32_t q = mote_add_wrap(difference, difference);
  const int32_t q2 = mote_mul_high(q, q);
  const int32_t numerator =
      mote_add_wrap(mote_mul_high(q, r), mote_mul_high(mote_mul_high(q, q2), alpha_n));
  const int32_t bracket = mote_add_wrap(mote_add_wrap(alpha_i, q), mote_mul_high(alpha_d, q2));
  const int32_t denominator = mote_add_wrap(mote_mul_high(p, bracket), mote_mul_high(alpha_f, q));
  const int32_t log_r =
      mote_mul_high(mote_shift_right(numerator, 6), mote_one_over_one_plus(denominator));
  return mote_scale_pow2(mote_add_wrap(mote_mul_high(n, log_2), log_r), 1);
}

#endif
