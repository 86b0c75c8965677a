/* What the normalizations along the last axis mean. Plain C99; docs/numerics/elementwise.md has the
 * formulas. */
#ifndef MOTE_KERNELS_SOFTMAX_REF_H_
#define MOTE_KERNELS_SOFTMAX_REF_H_

#include <math.h>
#include <stdint.h>

#include "kernels/common/fixed_math.h"
#include "kernels/common/fixed_point.h"
#include "kernels/lut/ref.h"
#include "kernels/softmax/softmax.h"

/* --- float32; x and y are one row, [depth] */

static inline float mote_row_max_f32(const MoteRowParams* p, const float* x) {
  float max = -3.402823466e+38f; /* the least float */
  for (int64_t c = 0; c < p->depth; ++c) max = x[c] > max ? x[c] : max;
  return max;
}

static inline void mote_softmax_row_f32(const MoteRowParams* p, const float* x, float* y) {
  const float max = mote_row_max_f32(p, x);
  float sum = 0.0f;
  for (int64_t c = 0; c < p->depth; ++c) {
    y[c] = expf((x[c] - max) * p->beta);
    sum += y[c];
  }
  for (int64_t c = 0; c < p->depth; ++c) y[c] /= sum;
}

static inline void mote_log_softmax_row_f32(const MoteRowParams* p, const float* x, float* y) {
  const float max = mote_row_max_f32(p, x);
  float sum = 0.0f;
  for (int64_t c = 0; c < p->depth; ++c) sum += expf(x[c] - max);
  const float log_sum = logf(sum);
  for (int64_t c = 0; c < p->depth; ++c) y[c] = x[c] - max - log_sum;
}

static inline void mote_l2_row_f32(const MoteRowParams* p, const float* x, float* y) {
  float sum = 0.0f;
  for (int64_t c = 0; c < p->depth; ++c) sum += x[c] * x[c];
  const float root = sqrtf(sum);
  const float norm = root < 1e-6f ? 1e-6f : root;
  for (int64_t c = 0; c < p->depth; ++c) y[c] = x[c] / norm;
}

/* Neighbours are the channels [c - radius, c + radius). */
static inline void mote_response_row_f32(const MoteRowParams* p, const float* x, float* y) {
  for (int64_t c = 0; c < p->depth; ++c) {
    const int64_t first = c - p->radius < 0 ? 0 : c - p->radius;
    const int64_t last = c + p->radius > p->depth ? p->depth : c + p->radius;
    float sum = 0.0f;
    for (int64_t k = first; k < last; ++k) sum += x[k] * x[k];
    y[c] = x[c] * powf(p->bias + p->alpha * sum, -p->beta);
  }
}

static inline void mote_layer_normalization_row(const MoteRowParams* p, const float* x,
                                                const float* gamma, const float* beta, float* y) {
  float sum = 0.0f, squares = 0.0f;
  for (int64_t c = 0; c < p->depth; ++c) sum += x[c];
  const float mean = sum / (float)p->depth;
  for (int64_t c = 0; c < p->depth; ++c) squares += (x[c] - mean) * (x[c] - mean);
  const float scale = 1.0f / sqrtf(squares / (float)p->depth + p->bias);
  for (int64_t c = 0; c < p->depth; ++c) {
    const float scaled = (x[c] - mean) * scale * (gamma ? gamma[c] : 1.0f);
    y[c] = scaled + (beta ? beta[c] : 0.0f);
  }
}

/* Rows [begin, end). */
static inline void mote_rows_layer_normalization_f32(const MoteRowParams* p, const float* x,
                                                     const float* gamma, const float* beta,
                                                     float* y, int64_t begin, int64_t end) {
  for (int64_t r = begin; r < end; ++r) {
    mote_layer_normalization_row(p, x + r * p->depth, gamma, beta, y + r * p->depth);
  }
}

/* --- Quantized */

/* The row's maximum, and its sum of exp(x - max) in Q12. `flip` is -128 where the bytes are uint8:
 * they are then read as int8, 128 lower. */
