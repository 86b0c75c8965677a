/* What the multiply-accumulate kernels share: element types, windows, and how an accumulator
 * becomes an output. Plain C99; docs/numerics/linear.md has the definitions. */
#ifndef MOTE_KERNELS_COMMON_MAC_H_
#define MOTE_KERNELS_COMMON_MAC_H_

#include <math.h>
#include <stdint.h>

#include "kernels/common/activation.h"
#include "kernels/common/fixed_point.h"

/* Element types of integer tensors. I4: two to a byte, the low half first. */
enum { kMoteI8 = 0, kMoteU8 = 1, kMoteI16 = 2, kMoteI4 = 3, kMoteI32 = 4 };

/* How an accumulator is scaled to the output.
 *   Twice     32-bit accumulator (wraps), multiplier and shift, rounded twice
 *   Wide      64-bit accumulator and bias, multiplier reduced to 16 bits, rounded once
 *   Exact32   32-bit accumulator (wraps), times a double, rounded half away from zero
 *   Exact64   the same with a 64-bit accumulator and bias */
enum { kMoteTwice = 0, kMoteWide = 1, kMoteExact32 = 2, kMoteExact64 = 3 };

/* A window over NHWC images: tap f of output o is input o * stride - pad + f * dilation, in height
 * and in width. */
typedef struct {
  int32_t batches, in_h, in_w, in_c;
  int32_t out_h, out_w, out_c;
  int32_t filter_h, filter_w;
  int32_t stride_h, stride_w;
  int32_t dilation_h, dilation_w;
  int32_t pad_top, pad_left;
} MoteWindow;

/* Integers in and out: y = clamp(y_zero + scale_c * (bias_c + sum (x - x_zero) * (w - w_zero))). */
typedef struct {
  int32_t x_type, w_type, y_type;
  int32_t x_zero, w_zero, y_zero;
  int32_t act_min, act_max; /* clamp of the output, in its own units */
  int32_t rounding;         /* kMoteTwice, ... */
} MoteIntMac;

/* Activations quantized on the fly, weights int8 or int4, floats out. The integer sum is exact;
 * then split = 0: y = clamp(sum * (s_x * s_w) + bias),  split = 1: y = clamp(sum * s_w * s_x +
 * bias) each operation rounded to float. */
typedef struct {
  int32_t w_type;
  int32_t split;
  float act_min, act_max;
} MoteHybridMac;

static inline int32_t mote_load(const void* data, int64_t i, int32_t type) {
  switch (type) {
    case kMoteI8:
      return ((const int8_t*)data)[i];
    case kMoteU8:
      return ((const uint8_t*)data)[i];
    case kMoteI16:
      return ((const int16_t*)data)[i];
    case kMoteI4: {
      const int32_t byte = ((const uint8_t*)data)[i >> 1];
      return (((byte >> ((i & 1) * 4)) & 15) ^ 8) - 8;
    }
    default:
      return ((const int32_t*)data)[i];
  }
}

static inline void mote_store(void* data, int64_t i, int32_t type, int32_t value) {
  switch (type) {
    case kMoteI8:
      ((int8_t*)data)[i] = (int8_t)value;
      break;
    case kMoteU8:
      ((uint8_t*)data)[i] = (uint8_t)value;
      break;
    case kMoteI16:
      ((int16_t*)data)[i] = (int16_t)value;
      break;
    default:
      ((int32_t*)data)[i] = value;
      break;
  }
}

static inline int32_t mote_add_wrap(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a + (uint32_t)b);
}

/* round_half_away(x * scale); what does not fit is INT32_MIN, as the processors' own conversion has
 * it. */
static inline int32_t mote_rescale_exact(double x, double scale) {
  const double y = round(x * scale);
  return y >= -2147483648.0 && y < 2147483648.0 ? (int32_t)y : INT32_MIN;
}

/* The scales of an integer kernel, as its constant inputs: multiplier and shift by channel, or
 * doubles by channel. */
typedef struct {
  const int32_t* multiplier;
  const int32_t* shift;
  const double* exact;
} MoteScales;

static inline MoteScales mote_scales(int32_t rounding, const void* first, const void* second) {
  MoteScales s = {0, 0, 0};
  if (rounding == kMoteTwice || rounding == kMoteWide) {
    s.multiplier = (const int32_t*)first;
    s.shift = (const int32_t*)second;
  } else {
    s.exact = (const double*)first;
  }
  return s;
}

/* Bias of channel c: null is none; its elements are as wide as the accumulator. */
static inline int64_t mote_bias(const void* bias, int32_t rounding, int64_t c) {
  if (!bias) return 0;
  return rounding == kMoteWide || rounding == kMoteExact64 ? ((const int64_t*)bias)[c]
                                                           : ((const int32_t*)bias)[c];
}

/* The output value for the full sum `acc` (bias included; more than 32 bits are dropped where they
 * wrap). */
static inline int32_t mote_requantize(const MoteIntMac* m, const MoteScales* s, int64_t c,
                                      int64_t acc) {
  int32_t y = 0;
  switch (m->rounding) {
    case kMoteTwice:
      y = mote_rescale((int32_t)(uint32_t)(uint64_t)acc, s->multiplier[c], s->shift[c]);
      break;
    case kMoteWide:
      y = mote_rescale_i64(acc, s->multiplier[c], s->shift[c]);
      break;
    case kMoteExact32:
      y = mote_rescale_exact((double)(int32_t)(uint32_t)(uint64_t)acc, s->exact[c]);
      break;
    default:
      y = mote_rescale_exact((double)acc, s->exact[c]);
      break;
  }
  return mote_clamp_i32(mote_add_wrap(y, m->y_zero), m->act_min, m->act_max);
}

static inline float mote_hybrid_output(const MoteHybridMac* m, int32_t sum, float s_x, float s_w,
                                       float bias) {
  const float scaled = m->split ? (float)sum * s_w * s_x : (float)sum * (s_x * s_w);
  return mote_clamp_f32(scaled + bias, m->act_min, m->act_max);
}

#endif
