/* Pooling over windows. x [batches, in_h, in_w, in_c], y [batches, out_h, out_w, in_c], the
 * window's dilation is 1. What lies outside x is left out: it does not count in an average.
 *
 *   kernel            inputs
 *   average_pool_f32  x f32
 *   max_pool_f32      x f32
 *   l2_pool_f32       x f32                 square root of the mean square
 *   average_pool_int  x i8, u8 or i16, y as x
 *   max_pool_int      x i8, u8 or i16, y as x
 *
 * One unit is one row of the output. Every window must hold a pixel of x. */
#ifndef MOTE_KERNELS_POOL2D_POOL2D_H_
#define MOTE_KERNELS_POOL2D_POOL2D_H_

#include "kernels/common/mac.h"

typedef struct {
  MoteWindow window;
  float act_min, act_max;
} MotePoolF32;

typedef struct {
  MoteWindow window;
  int32_t type;
  int32_t act_min, act_max;
} MotePoolInt;

#endif
