// arg_max, arg_min   y = index of the first extreme along `axis` (input 1, constant); NaN never
// wins cumsum             running sums along `axis` (input 1, constant) topk_v2            the k
// (input 1, constant) largest along the last axis, sorted: values, indices where              y =
// coordinates of the elements that are not 0, [found, rank], int64; its
//                    shape depends on the data, so that the input must be constant
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct ArgAttrs {
  DType output_type = DType::i64;
};
inline void fields(AttrVisitor& v, ArgAttrs& a) { v("output_type", a.output_type); }

struct CumsumAttrs {
  bool exclusive = false;
  bool reverse = false;
};
inline void fields(AttrVisitor& v, CumsumAttrs& a) {
  v("exclusive", a.exclusive);
  v("reverse", a.reverse);
}

}  // namespace mote::ops
