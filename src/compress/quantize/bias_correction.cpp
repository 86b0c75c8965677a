#include "compress/quantize/bias_correction.h"

#include <algorithm>

#include "base/error.h"
#include "compress/quantize/decide.h"
#include "eval/evaluator.h"
#include "ops/ops.h"

namespace mote::compress {
namespace {

// A layer with constant weights and bias and one activation: its input index, or -1.
int corrected_input(const NodeView& node) {
  const QuantRule& rule = node.node().op->quant;
  if (rule.weights < 0 || rule.bias < 0) return -1;
  if (!node.is_constant(rule.weights) || !node.is_constant(rule.bias)) return -1;
  if (!is_float(node.in_value(rule.weights)) || !is_float(node.in_value(rule.bias))) return -1;
  int found = -1;
  for (int i = 0; i < node.inputs(); ++i) {
    if (!is_activation(node, i) || node.is_constant(i)) continue;
    if (found >= 0) return -1;
    found = i;
  }
  return found;
}

// What the layer gives for input `mean` with weights `error` and no bias or activation.
std::vector<float> response(const NodeView& node, int x, const Calibration& calibration,
                            std::vector<float> error) {
  const QuantRule& rule = node.node().op->quant;
  const ValueId x_id = node.node().inputs[static_cast<size_t>(x)];
  Graph alone;
  alone.subgraphs.emplace_back();
  Subgraph& main = alone.main();
  Node copy = node.node();
  for (int i = 0; i < node.inputs(); ++i) {
    ValueId& id = copy.inputs[static_cast<size_t>(i)];
    if (id == kNoValue) continue;
    if (i == x) {
      id = main.add_constant("x", {DType::f32, calibration.shapes.at(x_id)},
                             Buffer::of(calibration.means.at(x_id)));
    } else if (i == rule.weights) {
      id = main.add_constant("w", node.in(i), Buffer::of(error));
    } else if (i == rule.bias) {
      id = main.add_constant(
          "b", node.in(i),
          Buffer::of(std::vector<float>(static_cast<size_t>(node.in(i).shape.elements()), 0.0f)));
    } else if (!node.is_constant(i)) {
      return {};
    } else {
      const Value& value = node.in_value(i);
      id = main.add_constant(value.name, value.type, value.data);
    }
  }
  if (copy.op->has(kFusedActivation)) {
    auto activation = std::get<Enumerator>(copy.attrs.get("activation"));
    activation.value = 0;
    copy.attrs.set("activation", activation);
  }
  copy.outputs = {main.add_value("y", node.out(0))};
  main.outputs = copy.outputs;
  main.nodes.push_back(copy);
  infer_types(alone);
  const Buffer y = eval::evaluate_node(alone, main, main.nodes[0])[0];
  return {y.as<float>().begin(), y.as<float>().end()};
}

}  // namespace

std::vector<ValueId> values_to_average(const Graph& graph) {
  std::vector<ValueId> ids;
  for (const Node& node : graph.main().nodes) {
    const int x = corrected_input(NodeView(graph, graph.main(), node));
    if (x >= 0) ids.push_back(node.inputs[static_cast<size_t>(x)]);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

int correct_biases(Graph& graph, const Calibration& calibration, int limit) {
  int corrected = 0;
  Subgraph& main = graph.main();
  for (Node& each : main.nodes) {
    const NodeView node(graph, main, each);
    const int x = corrected_input(node);
    if (x < 0) continue;
    const auto mean = calibration.means.find(each.inputs[static_cast<size_t>(x)]);
    if (mean == calibration.means.end() || mean->second.empty()) continue;
    const QuantRule& rule = each.op->quant;
    const auto weights = node.constant<float>(rule.weights);
    const Shape& shape = node.in(rule.weights).shape;
    const Quantization quant = weight_parameters(shape, weights, rule.weights_axis, limit);
    std::vector<float> error = dequantized_weights(shape, weights, quant, limit);
    for (size_t i = 0; i < error.size(); ++i) error[i] -= weights[i];
    const std::vector<float> shift = response(node, x, calibration, std::move(error));
    const auto bias = node.constant<float>(rule.bias);
    if (bias.empty() || shift.empty() || shift.size() % bias.size() != 0) continue;
    std::vector<double> sum(bias.size(), 0.0);
    for (size_t i = 0; i < shift.size(); ++i) sum[i % bias.size()] += static_cast<double>(shift[i]);
    std::vector<float> better(bias.begin(), bias.end());
    const auto positions = static_cast<double>(shift.size() / bias.size());
    for (size_t c = 0; c < better.size(); ++c) {
      better[c] -= static_cast<float>(sum[c] / positions);
    }
    const Value old = node.in_value(rule.bias);
    // A constant of its own: layers may share the old one.
    each.inputs[static_cast<size_t>(rule.bias)] =
        main.add_constant(old.name, old.type, Buffer::of(better));
    ++corrected;
  }
  return corrected;
}

}  // namespace mote::compress
