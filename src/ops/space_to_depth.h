// space_to_depth      y[n, i, j, (p, q, c)] = x[n, i * block + p, j * block + q, c]
// depth_to_space      its inverse
// space_to_batch_nd   x padded, then y[(p, q, n), i, j, c] = x[n, i * block_h + p, j * block_w + q,
// c] batch_to_space_nd   its inverse, then cropped
//   inputs   x NHWC (batch forms: also N,S,C with one block); batch forms: block int32 [1|2],
//   paddings or crops [.,2]
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct BlockAttrs {
  int32_t block_size = 1;
};
inline void fields(AttrVisitor& v, BlockAttrs& a) { v("block_size", a.block_size); }

}  // namespace mote::ops
