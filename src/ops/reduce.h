// Reductions over some axes: mean, sum, reduce_prod, reduce_max, reduce_min, reduce_any,
// reduce_all.
//   inputs   x; axes: int32 constant, negative ones count from the end, repeated ones count once
//   y        x's type; reduced axes are gone, or of extent 1 with keep_dims
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct ReduceAttrs {
  bool keep_dims = false;
};
inline void fields(AttrVisitor& v, ReduceAttrs& a) { v("keep_dims", a.keep_dims); }

}  // namespace mote::ops
