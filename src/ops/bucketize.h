// bucketize   y = how many boundaries are not above x: the number of x's bin, int32
//   inputs   x: float32
//   attrs    boundaries, ascending
#pragma once

#include <vector>

#include "graph/attrs.h"

namespace mote::ops {

struct BucketizeAttrs {
  std::vector<float> boundaries = {};
};
inline void fields(AttrVisitor& v, BucketizeAttrs& a) { v("boundaries", a.boundaries); }

}  // namespace mote::ops
