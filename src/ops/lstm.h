// unidirectional_sequence_lstm   a long short-term memory over x [batch, time, input] (or time
// first) bidirectional_sequence_lstm    two of them, the second from the last step to the first
// lstm                           one step, on x [batch, input]
//   gate   = act(W_x x + W_h h + peephole * c + bias), with layer norm: act(norm * standardize(..
//   without bias) + bias) c      = clip(forget * c + input * cell), input = 1 - forget where the
//   input gate has no weights y = h  = output * act(c), or clip(projection (output * act(c)) +
//   bias) inputs, gates in the order input, forget, cell, output
//     0 x · 1-4 W_x [cell, input] · 5-8 W_h [cell, output] (or [cell], a diagonal) · 9-11 peepholes
//     of input, forget, output · 12-15 biases · 16, 17 projection weights [output, cell] and bias ·
//     18, 19 variables: h [batch, output], c [batch, cell] · 20-23 layer norm weights (may be left
//     out)
//   bidirectional: 0 x · 1-17 forward · 18-34 backward · 35-38 variables: forward h, c, backward h,
//   c · 39 second
//     input · 40-43, 44-47 its weights
// Weights int8 with x float compute hybrid; x int8 computes in integers, with five intermediate
// quantizations.
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct UnidirectionalLstmAttrs {
  Activation activation = Activation::none;
  float cell_clip = 0;
  float proj_clip = 0;
  bool time_major = false;
  bool asymmetric_quantize_inputs = false;
  bool diagonal_recurrent_tensors = false;
};
inline void fields(AttrVisitor& v, UnidirectionalLstmAttrs& a) {
  v("activation", a.activation);
  v("cell_clip", a.cell_clip);
  v("proj_clip", a.proj_clip);
  v("time_major", a.time_major);
  v("asymmetric_quantize_inputs", a.asymmetric_quantize_inputs);
  v("diagonal_recurrent_tensors", a.diagonal_recurrent_tensors);
}

struct BidirectionalLstmAttrs {
  Activation activation = Activation::none;
  float cell_clip = 0;
  float proj_clip = 0;
  bool merge_outputs = false;
  bool time_major = true;
  bool asymmetric_quantize_inputs = false;
};
inline void fields(AttrVisitor& v, BidirectionalLstmAttrs& a) {
  v("activation", a.activation);
  v("cell_clip", a.cell_clip);
  v("proj_clip", a.proj_clip);
  v("merge_outputs", a.merge_outputs);
  v("time_major", a.time_major);
  v("asymmetric_quantize_inputs", a.asymmetric_quantize_inputs);
}

enum class LstmKernel : int8_t { full, basic };
std::span<const char* const> names_of(LstmKernel);

struct LstmAttrs {
  Activation activation = Activation::none;
  float cell_clip = 0;
  float proj_clip = 0;
  LstmKernel kernel_type = LstmKernel::full;
  bool asymmetric_quantize_inputs = false;
};
inline void fields(AttrVisitor& v, LstmAttrs& a) {
  v("activation", a.activation);
  v("cell_clip", a.cell_clip);
  v("proj_clip", a.proj_clip);
  v("kernel_type", a.kernel_type);
  v("asymmetric_quantize_inputs", a.asymmetric_quantize_inputs);
}

}  // namespace mote::ops
