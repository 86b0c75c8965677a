/* logistic and tanh of 16-bit fixed point, by integer arithmetic alone. Plain C99. Qm means m
 * integer bits: a stored q is worth q * 2^(m-15). These are the definitions by which the integer
 * LSTM computes; the logistic and tanh operators on int16 use tables and differ. */
#ifndef MOTE_KERNELS_COMMON_Q15_H_
#define MOTE_KERNELS_COMMON_Q15_H_

#include <stdint.h>

static inline int16_t mote_q15_saturate(int32_t x) {
  return (int16_t)(x < INT16_MIN ? INT16_MIN : (x > INT16_MAX ? INT16_MAX : x));
}

static inline int16_t mote_q15_wrap(int32_t x) { return (int16_t)(uint16_t)(uint32_t)x; }

/* round_half_away(a * b / 2^15): a product in Q(m+n). */
static inline int16_t mote_q15_mul(int16_t a, int16_t b) {
  if (a == INT16_MIN && b == INT16_MIN) return INT16_MAX;
  const int32_t product = (int32_t)a * b;
  return (int16_t)((product + (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15));
}

/* round_half_away(x / 2^exponent). */
static inline int16_t mote_q15_shift_right(int16_t x, int exponent) {
  const int32_t mask = (1 << exponent) - 1;
  const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (int16_t)((x >> exponent) + ((x & mask) > threshold ? 1 : 0));
}

/* x * 2^exponent, saturated. */
static inline int16_t mote_q15_shift_left(int16_t x, int exponent) {
  const int32_t threshold = (1 << (15 - exponent)) - 1;
  if (x > threshold) return INT16_MAX;
  if (x < -threshold) return INT16_MIN;
  return (int16_t)(x * (1 << exponent));
}

/* exp(a) for a in [-1/4, 0), both Q0: the fourth-order Taylor polynomial around -1/8. */
static inline int16_t mote_q15_exp_quarter(int16_t a) {
  const int16_t exp_eighth = 28918, third = 10923; /* exp(-1/8), 1/3 */
  const int16_t x = mote_q15_wrap(a + (1 << 12));
  const int16_t x2 = mote_q15_mul(x, x), x3 = mote_q15_mul(x2, x), x4 = mote_q15_mul(x2, x2);
  const int16_t high = mote_q15_mul(mote_q15_wrap(mote_q15_shift_right(x4, 2) + x3), third);
  const int16_t tail = mote_q15_shift_right(mote_q15_wrap(high + x2), 1);
  return mote_q15_saturate(exp_eighth + mote_q15_mul(exp_eighth, mote_q15_wrap(x + tail)));
}

/* exp(a) in Q0 for a <= 0 in Q`bits`: the part below 1/4 by polynomial, the bits above by a product
 * each. */
static inline int16_t mote_q15_exp(int16_t a, int bits) {
  static const int16_t kExp[7] = {25520, 19875, 12055, 4435,
                                  600,   11,    0}; /* exp(-2^k), k = -2 .. 4 */
  const int fraction = 15 - bits;
  if (a == 0) return INT16_MAX;
  const int16_t quarter = (int16_t)(1 << (fraction - 2));
  const int16_t low = (int16_t)((a & (quarter - 1)) - quarter);
  int16_t y = mote_q15_exp_quarter(mote_q15_shift_left(low, bits));
  const int32_t rest = mote_q15_wrap(low - a);
  for (int k = -2; k < bits && k <= 4; ++k)
    if (rest & (1 << (fraction + k))) y = mote_q15_mul(y, kExp[k + 2]);
  if (bits > 5 && a < -(1 << (20 - bits))) return 0; /* below -32 */
  return y;
}

/* 1 / ((1 + a) / 2) in Q2 for a in [0, 1] in Q0: Newton's iteration from 48/17 - 32/17 d. */
static inline int16_t mote_q15_reciprocal(int16_t a) {
  const int32_t sum = a + INT16_MAX;
  const int16_t d = (int16_t)((sum + (sum >= 0 ? 1 : -1)) / 2), one = 1 << 13;
  int16_t x = mote_q15_wrap(23130 + mote_q15_mul(d, -15420));
  for (int i = 0; i < 3; ++i) {
    const int16_t error = mote_q15_wrap(one - mote_q15_mul(d, x));
    x = mote_q15_wrap(x + mote_q15_shift_left(mote_q15_mul(x, error), 2));
  }
  return x;
}

/* 1 / (1 + exp(-a)), a in Q3, the result in Q0. */
static inline int16_t mote_q15_logistic(int16_t a) {
  if (a == 0) return 1 << 14;
  const int16_t magnitude = a > 0 ? a : mote_q15_wrap(-a);
  const int16_t y =
      mote_q15_shift_left(mote_q15_reciprocal(mote_q15_exp(mote_q15_wrap(-magnitude), 3)), 1);
  return a > 0 ? y : (int16_t)(INT16_MAX - y);
}

/* tanh(a), a in Q`bits`, 0 <= bits <= 6, the result in Q0. */
static inline int16_t mote_q15_tanh(int16_t a, int bits) {
  if (a == 0) return 0;
  const int16_t negative = a < 0 ? a : mote_q15_wrap(-a);
  const int16_t e = mote_q15_exp(negative, bits + 1); /* exp(-2 |a|) */
  const int16_t y = mote_q15_shift_left(mote_q15_wrap(mote_q15_reciprocal(e) - (1 << 13)), 2);
  return a < 0 ? mote_q15_wrap(-y) : y;
}

#endif
