/* y = f(x), element by element. Input: x. Output: y. One unit an element. The operators and their
 * types are the lines of unary.inc. Operators on 8-bit quantized tensors are tables (../lut). */
#ifndef MOTE_KERNELS_UNARY_UNARY_H_
#define MOTE_KERNELS_UNARY_UNARY_H_

#include <stdint.h>

typedef struct {
  int64_t count;
  float alpha; /* leaky_relu: slope below 0 */
  /* sqrt_qi16: y = trunc(sqrt(scale_x * x) / scale_y) */
  float scale_x, scale_y;
  /* rescale_*: y = clamp(zero_y + m(x - zero_x)), where m is (multiplier, shift) for numbers >= 0
   * and (multiplier_negative, shift_negative) below, as `below` says. */
  int32_t zero_x, zero_y;
  int32_t multiplier, shift;
  int32_t multiplier_negative, shift_negative;
  int32_t below; /* what happens below zero: kMoteBelow... */
  int32_t min_y, max_y;
  int32_t padding;
} MoteUnaryParams;

/* What rescale does with v = x - zero_x below zero: m(v), -m(v) or m(-v). */
enum { kMoteBelowScaled = 0, kMoteBelowNegated = 1, kMoteBelowMagnitude = 2 };

#endif
