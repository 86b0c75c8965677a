// concatenation   y = x_0, x_1, ... one after the other along `axis`
// pack            y = x_0, x_1, ... along a new axis
//   inputs   x_0, x_1, ...: one type; concatenation: shapes equal but for `axis`; pack: equal
// uint8 inputs of concatenation may have scales of their own; other types must share y's.
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct ConcatenationAttrs {
  int32_t axis = 0;
  Activation activation = Activation::none;  // only none
};
inline void fields(AttrVisitor& v, ConcatenationAttrs& a) {
  v("axis", a.axis);
  v("activation", a.activation);
}

struct PackAttrs {
  int32_t values_count = 0;
  int32_t axis = 0;
};
inline void fields(AttrVisitor& v, PackAttrs& a) {
  v("values_count", a.values_count);
  v("axis", a.axis);
}

}  // namespace mote::ops
