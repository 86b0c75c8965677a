// split     y_0, y_1, ... = x in num_splits equal pieces along axis
// split_v   the same in pieces of given sizes; one may be -1 and takes what is left
// unpack    y_k = x[..., k, ...], without the axis
//   inputs   split: axis int32 scalar, x; split_v: x, sizes int32|int64 [num_splits], axis; unpack:
//   x
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct SplitAttrs {
  int32_t num_splits = 0;
};
inline void fields(AttrVisitor& v, SplitAttrs& a) { v("num_splits", a.num_splits); }

struct UnpackAttrs {
  int32_t num = 0;
  int32_t axis = 0;
};
inline void fields(AttrVisitor& v, UnpackAttrs& a) {
  v("num", a.num);
  v("axis", a.axis);
}

}  // namespace mote::ops
