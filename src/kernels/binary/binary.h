/* y = f(a, b), element by element, with broadcasting. Inputs: a, b. Output: y. One unit an element
 * of y. The operators and their types are the lines of binary.inc. */
#ifndef MOTE_KERNELS_BINARY_BINARY_H_
#define MOTE_KERNELS_BINARY_BINARY_H_

#include <stdint.h>

#include "kernels/common/broadcast.h"

typedef struct {
  MoteBroadcast shape;
  int64_t min_int, max_int; /* fused activation of integer and quantized operators */
  float min_f32, max_f32;   /* fused activation of float operators */
  /* Quantized operators (docs/numerics/elementwise.md says which fields each one reads). Offsets of
   * inputs are minus their zero points, that of the output is its zero point. */
  int32_t offset_a, offset_b, offset_y;
  int32_t multiplier_a, shift_a;
  int32_t multiplier_b, shift_b;
  int32_t multiplier_y, shift_y;
  int32_t left_shift;
} MoteBinaryParams;

#endif
