/* Fully connected layer. x [rows, in_c], w [out_c, in_c], y [rows, out_c].
 *
 *   kernel                  inputs
 *   fully_connected_f32     x f32, w f32, bias f32 or null
 *   fully_connected_f16     x f32, w f16, bias f32 or null; the same sums in f32
 *   fully_connected_int     x, w, bias or null, multiplier i32 [out_c], shift i32 [out_c]; or scale
 * f64 [out_c] fully_connected_hybrid  x i8, w i8|i4, bias f32 or null, w_scale f32 [out_c], x_scale
 * f32 [rows], x_zero i32 [rows]
 *
 * One unit is one row of y (reference) or a block of y. */
#ifndef MOTE_KERNELS_FULLY_CONNECTED_FULLY_CONNECTED_H_
#define MOTE_KERNELS_FULLY_CONNECTED_FULLY_CONNECTED_H_

#include "kernels/common/mac.h"

typedef struct {
  int64_t rows, in_c, out_c;
  float act_min, act_max;
} MoteFullyConnectedF32;

typedef struct {
  int64_t rows, in_c, out_c;
  MoteIntMac mac;
} MoteFullyConnectedInt;

typedef struct {
  int64_t rows, in_c, out_c;
  MoteHybridMac mac;
} MoteFullyConnectedHybrid;

#endif
