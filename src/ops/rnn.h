// unidirectional_sequence_rnn   h = act(bias + W_x x + W_h h) along time, y_t = h
// rnn                           one step of it, on x [batch, input]
//   inputs   x [batch, time, input] (or time first); W_x [units, input]; W_h [units, units]; bias
//   [units]; h [batch,
//            units], a variable
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct SequenceRnnAttrs {
  bool time_major = false;
  Activation activation = Activation::none;
  bool asymmetric_quantize_inputs = false;
};
inline void fields(AttrVisitor& v, SequenceRnnAttrs& a) {
  v("time_major", a.time_major);
  v("activation", a.activation);
  v("asymmetric_quantize_inputs", a.asymmetric_quantize_inputs);
}

struct RnnAttrs {
  Activation activation = Activation::none;
  bool asymmetric_quantize_inputs = false;
};
inline void fields(AttrVisitor& v, RnnAttrs& a) {
  v("activation", a.activation);
  v("asymmetric_quantize_inputs", a.asymmetric_quantize_inputs);
}

}  // namespace mote::ops
