// conv_2d            y[b, i, j, o] = act(bias[o] + sum_{u, v, c} x[b, i*sh - ph + u*dh, j*sw - pw +
// v*dw, g*C + c]
//                    * w[o, u, v, c]), with C the channels of w, g = o / (O / (X / C)) the group, X
//                    the channels of x
// depthwise_conv_2d  y[b, i, j, o] = act(bias[o] + sum_{u, v} x[b, ..., o / m] * w[0, u, v, o]), m
// = O / X
//   inputs   x [N,H,W,X]; w [O,h,w,C] (depthwise: [1,h,w,O]); bias [O], optional
//   types    float32; int8 with int8 or int4 weights, uint8, int16 with int8 or int4 weights;
//   float32 with int8 or
//            int4 weights (x is quantized on the fly)
//   errors   X not a multiple of C, O not of the groups, a window larger than x without padding
#pragma once

#include <vector>

#include "graph/attrs.h"

namespace mote::ops {

struct Conv2dAttrs {
  Padding padding = Padding::same;
  int32_t stride_w = 1, stride_h = 1;
  Activation activation = Activation::none;
  int32_t dilation_w = 1, dilation_h = 1;
  // int16 activations: type of bias and accumulator, where the file says; float32: it does not.
  DType quantized_bias_type = DType::f32;
  // Zeros around x before `padding`: above, below, left, right; empty: none. No file has it: a pad
  // that was fused so that the model runs.
  std::vector<int32_t> pads;
};
inline void fields(AttrVisitor& v, Conv2dAttrs& a) {
  v("padding", a.padding);
  v("stride_w", a.stride_w);
  v("stride_h", a.stride_h);
  v("activation", a.activation);
  v("dilation_w", a.dilation_w);
  v("dilation_h", a.dilation_h);
  v("quantized_bias_type", a.quantized_bias_type);
  v("pads", a.pads);
}

struct DepthwiseConv2dAttrs {
  Padding padding = Padding::same;
  int32_t stride_w = 1, stride_h = 1;
  int32_t depth_multiplier = 0;  // what the file says; the shapes decide
  Activation activation = Activation::none;
  int32_t dilation_w = 1, dilation_h = 1;
  std::vector<int32_t> pads;  // as in Conv2dAttrs
};
inline void fields(AttrVisitor& v, DepthwiseConv2dAttrs& a) {
  v("padding", a.padding);
  v("stride_w", a.stride_w);
  v("stride_h", a.stride_h);
  v("depth_multiplier", a.depth_multiplier);
  v("activation", a.activation);
  v("dilation_w", a.dilation_w);
  v("dilation_h", a.dilation_h);
  v("pads", a.pads);
}

}  // namespace mote::ops
