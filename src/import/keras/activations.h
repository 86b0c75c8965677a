// Keras's activation functions as operators.
#pragma once

#include <string_view>

#include "import/keras/importers.h"

namespace mote::keras {

// What a layer's `activation` field says, applied to x: a name, or an object that describes an
// activation layer. null is the identity.
ValueId activate(Call& call, const Config& activation, ValueId x);
// By name. `keras2`: hard_sigmoid was another function then.
ValueId activate(GraphBuilder& b, std::string_view name, ValueId x, bool keras2);
// The name of an activation: "linear" for null, "" if it is more than a name.
std::string activation_name(const Config& activation);

// min(max(x, low), high), by relu, relu6 or relu_n1_to_1 where one fits.
ValueId clip(GraphBuilder& b, ValueId x, double low, double high);
// Keras's general ReLU. A max_value below 0 means none.
ValueId relu(GraphBuilder& b, ValueId x, double negative_slope, double max_value, double threshold);
ValueId elu(GraphBuilder& b, ValueId x, double alpha);
ValueId log_softmax(GraphBuilder& b, ValueId x, int axis);
ValueId sparsemax(GraphBuilder& b, ValueId x, int axis);
ValueId soft_shrink(GraphBuilder& b, ValueId x, double threshold);
ValueId hard_shrink(GraphBuilder& b, ValueId x, double threshold);
ValueId glu(GraphBuilder& b, ValueId x, int axis);
ValueId celu(GraphBuilder& b, ValueId x, double alpha);
ValueId squareplus(GraphBuilder& b, ValueId x, double beta);
ValueId threshold(GraphBuilder& b, ValueId x, double threshold, double otherwise);

}  // namespace mote::keras
