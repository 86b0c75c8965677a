#include "passes/fold_batch_norm.h"

#include <cmath>
#include <cstring>

#include "passes/editor.h"

namespace mote::passes {
namespace {

Activation activation_of(const Node& node) {
  if (!node.op->has(kFusedActivation)) return Activation::none;
  return static_cast<Activation>(std::get<Enumerator>(node.attrs.get("activation")).value);
}

// One factor (or summand) for each of `channels`, if `value` is that or a single one for all.
std::vector<float> per_channel(const Value& value, int64_t channels) {
  const std::span<const float> data = constant_floats(value);
  const Shape& shape = value.type.shape;
  if (data.size() == 1) return std::vector<float>(static_cast<size_t>(channels), data[0]);
  if (shape.rank() == 0 || shape.back() != channels ||
      static_cast<int64_t>(data.size()) != channels) {
    return {};
  }
  return {data.begin(), data.end()};
}

// The weights with each channel multiplied by its factor.
Buffer scaled(const Value& weights, int axis, std::span<const float> factor) {
  const Shape& shape = weights.type.shape;
  const auto inner = static_cast<size_t>(shape.elements(axis + 1, shape.rank()));
  const std::span<const float> data = weights.data.as<float>();
  auto [buffer, bytes] = Buffer::allocate(data.size() * sizeof(float));
  for (size_t i = 0; i < data.size(); ++i) {
    const float product = data[i] * factor[i / inner % factor.size()];
    std::memcpy(bytes + i * sizeof(float), &product, sizeof(float));
  }
  return buffer;
}

bool all_finite(std::span<const float> values) {
  for (const float v : values) {
    if (!std::isfinite(v)) return false;
  }
  return true;
}

// Folds node n if its first input comes from a node with weights.
void try_fold(Editor& editor, size_t n) {
  Node& node = editor.refresh(n);
  const bool multiplies = is(node, "mul") || is(node, "div");
  if ((!multiplies && !is(node, "add") && !is(node, "sub")) || node.inputs.size() != 2) return;
  const ValueId x = node.inputs[0];
  const ValueId y = node.outputs[0];
  if (x == kNoValue || !(editor.value(x).type == editor.value(y).type)) return;
  const int found = producer_through_views(editor, x);
  if (found < 0) return;
  const auto maker = static_cast<size_t>(found);
  Node& conv = editor.refresh(maker);
  const QuantRule& rule = conv.op->quant;
  if (rule.weights < 0 || rule.weights_axis < 0 || rule.bias < 0) return;
  if (activation_of(conv) != Activation::none) return;
  if (activation_of(node) != Activation::none && !conv.op->has(kFusedActivation)) return;

  const ValueId weights_id = conv.inputs[static_cast<size_t>(rule.weights)];
  const Value& weights = editor.value(weights_id);
  const std::span<const float> weights_data = constant_floats(weights);
  if (weights_data.empty() || rule.weights_axis >= weights.type.shape.rank()) return;
  const int64_t channels = weights.type.shape[rule.weights_axis];
  const Shape& shape = editor.value(conv.outputs[0]).type.shape;
  if (shape.rank() == 0 || shape.back() != channels) return;
  std::vector<float> constant = per_channel(editor.value(node.inputs[1]), channels);
  if (constant.empty() || !all_finite(constant)) return;

  const auto bias_index = static_cast<size_t>(rule.bias);
  const bool has_bias = conv.inputs.size() > bias_index && conv.inputs[bias_index] != kNoValue;
  std::vector<float> bias(static_cast<size_t>(channels), 0.0f);
  if (has_bias) {
    const std::span<const float> data = constant_floats(editor.value(conv.inputs[bias_index]));
    if (static_cast<int64_t>(data.size()) != channels) return;
    bias.assign(data.begin(), data.end());
  }
  const TensorType weights_type = weights.type;
  const std::string weights_name = weights.name;
  const std::string bias_name =
      has_bias ? editor.value(conv.inputs[bias_index]).name : weights_name + "/bias";
  if (multiplies) {
    if (is(node, "div")) {
      for (float& c : constant) c = 1.0f / c;
      if (!all_finite(constant)) return;
    }
    Buffer data = scaled(weights, rule.weights_axis, constant);
    for (size_t i = 0; i < bias.size(); ++i) bias[i] *= constant[i];
    if (!all_finite(data.as<float>())) return;
    editor.set_input(maker, static_cast<size_t>(rule.weights),
                     editor.add_constant(weights_name, weights_type, std::move(data)));
  } else {
    const float sign = is(node, "sub") ? -1.0f : 1.0f;
    for (size_t i = 0; i < bias.size(); ++i) bias[i] += sign * constant[i];
  }
  if (has_bias || !multiplies) {
    editor.set_input(
        maker, bias_index,
        editor.add_constant(bias_name, {DType::f32, Shape{channels}}, Buffer::of(bias)));
  }
  if (activation_of(node) != Activation::none) {
    editor.refresh(maker).attrs.set("activation", node.attrs.get("activation"));
  }
  editor.replace(y, x);
}

}  // namespace

bool fold_batch_norm(Graph& graph) {
  return edit(graph, [](Editor& editor) {
    for (size_t n = 0; n < editor.size(); ++n) {
      if (editor.alive(n)) try_fold(editor, n);
    }
  });
}

}  // namespace mote::passes
