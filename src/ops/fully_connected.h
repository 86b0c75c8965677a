// fully_connected  y[r, o] = act(bias[o] + sum_c x[r, c] * w[o, c]), rows r the leading dimensions
// of x
//   inputs   x; w [O,C]; bias [O], optional
//   types    as conv_2d
//   output   [R,O], or x's shape with O for C if keep_num_dims
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

enum class WeightsFormat : int8_t { plain, shuffled_4x16 };
std::span<const char* const> names_of(WeightsFormat);

struct FullyConnectedAttrs {
  Activation activation = Activation::none;
  WeightsFormat weights_format = WeightsFormat::plain;
  bool keep_num_dims = false;
  bool asymmetric_quantize_inputs = false;
  DType quantized_bias_type = DType::f32;  // as in Conv2dAttrs
};
inline void fields(AttrVisitor& v, FullyConnectedAttrs& a) {
  v("activation", a.activation);
  v("weights_format", a.weights_format);
  v("keep_num_dims", a.keep_num_dims);
  v("asymmetric_quantize_inputs", a.asymmetric_quantize_inputs);
  v("quantized_bias_type", a.quantized_bias_type);
}

}  // namespace mote::ops
