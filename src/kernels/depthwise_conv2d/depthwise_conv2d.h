/* Depthwise 2-D convolution. x [batches, in_h, in_w, in_c], w [1, filter_h, filter_w, out_c], y
 * [..., out_c]; output channel c reads input channel c / (out_c / in_c) only. What lies outside x
 * counts as real zero.
 *
 *   kernel                   inputs
 *   depthwise_conv2d_f32     x f32, w f32, bias f32 or null
 *   depthwise_conv2d_int     x, w, bias or null, multiplier i32 [out_c], shift i32 [out_c]; or
 * scale f64 [out_c] depthwise_conv2d_hybrid  x i8, w i8|i4, bias f32 or null, w_scale f32 [out_c],
 * x_scale f32 [batches], x_zero i32 [batches]
 *
 * One unit is one row of the output. */
#ifndef MOTE_KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_CONV2D_H_
#define MOTE_KERNELS_DEPTHWISE_CONV2D_DEPTHWISE_CONV2D_H_

#include "kernels/common/mac.h"

typedef struct {
  MoteWindow window;
  float act_min, act_max;
} MoteDepthwiseF32;

typedef struct {
  MoteWindow window;
  MoteIntMac mac;
} MoteDepthwiseInt;

typedef struct {
  MoteWindow window;
  MoteHybridMac mac;
} MoteDepthwiseHybrid;

#endif
