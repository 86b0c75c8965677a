// average_pool_2d  mean of the window, of the elements that lie inside x
// max_pool_2d      the largest of them
// l2_pool_2d       square root of the mean of their squares
//   inputs   x [N,H,W,C]
//   types    float32; average and max also int8, uint8, int16, with the scale of x
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct Pool2dAttrs {
  Padding padding = Padding::same;
  int32_t stride_w = 1, stride_h = 1;
  int32_t filter_width = 1, filter_height = 1;
  Activation activation = Activation::none;
};
inline void fields(AttrVisitor& v, Pool2dAttrs& a) {
  v("padding", a.padding);
  v("stride_w", a.stride_w);
  v("stride_h", a.stride_h);
  v("filter_width", a.filter_width);
  v("filter_height", a.filter_height);
  v("activation", a.activation);
}

}  // namespace mote::ops
