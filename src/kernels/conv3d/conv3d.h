/* 3-D convolution and its transpose, in float. x [batches, in_d, in_h, in_w, in_c], y [batches,
 * out_d, out_h, out_w, out_c], axes in the order depth, height, width.
 *
 *   kernel                inputs
 *   conv3d_f32            x, w [filter_d, filter_h, filter_w, in_c, out_c], bias or null
 *   conv3d_transpose_f32  x, w [filter_d, filter_h, filter_w, out_c, in_c], bias or null
 *
 * One unit is one line of y along its width, or a tile of its voxels. */
#ifndef MOTE_KERNELS_CONV3D_CONV3D_H_
#define MOTE_KERNELS_CONV3D_CONV3D_H_

#include "kernels/common/mac.h"

/* Axis 0 is depth, 1 height, 2 width. conv3d: tap f of output o is input o * stride - pad + f *
 * dilation; transposed: tap f of input i adds to output i * stride - pad + f * dilation. */
typedef struct {
  int32_t batches, in_c, out_c;
  int32_t in[3], out[3], filter[3], stride[3], dilation[3], pad[3];
  float act_min, act_max;
} MoteConv3d;

#endif