static inline int32_t mote_row_exp_sum(const MoteRowParams* p, const int8_t* x, int flip,
                                       int32_t* max) {
  int32_t sum = 0;
  *max = -128;
  for (int64_t c = 0; c < p->depth; ++c) {
    const int32_t q = (int8_t)(x[c] ^ flip);
    if (q > *max) *max = q;
  }
  for (int64_t c = 0; c < p->depth; ++c) {
    const int32_t difference = (int8_t)(x[c] ^ flip) - *max;
    if (difference >= p->diff_min) {
      const int32_t exponential = mote_exp_q5(mote_rescale(difference, p->multiplier, p->shift));
      sum = mote_add_wrap(sum, mote_shift_right(exponential, 12));
    }
  }
  return sum;
}

/* An element of softmax, in [0, 2^bits). `scale` * 2^-exponent is one over the sum. */
static inline int32_t mote_softmax_value(const MoteRowParams* p, int32_t difference, int32_t scale,
                                         int exponent, int bits) {
  if (difference < p->diff_min || exponent > 31) return 0;
  const int32_t exponential = mote_exp_q5(mote_rescale(difference, p->multiplier, p->shift));
  const int32_t y = mote_shift_right(mote_mul_high(scale, exponential), exponent);
  const int32_t largest = (1 << bits) - 1;
  return y > largest ? largest : y;
}

#define MOTE_SOFTMAX_ROW(id, X, Y, flip, bits, lowest)                                           \
  static inline void mote_softmax_row_##id(const MoteRowParams* p, const X* x, Y* y) {           \
    int32_t max;                                                                                 \
    int over;                                                                                    \
    const int8_t* q = (const int8_t*)x;                                                          \
    const int32_t sum = mote_row_exp_sum(p, q, flip, &max);                                      \
    const int32_t scale = mote_reciprocal(sum, 12, &over);                                       \
    for (int64_t c = 0; c < p->depth; ++c) {                                                     \
      const int32_t difference = (int8_t)(q[c] ^ (flip)) - max;                                  \
      y[c] = (Y)(mote_softmax_value(p, difference, scale, over + 31 - (bits), bits) + (lowest)); \
    }                                                                                            \
  }
MOTE_SOFTMAX_ROW(qi8_qi8, int8_t, int8_t, 0, 8, -128)
MOTE_SOFTMAX_ROW(qu8_qu8, uint8_t, uint8_t, -128, 8, 0)
MOTE_SOFTMAX_ROW(qi8_qi16, int8_t, int16_t, 0, 16, -32768)
MOTE_SOFTMAX_ROW(qu8_qi16, uint8_t, int16_t, -128, 16, -32768)
#undef MOTE_SOFTMAX_ROW

/* y in [-128, 127]; `flip` -128 stores it as uint8 128 higher. */
static inline void mote_log_softmax_row(const MoteRowParams* p, const int8_t* x, int8_t* y,
                                        int flip) {
  int32_t max;
  const int32_t log_sum = mote_log_q12(mote_row_exp_sum(p, x, flip, &max)); /* Q5 */
  const int32_t lowest =
      mote_rescale(mote_add_wrap(log_sum, INT32_MIN), p->reverse_multiplier, p->reverse_shift);
  const int32_t bound = lowest > p->diff_min - 1 ? lowest : p->diff_min - 1;
  for (int64_t c = 0; c < p->depth; ++c) {
    const int32_t difference = (int8_t)(x[c] ^ flip) - max;
    int32_t value = -128;
    if (difference > bound) {
      const int32_t scaled = mote_rescale(difference, p->multiplier, p->shift);
      value = mote_shift_right(mote_sub_wrap(scaled, log_sum), 31 - 5 - 4) + 127;
    }
    y[c] = (int8_t)(mote_clamp_i32(value, -128, 127) ^ flip);
  }
}
static inline void mote_log_softmax_row_qi8(const MoteRowParams* p, const int8_t* x, int8_t* y) {
  mote_log_softmax_row(p, x, y, 0);
}
static inline void mote_log_softmax_row_qu8(const MoteRowParams* p, const uint8_t* x, uint8_t* y) {
  mote_log_softmax_row(p, (const int8_t*)x, (int8_t*)y, -128);
}

