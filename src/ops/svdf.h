// svdf     a dense layer of rank r factored into features and time
//   feature_f = W_feature[f] . x, kept for `memory` steps; y_u = act(bias_u + sum of W_time[f] .
//   features of f), over the rank filters f of unit u inputs   x [batch, input]; W_feature
//   [filters, input]; W_time [filters, memory]; bias [units], optional; state
//            [batch, memory * filters], a variable
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct SvdfAttrs {
  int32_t rank = 1;
  Activation activation = Activation::none;
  bool asymmetric_quantize_inputs = false;
};
inline void fields(AttrVisitor& v, SvdfAttrs& a) {
  v("rank", a.rank);
  v("activation", a.activation);
  v("asymmetric_quantize_inputs", a.asymmetric_quantize_inputs);
}

}  // namespace mote::ops
