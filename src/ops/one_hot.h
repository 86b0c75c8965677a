// one_hot           y = on where the new axis' index equals `indices`, else off
// segment_sum       y[s, ...] = sum of x[i, ...] over the i with ids[i] = s
// matrix_diag       y[..., i, i] = x[..., i], 0 elsewhere
// matrix_set_diag   y = x with the diagonal replaced
//   inputs   one_hot: indices int32|int64, depth int32 scalar, on, off scalars; segment_sum: x, ids
//   int32 [n], sorted
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct OneHotAttrs {
  int32_t axis = -1;
};
inline void fields(AttrVisitor& v, OneHotAttrs& a) { v("axis", a.axis); }

}  // namespace mote::ops
