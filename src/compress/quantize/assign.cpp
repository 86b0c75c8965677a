#include "compress/quantize/assign.h"

#include <algorithm>
#include <cmath>

namespace mote::compress {
namespace {

Quantization fixed_parameters(const QuantRule& rule, DType dtype) {
  return dtype == DType::i16 ? per_tensor(rule.fixed_scale_i16, 0)
                             : per_tensor(rule.fixed_scale_i8, rule.fixed_zero_point_i8);
}

bool has_fixed(const QuantRule& rule, DType dtype) {
  return rule.kind == QuantKind::fixed &&
         (dtype == DType::i16 ? rule.fixed_scale_i16 : rule.fixed_scale_i8) > 0;
}

// The output and inputs of a node that only chooses among elements. Of several inputs, those with
// parameters of their own are left apart: a Quantize converts them.
void unite_same_scale(const NodeView& node, ScaleGroups& groups) {
  std::vector<ValueId> inputs;
  for (int i = 0; i < node.inputs(); ++i) {
    if (is_activation(node, i)) inputs.push_back(node.node().inputs[static_cast<size_t>(i)]);
  }
  ValueId first = kNoValue;
  for (const ValueId id : node.node().outputs) {
    if (!is_float(node.subgraph().value(id))) continue;
    if (first == kNoValue) first = id;
    groups.unite(first, id);
  }
  if (first == kNoValue) return;
  const bool alike = std::all_of(inputs.begin(), inputs.end(),
                                 [&](ValueId id) { return groups.same(id, inputs[0]); });
  for (const ValueId id : inputs) {
    if (alike || !groups.is_fixed(id)) groups.unite(id, first);
  }
}

void include_constants(const NodeView& node, ScaleGroups& groups) {
  for (int i = 0; i < node.inputs(); ++i) {
    if (!is_activation(node, i) || !node.in_value(i).is_constant) continue;
    Range range;
    for (const float v : node.constant<float>(i)) range.include(static_cast<double>(v));
    groups.include(node.node().inputs[static_cast<size_t>(i)], range);
  }
}

// Kernels hold quotients of scales as a 31-bit number and a shift. Sums first bring their inputs to
// a scale 2^20 (int16: 2^15) times finer than the coarsest, so the output's may not be finer than
// that; accumulators are x * w, and their quotient with the output may shift left by 6 at most.
void limit_quotients(const NodeView& node, DType dtype, ScaleGroups& groups) {
  const QuantRule& rule = node.node().op->quant;
  if (rule.kind == QuantKind::same_scale) return;
  float coarsest = 0;
  for (int i = 0; i < node.inputs(); ++i) {
    if (!is_activation(node, i)) continue;
    const ValueId id = node.node().inputs[static_cast<size_t>(i)];
    coarsest = std::max(coarsest, groups.parameters(id).scale[0]);
  }
  float least = std::ldexp(coarsest, dtype == DType::i16 ? -13 : -18);
  if (rule.weights >= 0 && node.is_constant(rule.weights)) {
    const Quantization weights = weight_parameters(
        node.in(rule.weights).shape, node.constant<float>(rule.weights), rule.weights_axis, 127);
    const float largest = *std::max_element(weights.scale.begin(), weights.scale.end());
    least = std::ldexp(coarsest * largest, -6);
  }
  for (const ValueId id : node.node().outputs) {
    if (is_float(node.subgraph().value(id))) groups.raise_scale(id, least);
  }
}

}  // namespace

ScaleGroups assign_scales(const Graph& graph, Precision precision,
                          const std::vector<Decision>& decisions, const Calibration& calibration) {
  const Subgraph& main = graph.main();
  const DType dtype = activation_dtype(precision);
  ScaleGroups groups(main.values.size(), dtype);
  for (const auto& [id, range] : calibration.ranges) groups.include(id, range);
  for (size_t n = 0; n < main.nodes.size(); ++n) {
    if (!decisions[n].integer) continue;
    const NodeView node(graph, main, main.nodes[n]);
    include_constants(node, groups);
    const QuantRule& rule = main.nodes[n].op->quant;
    if (rule.kind == QuantKind::same_scale) unite_same_scale(node, groups);
    if (!has_fixed(rule, dtype)) continue;
    for (const ValueId id : main.nodes[n].outputs) {
      if (is_float(main.value(id))) groups.fix(id, fixed_parameters(rule, dtype));
    }
  }
  for (size_t n = 0; n < main.nodes.size(); ++n) {
    if (decisions[n].integer) {
      limit_quotients(NodeView(graph, main, main.nodes[n]), dtype, groups);
    }
  }
  return groups;
}

}  // namespace mote::compress
