// gather       y[b.., o.., i.., k..] = x[b.., o.., indices[b.., i..], k..] along `axis`, after
// batch_dims shared axes gather_nd    y[i.., k..] = x[indices[i.., :], k..] scatter_nd   y = 0,
// then y[indices[i.., :], k..] += updates[i.., k..]
//   inputs   gather, gather_nd: x, indices int16|int32|int64; scatter_nd: indices int32|int64,
//   updates, shape [rank]
// An index that is out of range ends the run with an error.
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct GatherAttrs {
  int32_t axis = 0;
  int32_t batch_dims = 0;
};
inline void fields(AttrVisitor& v, GatherAttrs& a) {
  v("axis", a.axis);
  v("batch_dims", a.batch_dims);
}

}  // namespace mote::ops
