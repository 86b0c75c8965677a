// strided_slice     y = x[begin:end:strides], as NumPy has it, along the first axes of x
//   inputs   x; begin, end, strides int32 [n], n <= rank + new axes
//   attrs    bit i of a mask speaks of entry i: begin_mask, end_mask (the bound is ignored),
//   ellipsis_mask (stands for
//            all axes that no other entry takes), new_axis_mask (an axis of extent 1),
//            shrink_axis_mask (one index, the axis goes away); offset: `end` counts from begin
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct StridedSliceAttrs {
  int32_t begin_mask = 0;
  int32_t end_mask = 0;
  int32_t ellipsis_mask = 0;
  int32_t new_axis_mask = 0;
  int32_t shrink_axis_mask = 0;
  bool offset = false;
};
inline void fields(AttrVisitor& v, StridedSliceAttrs& a) {
  v("begin_mask", a.begin_mask);
  v("end_mask", a.end_mask);
  v("ellipsis_mask", a.ellipsis_mask);
  v("new_axis_mask", a.new_axis_mask);
  v("shrink_axis_mask", a.shrink_axis_mask);
  v("offset", a.offset);
}

}  // namespace mote::ops
