// conv_3d            conv_2d over three dimensions, without groups
// conv_3d_transpose  its transpose, as transpose_conv is conv_2d's
//   inputs   conv_3d: x [N,D,H,W,C]; w [d,h,w,C,O]; bias [O], optional
//            conv_3d_transpose: output shape int32 [5]; w [d,h,w,O,C]; x [N,D,H,W,C]; bias [O],
//            optional
//   types    float32
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct Conv3dAttrs {
  Padding padding = Padding::same;
  int32_t stride_d = 1, stride_w = 1, stride_h = 1;
  Activation activation = Activation::none;
  int32_t dilation_d = 1, dilation_w = 1, dilation_h = 1;
};
inline void fields(AttrVisitor& v, Conv3dAttrs& a) {
  v("padding", a.padding);
  v("stride_d", a.stride_d);
  v("stride_w", a.stride_w);
  v("stride_h", a.stride_h);
  v("activation", a.activation);
  v("dilation_d", a.dilation_d);
  v("dilation_w", a.dilation_w);
  v("dilation_h", a.dilation_h);
}

}  // namespace mote::ops