#define MOTE_L2_ROW(id, T, value_of, zero, low, high)                             \
  static inline void mote_l2_row_##id(const MoteRowParams* p, const T* x, T* y) { \
    int32_t sum = 0;                                                              \
    int32_t multiplier;                                                           \
    int shift;                                                                    \
    for (int64_t c = 0; c < p->depth; ++c) {                                      \
      const int32_t difference = x[c] - p->zero_x;                                \
      sum = mote_add_wrap(sum, difference * difference);                          \
    }                                                                             \
    mote_inverse_sqrt(sum, &multiplier, &shift);                                  \
    for (int64_t c = 0; c < p->depth; ++c) {                                      \
      const int32_t value = value_of(x[c] - p->zero_x, multiplier, shift);        \
      y[c] = (T)mote_clamp_i32(value + (zero), low, high);                        \
    }                                                                             \
  }
/* int8 shifts by 7 in the multiplication, uint8 before it. */
static inline int32_t mote_l2_value_i8(int32_t difference, int32_t multiplier, int shift) {
  return mote_rescale(difference, multiplier, shift + 7);
}
static inline int32_t mote_l2_value_u8(int32_t difference, int32_t multiplier, int shift) {
  return mote_rescale(128 * difference, multiplier, shift);
}
MOTE_L2_ROW(qi8, int8_t, mote_l2_value_i8, 0, -128, 127)
MOTE_L2_ROW(qu8, uint8_t, mote_l2_value_u8, 128, 0, 255)
#undef MOTE_L2_ROW

/* exp by table over [-10, 0], the sum in Q16.15, its reciprocal by table. */
static inline void mote_softmax_row_qi16(const MoteRowParams* p, const int16_t* x,
                                         const int16_t* exp_table, const int16_t* reciprocal_table,
                                         int16_t* y) {
  int32_t max = INT16_MIN;
  int32_t sum = 0;
  for (int64_t c = 0; c < p->depth; ++c) max = x[c] > max ? x[c] : max;
  for (int64_t c = 0; c < p->depth; ++c) {
    const int32_t scaled = mote_rescale(x[c] - max, p->multiplier, p->shift);
    const int32_t place = mote_clamp_i32(mote_add_wrap(scaled, 32767), INT16_MIN, INT16_MAX);
    y[c] = mote_lut_16_value((int16_t)place, exp_table);
    sum = mote_add_wrap(sum, y[c]);
  }
  const int zeros = mote_leading_zeros((uint32_t)sum);
  const int32_t fraction =
      (int32_t)((((int64_t)sum << (zeros > 0 ? zeros - 1 : 0)) + (1 << 13)) >> 14);
  const int32_t place = mote_clamp_i32(fraction - (1 << 15) - (1 << 16), INT16_MIN, INT16_MAX);
  const int32_t scale = mote_lut_16_value((int16_t)place, reciprocal_table);
  const int right = zeros < 31 ? 31 - zeros : 1;
  for (int64_t c = 0; c < p->depth; ++c) {
    const int64_t value = ((int64_t)y[c] * scale + ((int64_t)1 << (right - 1))) >> right;
    y[c] = (int16_t)mote_clamp_i32((int32_t)value, 0, INT16_MAX);
  }
}

/* Rows [begin, end). */
static inline void mote_rows_softmax_qi16_qi16(const MoteRowParams* p, const int16_t* x,
                                               const int16_t* exp_table,
                                               const int16_t* reciprocal_table, int16_t* y,
                                               int64_t begin, int64_t end) {
  for (int64_t r = begin; r < end; ++r) {
    mote_softmax_row_qi16(p, x + r * p->depth, exp_table, reciprocal_table, y + r * p->depth);
  }
}

#define MOTE_ROW(id, X, Y, row)                                                              \
  static inline void mote_rows_##id(const MoteRowParams* p, const X* x, Y* y, int64_t begin, \
                                    int64_t end) {                                           \
    for (int64_t r = begin; r < end; ++r) row(p, x + r * p->depth, y + r * p->depth);        \
  }
#include "kernels/softmax/softmax.inc"
#undef MOTE_ROW

#endif
