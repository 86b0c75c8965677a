/* Transposed 2-D convolution. x [batches, in_h, in_w, in_c], w [out_c, filter_h, filter_w, in_c], y
 * [batches, out_h, out_w, out_c]: tap f of input i adds to output i * stride - pad + f. The
 * window's dilation is 1.
 *
 *   kernel                 inputs
 *   transpose_conv_f32     x f32, w f32, bias f32 or null
 *   transpose_conv_int     x, w, bias or null, multiplier i32 [out_c], shift i32 [out_c]; or scale
 * f64 [out_c] transpose_conv_hybrid  x i8, w i8|i4, bias f32 or null, w_scale f32 [out_c], x_scale
 * f32 [batches], x_zero i32 [batches]
 *
 * One unit is one row of the output. */
#ifndef MOTE_KERNELS_TRANSPOSE_CONV_TRANSPOSE_CONV_H_
#define MOTE_KERNELS_TRANSPOSE_CONV_TRANSPOSE_CONV_H_

#include "kernels/common/mac.h"

typedef struct {
  MoteWindow window;
  float act_min, act_max;
} MoteTransposeConvF32;

typedef struct {
  MoteWindow window;
  MoteIntMac mac;
} MoteTransposeConvInt;

typedef struct {
  MoteWindow window;
  MoteHybridMac mac;
} MoteTransposeConvHybrid;

#endif
