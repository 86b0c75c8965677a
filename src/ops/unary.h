// Element-wise operators of one input; y has its shape and type.
//
//   abs, neg, ceil, floor, round (ties to even), sqrt, rsqrt, square, exp, log, sin, cos, sign
//   relu, relu6, relu_n1_to_1, relu_0_to_1, elu, leaky_relu, gelu, hard_swish, logistic, tanh
//   logical_not, zeros_like; real, imag, complex_abs: float32 of complex64
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct LeakyReluAttrs {
  float alpha = 0.0f;  // slope below 0
};
inline void fields(AttrVisitor& v, LeakyReluAttrs& a) { v("alpha", a.alpha); }

struct GeluAttrs {
  bool approximate = false;  // with tanh instead of erf
};
inline void fields(AttrVisitor& v, GeluAttrs& a) { v("approximate", a.approximate); }

}  // namespace mote::ops
