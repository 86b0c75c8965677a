#include "compress/quantize/decide.h"

#include <algorithm>

#include "base/error.h"

namespace mote::compress {
namespace {

bool in_mask(uint32_t mask, int i) { return (mask >> std::min(i, 31) & 1u) != 0; }

bool touches_floats(const NodeView& node) {
  for (int i = 0; i < node.inputs(); ++i) {
    if (node.has(i) && is_float(node.in_value(i))) return true;
  }
  for (int i = 0; i < node.outputs(); ++i) {
    if (node.out(i).dtype == DType::f32) return true;
  }
  return false;
}

const QuantOperand* operand_at(const QuantRule& rule, int input) {
  for (const QuantOperand& operand : rule.operands) {
    if (operand.input == input) return &operand;
  }
  return nullptr;
}

std::string why_not(const NodeView& node, Precision precision) {
  const QuantRule& rule = node.node().op->quant;
  if (rule.kind == QuantKind::none) {
    return rule.why_not ? rule.why_not : "there is no integer form of this operator";
  }
  if (precision == Precision::int8 && !rule.int8) {
    return rule.why_not ? rule.why_not : "the official kernels have no int8 form of this operator";
  }
  if (precision == Precision::int16x8 && !rule.int16) {
    return rule.why_not ? rule.why_not : "the official kernels have no int16 form of this operator";
  }
  bool any = false;
  for (int i = 0; i < node.inputs(); ++i) {
    if (!node.has(i)) continue;
    if (i < 32 && (rule.float_with >> i & 1u)) {
      return fmt::format("the integer form does not take input {}", i);
    }
    const Value& value = node.in_value(i);
    if (!is_float(value)) continue;
    if (const QuantOperand* operand = operand_at(rule, i)) {
      const bool state =
          operand->form == QuantForm::output_state || operand->form == QuantForm::cell_state;
      if (state != value.is_variable || (!state && !value.is_constant)) {
        return fmt::format("its input {} is {}", i,
                           state ? "not a variable" : "computed while the model runs");
      }
    } else if (i == rule.weights) {
      if (!value.is_constant) return "its weights are computed while the model runs";
      if (rule.weights_axis >= value.type.shape.rank()) return "its weights have too few axes";
    } else if (i == rule.bias) {
      if (!value.is_constant) return "its bias is computed while the model runs";
    } else if (in_mask(rule.activations, i)) {
      if (value.is_variable) return "it reads state, which has no calibrated range";
      any = any || !value.is_constant || rule.kind == QuantKind::same_scale;
    } else {
      return fmt::format("its input {} has no integer form", i);
    }
  }
  return any ? "" : "none of its inputs is an activation";
}

// Moves or looks at data only; worth quantizing if a neighbour computes.
bool follows(const Node& node) {
  return (node.op->quant.kind == QuantKind::same_scale && node.op->has(kMovement)) ||
         node.op->quant.kind == QuantKind::passthrough;
}

}  // namespace

bool is_float(const Value& value) { return value.type.dtype == DType::f32; }

bool is_activation(const NodeView& node, int i) {
  const QuantRule& rule = node.node().op->quant;
  return node.has(i) && i != rule.weights && i != rule.bias && in_mask(rule.activations, i) &&
         is_float(node.in_value(i));
}

std::vector<Decision> decide(const Graph& graph, Precision precision, const Refusals& refusals) {
  const Subgraph& main = graph.main();
  std::vector<Decision> decisions(main.nodes.size());
  for (size_t n = 0; n < main.nodes.size(); ++n) {
    const NodeView node(graph, main, main.nodes[n]);
    if (!touches_floats(node)) continue;
    const auto refused = refusals.find(n);
    decisions[n].reason = refused != refusals.end() ? refused->second : why_not(node, precision);
    decisions[n].integer = decisions[n].reason.empty();
  }
  // Movers start as float and become integer where they touch something integer, again and again.
  std::vector<bool> wants(main.values.size(), false);
  std::vector<size_t> movers;
  const auto mark = [&](const Node& node) {
    const NodeView view(graph, main, node);
    for (int i = 0; i < view.inputs(); ++i) {
      if (is_activation(view, i))
        wants[static_cast<size_t>(node.inputs[static_cast<size_t>(i)])] = true;
    }
    for (const ValueId id : node.outputs) wants[static_cast<size_t>(id)] = true;
  };
  for (size_t n = 0; n < main.nodes.size(); ++n) {
    if (!decisions[n].integer) continue;
    if (follows(main.nodes[n])) {
      movers.push_back(n);
      decisions[n].integer = false;
    } else {
      mark(main.nodes[n]);
    }
  }
  const auto touched = [&](const Node& node) {
    const auto wanted = [&](ValueId id) {
      return id != kNoValue && wants[static_cast<size_t>(id)];
    };
    return std::any_of(node.inputs.begin(), node.inputs.end(), wanted) ||
           (node.op->quant.kind == QuantKind::same_scale &&
            std::any_of(node.outputs.begin(), node.outputs.end(), wanted));
  };
  // Forward and backward in turn: chains settle in a few rounds.
  for (bool changed = true; changed;) {
    changed = false;
    for (const bool forward : {true, false}) {
      for (size_t k = 0; k < movers.size(); ++k) {
        const size_t n = movers[forward ? k : movers.size() - 1 - k];
        if (decisions[n].integer || !touched(main.nodes[n])) continue;
        decisions[n].integer = changed = true;
        mark(main.nodes[n]);
      }
    }
  }
  return decisions;
}

}  // namespace mote::compress
