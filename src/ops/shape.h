// shape     y = the extents of x, as int32 or int64
//   inputs   x: any type
//   attrs    out_type
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct ShapeAttrs {
  DType out_type = DType::i32;
};
inline void fields(AttrVisitor& v, ShapeAttrs& a) { v("out_type", a.out_type); }

}  // namespace mote::ops
