#include "driver/precision.h"

namespace mote::driver {
namespace {

// The weights as they are stored: a constant, or one that a dequantize node expands.
const TensorType* stored_weights(const NodeView& node) {
  const int index = node.node().op->quant.weights;
  if (index < 0 || !node.has(index)) return nullptr;
  if (node.is_constant(index)) return &node.in(index);
  const Node* producer = node.producer(index);
  if (!producer || producer->inputs.size() != 1 || producer->inputs[0] == kNoValue) return nullptr;
  const Value& source = node.subgraph().value(producer->inputs[0]);
  return source.is_constant ? &source.type : nullptr;
}

}  // namespace

std::string precision_of(const NodeView& node) {
  const TensorType* type = node.outputs() > 0 ? &node.out(0) : nullptr;
  if (node.has(0) && !node.is_constant(0) && !node.in(0).quant.empty()) type = &node.in(0);
  if (!type) return "none";
  const TensorType* weights = stored_weights(node);
  if (weights && is_float(type->dtype)) {
    if (weights->dtype == DType::i8) return "dynamic int8";
    if (weights->dtype == DType::i4) return "dynamic int4";
    if (weights->dtype == DType::f16) return "float16 weights";
  }
  if (weights && type->dtype == DType::i16 && weights->dtype == DType::i8) return "int16x8";
  return std::string(name_of(type->dtype));
}

}  // namespace mote::driver
