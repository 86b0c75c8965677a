// transpose_conv  y[b, i*sh - ph + u, j*sw - pw + v, o] += x[b, i, j, c] * w[o, u, v, c]; then bias
// and activation
//   inputs   output shape int32 [4]; w [O,h,w,C]; x [N,H,W,C]; bias [O], optional
//   types    as conv_2d
//   the padding is that of the convolution that takes y back to x
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct TransposeConvAttrs {
  Padding padding = Padding::same;
  int32_t stride_w = 1, stride_h = 1;
  Activation activation = Activation::none;
  DType quantized_bias_type = DType::f32;  // as in Conv2dAttrs
};
inline void fields(AttrVisitor& v, TransposeConvAttrs& a) {
  v("padding", a.padding);
  v("stride_w", a.stride_w);
  v("stride_h", a.stride_h);
  v("activation", a.activation);
  v("quantized_bias_type", a.quantized_bias_type);
}

}  // namespace mote::ops
