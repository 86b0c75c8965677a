// reshape     y = the elements of x, in order, in another shape
//   inputs   x; shape: int32[rank], optional: at most one extent is -1, which takes what is left
//   attrs    new_shape, used where there is no second input
#pragma once

#include <vector>

#include "graph/attrs.h"

namespace mote::ops {

struct ReshapeAttrs {
  std::vector<int32_t> new_shape = {};
};
inline void fields(AttrVisitor& v, ReshapeAttrs& a) { v("new_shape", a.new_shape); }

}  // namespace mote::ops
