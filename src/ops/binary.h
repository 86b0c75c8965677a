// Element-wise operators of two inputs, broadcast as NumPy does (ranks up to 8).
//
//   add, sub, mul, div            y = a + b, ...; a fused activation
//   maximum, minimum              floor_div, floor_mod  rounded down; integers by 0 are an error
//   squared_difference  (a-b)^2   pow, atan2            prelu  a < 0 ? a * b : a
//   logical_and, logical_or       bitwise_xor, right_shift
//   equal, not_equal, less, less_equal, greater, greater_equal: bool out
//   add_n                         y = x_0 + x_1 + ...; equal shapes
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct ActivationAttrs {
  Activation activation = Activation::none;
};
inline void fields(AttrVisitor& v, ActivationAttrs& a) { v("activation", a.activation); }

struct AddAttrs {
  Activation activation = Activation::none;
  // int16: whether the scales are powers of two and the kernel that shifts is meant.
  bool pot_scale_int16 = false;
};
inline void fields(AttrVisitor& v, AddAttrs& a) {
  v("activation", a.activation);
  v("pot_scale_int16", a.pot_scale_int16);
}

}  // namespace mote::ops
