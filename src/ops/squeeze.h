// squeeze       y = x without the axes of extent 1 that squeeze_dims names (none named: all)
// expand_dims   y = x with an axis of extent 1 before `axis`
//   inputs   x; expand_dims: axis int32|int64 [1] or scalar
#pragma once

#include <vector>

#include "graph/attrs.h"

namespace mote::ops {

struct SqueezeAttrs {
  std::vector<int32_t> squeeze_dims = {};
};
inline void fields(AttrVisitor& v, SqueezeAttrs& a) { v("squeeze_dims", a.squeeze_dims); }

}  // namespace mote::ops
