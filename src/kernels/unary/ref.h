/* What the unary operators mean. Plain C99; docs/numerics/elementwise.md has the formulas. */
#ifndef MOTE_KERNELS_UNARY_REF_H_
#define MOTE_KERNELS_UNARY_REF_H_

#include <math.h>
#include <stdint.h>

#include "kernels/common/activation.h"
#include "kernels/common/fixed_math.h"
#include "kernels/common/fixed_point.h"
#include "kernels/unary/unary.h"

typedef struct {
  float re, im;
} MoteComplex64;

/* x/2 * erfc(-x / sqrt 2): no cancellation where x is far below 0. */
static inline float mote_gelu_f32(float x) { return 0.5f * x * erfcf(x * -0.707106781f); }

static inline float mote_gelu_tanh_f32(float x) {
  return 0.5f * x * (1.0f + tanhf(0.797884561f * (x + 0.044715f * x * x * x)));
}

static inline float mote_logistic_f32(float x) {
  if (x > 16.6190472f) return 1.0f;
  return x < -9.0f ? expf(x) : 1.0f / (1.0f + expf(-x));
}

/* Numbers below zero give 0: the reference kernel refuses them. */
static inline int32_t mote_quantized_sqrt(const MoteUnaryParams* p, int32_t x) {
  const float real = p->scale_x * (float)(x - p->zero_x);
  const float root = real > 0.0f ? sqrtf(real) / p->scale_y : 0.0f;
  const float limit = (float)(p->max_y - p->zero_y);
  return mote_clamp_i32((int32_t)(root < limit ? root : limit) + p->zero_y, p->min_y, p->max_y);
}

static inline int32_t mote_rescale_element(const MoteUnaryParams* p, int32_t x) {
  const int32_t v = mote_sub_wrap(x, p->zero_x);
  int32_t y;
  if (v >= 0) {
    y = mote_rescale(v, p->multiplier, p->shift);
  } else {
    const int32_t w = p->below == kMoteBelowMagnitude ? mote_sub_wrap(0, v) : v;
    const int32_t scaled = mote_rescale(w, p->multiplier_negative, p->shift_negative);
    y = p->below == kMoteBelowNegated ? mote_sub_wrap(0, scaled) : scaled;
  }
  return mote_clamp_i32(mote_add_wrap(y, p->zero_y), p->min_y, p->max_y);
}

/* Elements [begin, end). */
#define MOTE_UNARY(id, X, Y, value)                                                               \
  static inline int mote_unary_##id(const MoteUnaryParams* p, const X* in, Y* out, int64_t begin, \
                                    int64_t end) {                                                \
    for (int64_t i = begin; i < end; ++i) {                                                       \
      const X x = in[i];                                                                          \
      out[i] = (Y)(value);                                                                        \
    }                                                                                             \
    (void)p;                                                                                      \
    return 0;                                                                                     \
  }
#include "kernels/unary/unary.inc"
#undef MOTE_UNARY

#endif
