// batch_matmul  y[b..., i, j] = sum_k x[b..., i, k] * w[b..., k, j]; batches broadcast; adj_x and
// adj_y say that the last two dimensions of an operand are the other way round
//   inputs   x, w: 2 to 5 dimensions
//   types    float32, int8 (also to int32: the bare sums), int16, int16 with int8; float32 with
//   int8 weights (x is
//            quantized on the fly)
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct BatchMatmulAttrs {
  bool adj_x = false;
  bool adj_y = false;
  bool asymmetric_quantize_inputs = false;
};
inline void fields(AttrVisitor& v, BatchMatmulAttrs& a) {
  v("adj_x", a.adj_x);
  v("adj_y", a.adj_y);
  v("asymmetric_quantize_inputs", a.asymmetric_quantize_inputs);
}

}  // namespace mote::ops
