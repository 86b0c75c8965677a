#include "export/tflite/bias.h"

#include <bit>
#include <vector>

#include "base/error.h"
#include "graph/op.h"

namespace mote::tflite {
namespace {

bool lacks_bias(const Node& node) {
  if (!node.op->tflite.needs_bias) return false;
  const auto bias = static_cast<size_t>(node.op->quant.bias);
  return node.inputs.size() <= bias || node.inputs[bias] == kNoValue;
}

// The type of the bias that goes with x and w: of scale s_x * s_w where they are quantized.
TensorType bias_type(const TensorType& x, const TensorType& w, int axis) {
  TensorType bias;
  bias.shape = Shape{w.shape[axis]};
  if (x.dtype == DType::f32) return bias;
  bias.dtype = x.dtype == DType::i16 ? DType::i64 : DType::i32;
  for (const float scale : w.quant.scale) {
    bias.quant.scale.push_back(x.scale() * scale);
    bias.quant.zero_point.push_back(0);
  }
  return bias;
}

}  // namespace

Graph with_biases(const Graph& graph) {
  Graph copy = graph;
  for (Subgraph& subgraph : copy.subgraphs) {
    for (Node& node : subgraph.nodes) {
      if (!lacks_bias(node)) continue;
      const QuantRule& rule = node.op->quant;
      const auto x = static_cast<size_t>(std::countr_zero(rule.activations));
      const ValueId weights = node.inputs[static_cast<size_t>(rule.weights)];
      const TensorType type = bias_type(subgraph.value(node.inputs[x]).type,
                                        subgraph.value(weights).type, rule.weights_axis);
      const auto size_bytes = type.shape.bytes(type.dtype);
      if (!size_bytes) fail_unsupported("weights of unknown shape");
      node.inputs.resize(static_cast<size_t>(rule.bias) + 1, kNoValue);
      node.inputs[static_cast<size_t>(rule.bias)] =
          subgraph.add_constant("", type, Buffer::allocate(*size_bytes).buffer);
    }
  }
  return copy;
}

}  // namespace mote::tflite
