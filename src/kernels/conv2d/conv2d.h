/* 2-D convolution, plain and grouped. x [batches, in_h, in_w, in_c], w [out_c, filter_h, filter_w,
 * in_c / groups], y [batches, out_h, out_w, out_c]; group g of out_c / groups outputs reads group g
 * of the input's channels. What lies outside x counts as real zero.
 *
 *   kernel         inputs
 *   conv2d_f32     x f32, w f32, bias f32 or null
 *   conv2d_f16     x f32, w f16, bias f32 or null; the same sums in f32
 *   conv2d_int     x, w, bias or null, then multiplier i32 [out_c], shift i32 [out_c] (Twice, Wide)
 * or scale f64 [out_c] conv2d_hybrid  x i8, w i8|i4, bias f32 or null, w_scale f32 [out_c], x_scale
 * f32 [batches], x_zero i32 [batches]
 *
 * One unit is one row of the output (reference) or a tile of its pixels. */
#ifndef MOTE_KERNELS_CONV2D_CONV2D_H_
#define MOTE_KERNELS_CONV2D_CONV2D_H_

#include "kernels/common/mac.h"

typedef struct {
  MoteWindow window;
  int32_t groups;
  float act_min, act_max;
} MoteConv2dF32;

typedef struct {
  MoteWindow window;
  int32_t groups;
  MoteIntMac mac;
} MoteConv2dInt;

typedef struct {
  MoteWindow window;
  int32_t groups;
  MoteHybridMac mac;
} MoteConv2dHybrid;

#endif
