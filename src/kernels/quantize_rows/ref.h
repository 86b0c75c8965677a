/* What quantize_rows means. Plain C99. A NaN becomes the same integer on every processor: the
 * lowest. */
#ifndef MOTE_KERNELS_QUANTIZE_ROWS_REF_H_
#define MOTE_KERNELS_QUANTIZE_ROWS_REF_H_

#include <math.h>

#include "kernels/common/fixed_point.h"
#include "kernels/quantize_rows/quantize_rows.h"

static inline int8_t mote_round_to_i8(float value, int32_t low) {
  const float rounded = roundf(value);
  if (!(rounded > (float)low)) return (int8_t)low;
  return rounded > 127.0f ? 127 : (int8_t)rounded;
}

/* x -> [-127, 127], real = scale * q. */
static inline void mote_quantize_row_symmetric(const float* x, int64_t size, int8_t* y,
                                               float* scale, int32_t* zero) {
  float range = 0.0f;
  for (int64_t i = 0; i < size; ++i) {
    const float magnitude = fabsf(x[i]);
    range = range < magnitude ? magnitude : range;
  }
  *zero = 0;
  if (range == 0.0f) {
    *scale = 1.0f;
    for (int64_t i = 0; i < size; ++i) y[i] = 0;
    return;
  }
  *scale = range / 127.0f;
  const float inverse = 127.0f / range;
  for (int64_t i = 0; i < size; ++i) y[i] = mote_round_to_i8(x[i] * inverse, -127);
}

/* The zero point of the range [low, high], which contains 0: from whichever end gives the smaller
 * error, rounded. */
static inline int32_t mote_row_zero_point(double low, double high, double scale) {
  const double from_low = -128.0 - low / scale;
  const double from_high = 127.0 - high / scale;
  const double low_error = 128.0 + fabs(low / scale);
  const double high_error = 127.0 + fabs(high / scale);
  const double chosen = low_error < high_error ? from_low : from_high;
  if (!(chosen > -128.0)) return -128; /* also if it is not a number */
  return chosen >= 127.0 ? 127 : (int32_t)round(chosen);
}

/* x -> [-128, 127], real = scale * (q - zero). */
static inline void mote_quantize_row_asymmetric(const float* x, int64_t size, int8_t* y,
                                                float* scale, int32_t* zero) {
  float low = 0.0f, high = 0.0f;
  for (int64_t i = 0; i < size; ++i) {
    low = x[i] < low ? x[i] : low;
    high = high < x[i] ? x[i] : high;
  }
  if (low == high) {
    *scale = 1.0f;
    *zero = 0;
    for (int64_t i = 0; i < size; ++i) y[i] = 0;
    return;
  }
  const double step = ((double)high - (double)low) / 255.0;
  *zero = mote_row_zero_point(low, high, step);
  *scale = (float)step;
  const float inverse = 1.0f / *scale;
  const float offset = (float)*zero;
  for (int64_t i = 0; i < size; ++i) y[i] = mote_round_to_i8(offset + x[i] * inverse, -128);
}

static inline void mote_quantize_rows_ref(const MoteQuantizeRows* p, const float* x, int8_t* y,
                                          float* scale, int32_t* zero, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    if (p->asymmetric) {
      mote_quantize_row_asymmetric(x + row * p->size, p->size, y + row * p->size, scale + row,
                                   zero + row);
    } else {
      mote_quantize_row_symmetric(x + row * p->size, p->size, y + row * p->size, scale + row,
                                  zero + row);
    }
  }
}

#endif
