#include "compress/quantize/weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <tuple>

#include "base/error.h"
#include "base/half.h"
#include "compress/quantize/parameters.h"
#include "ops/ops.h"

namespace mote::compress {
namespace {

// A Dequantize and its tensor take about this many bytes of a file, so smaller constants stay.
constexpr size_t kWorthHalving = 256;

LayerReport row_of(const Subgraph& subgraph, const Node& node) {
  LayerReport row{.layer = node.layer, .op = node.op->name};
  if (!node.outputs.empty()) row.output = subgraph.value(node.outputs[0]).name;
  row.precision = "float32";
  return row;
}

// The weights of every node that takes them quantized, if all who read the constant do: with one
// that does not, both forms would have to be kept.
class WeightsOnly {
 public:
  WeightsOnly(Graph& graph, Subgraph& subgraph, const QuantizeOptions& options,
              QuantizeReport& report)
      : graph_(graph), subgraph_(subgraph), options_(options), report_(report) {}

  void run() {
    count_readers();
    std::vector<Node> nodes;
    for (Node& node : subgraph_.nodes) {
      std::optional<Node> after;
      if (!node.op->quant.operands.empty()) {
        quantize_operands(node);
      } else if (table_of(node) >= 0) {
        after = quantize_table(node);
      } else {
        quantize_node(node);
      }
      nodes.push_back(std::move(node));
      if (after) nodes.push_back(std::move(*after));
    }
    subgraph_.nodes = std::move(nodes);
  }

 private:
  bool takes(const Node& node) const {
    const QuantRule& rule = node.op->quant;
    return rule.weights >= 0 && (rule.dynamic || wants_int4(node));
  }
  bool wants_int4(const Node& node) const {
    return options_.precision == Precision::int4 && node.op->quant.int4_weights;
  }

  // The inputs of a node that may become int8 weights.
  std::vector<int> weight_inputs(const Node& node) const {
    std::vector<int> list;
    const QuantRule& rule = node.op->quant;
    const int table = table_of(node);
    if (takes(node)) list.push_back(rule.weights);
    if (table >= 0) list.push_back(table);
    for (const QuantOperand& operand : rule.operands) {
      if (rule.dynamic && operand.form == QuantForm::weights) list.push_back(operand.input);
    }
    return list;
  }

  // A table of constants that the node picks elements from (an embedding): its input, or -1.
  int table_of(const Node& node) const {
    const NodeView view(graph_, subgraph_, node);
    if (node.op->quant.kind != QuantKind::same_scale || !node.op->quant.int8) return -1;
    if (node.outputs.size() != 1 || view.out(0).dtype != DType::f32) return -1;
    int table = -1;
    for (int i = 0; i < view.inputs(); ++i) {
      if (!view.has(i) || view.in(i).dtype != DType::f32) continue;
      if (!view.is_constant(i) || table >= 0) return -1;
      table = i;
    }
    return table;
  }

  void count_readers() {
    const Uses uses = uses_of(subgraph_);
    other_readers_ = uses.readers;
    for (const Node& node : subgraph_.nodes) {
      for (const int input : weight_inputs(node)) {
        const auto index = static_cast<size_t>(input);
        if (index < node.inputs.size() && node.inputs[index] != kNoValue)
          --other_readers_[static_cast<size_t>(node.inputs[index])];
      }
    }
  }

  // All of an operator's weights, or none: its kernel takes no mixture.
  void quantize_operands(Node& node) {
    LayerReport row = row_of(subgraph_, node);
    const NodeView view(graph_, subgraph_, node);
    const std::vector<int> inputs = weight_inputs(node);
    for (const int i : inputs) {
      if (!row.reason.empty() || !view.has(i)) continue;
      const Value& weights = view.in_value(i);
      if (weights.type.dtype != DType::f32) return;
      row.reason = weights.is_constant ? why_not(node, weights, node.inputs[static_cast<size_t>(i)])
                                       : "its weights are computed while the model runs";
    }
    if (inputs.empty()) row.reason = "the official kernels have no form of it with int8 weights";
    if (row.reason.empty()) {
      for (const int i : inputs) {
        if (!view.has(i)) continue;
        ValueId& id = node.inputs[static_cast<size_t>(i)];
        id = stored(id, -1, false);
      }
      finish(node, row, "int8 weights");
    } else {
      keep(row);
    }
  }

  // The table as int8; what is picked from it is dequantized.
  std::optional<Node> quantize_table(Node& node) {
    const auto index = static_cast<size_t>(table_of(node));
    const ValueId id = node.inputs[index];
    LayerReport row = row_of(subgraph_, node);
    const auto elements = static_cast<int64_t>(subgraph_.value(id).data.size() / sizeof(float));
    if (elements < options_.min_weight_elements) return std::nullopt;
    if (other_readers_[static_cast<size_t>(id)] > 0) {
      row.reason = "its table is also read by an operator that needs it as float32";
      keep(row);
      return std::nullopt;
    }
    node.inputs[index] = stored(id, -1, false);
    const ValueId result = node.outputs[0];
    TensorType type = subgraph_.value(result).type;
    type.dtype = DType::i8;
    type.quant = subgraph_.value(node.inputs[index]).type.quant;
    const std::string name = fmt::format("{}_int8", subgraph_.value(result).name);
    node.outputs[0] = subgraph_.add_value(name, type);
    finish(node, row, "int8 weights");
    const OpDef* dequantize = find_op("dequantize");
    if (!dequantize) fail_internal("there is no operator 'dequantize'");
    Node after;
    after.op = dequantize;
    after.attrs = Attrs(*dequantize->attrs);
    after.inputs = {node.outputs[0]};
    after.outputs = {result};
    after.layer = node.layer;
    return after;
  }

  void finish(Node& node, LayerReport& row, const char* precision) {
    row.precision = precision;
    if (node.attrs.has("asymmetric_quantize_inputs")) {
      node.attrs.set("asymmetric_quantize_inputs", true);
    }
    ++report_.quantized;
    report_.layers.push_back(std::move(row));
  }
  void keep(LayerReport& row) {
    ++report_.stayed_float;
    report_.layers.push_back(std::move(row));
  }

  std::string why_not(const Node& node, const Value& weights, ValueId id) const {
    const auto elements = static_cast<int64_t>(weights.data.size() / sizeof(float));
    if (elements < options_.min_weight_elements) {
      return fmt::format("its weights have {} elements, fewer than {}", elements,
                         options_.min_weight_elements);
    }
    if (other_readers_[static_cast<size_t>(id)] > 0) {
      return "its weights are also read by an operator that needs them as float32";
    }
    const NodeView view(graph_, subgraph_, node);
    if (view.in(0).dtype != DType::f32 && !node.op->has(kMovement)) {
      return fmt::format("its input is {}", name_of(view.in(0).dtype));
    }
    return "";
  }

  void quantize_node(Node& node) {
    const QuantRule& rule = node.op->quant;
    if (rule.weights < 0) return;
    const auto index = static_cast<size_t>(rule.weights);
    if (index >= node.inputs.size() || node.inputs[index] == kNoValue) return;
    const ValueId id = node.inputs[index];
    const Value& weights = subgraph_.value(id);
    if (weights.type.dtype != DType::f32) return;
    LayerReport row = row_of(subgraph_, node);
    if (!takes(node)) {
      row.reason = "the official kernels have no form of this operator with int8 weights";
    } else if (!weights.is_constant) {
      row.reason = "its weights are computed while the model runs";
    } else {
      row.reason = why_not(node, weights, id);
    }
    if (!row.reason.empty()) return keep(row);
    const bool int4 = wants_int4(node);
    node.inputs[index] = stored(id, rule.weights_axis, int4);
    finish(node, row, int4 ? "int4 weights" : "int8 weights");
  }

  ValueId stored(ValueId id, int axis, bool int4) {
    const auto key = std::tuple(id, axis, int4);
    if (const auto found = made_.find(key); found != made_.end()) return found->second;
    const Value value = subgraph_.value(id);
    const auto data = value.data.as<float>();
    require_finite(data, value.name);
    const int limit = int4 ? 7 : 127;
    const DType dtype = int4 ? DType::i4 : DType::i8;
    const Quantization quant = weight_parameters(value.type.shape, data, axis, limit);
    const ValueId made =
        subgraph_.add_constant(value.name, {dtype, value.type.shape, quant},
                               quantize_weights(value.type.shape, data, quant, limit, dtype));
    made_.emplace(key, made);
    return made;
  }

  Graph& graph_;
  Subgraph& subgraph_;
  const QuantizeOptions& options_;
  QuantizeReport& report_;
  std::vector<int> other_readers_;
  std::map<std::tuple<ValueId, int, bool>, ValueId> made_;
};

// The constant as float16; empty if an element is too large for it.
Buffer halved(const Value& value) {
  const auto data = value.data.as<float>();
  require_finite(data, value.name);
  auto [buffer, bytes] = Buffer::allocate(data.size() * sizeof(uint16_t));
  for (size_t i = 0; i < data.size(); ++i) {
    const uint16_t half = float_to_half(data[i]);
    if (!std::isfinite(half_to_float(half))) return {};
    std::memcpy(bytes + i * sizeof half, &half, sizeof half);
  }
  return buffer;
}

void halve(Subgraph& subgraph, QuantizeReport& report) {
  const OpDef* dequantize = find_op("dequantize");
  if (!dequantize) fail_internal("there is no operator 'dequantize'");
  std::vector<Node> nodes;
  std::map<ValueId, ValueId> widened;
  for (Node& node : subgraph.nodes) {
    bool any = false;
    for (ValueId& id : node.inputs) {
      if (id == kNoValue) continue;
      const Value value = subgraph.value(id);
      if (!value.is_constant || value.type.dtype != DType::f32) continue;
      const auto found = widened.find(id);
      if (found == widened.end()) {
        Buffer data = value.data.size() < kWorthHalving ? Buffer{} : halved(value);
        if (data.empty()) {
          if (value.data.size() >= kWorthHalving) {
            report.notes.push_back(fmt::format(
                "constant '{}' stays float32: it has elements too large for float16", value.name));
          }
          widened[id] = id;
          continue;
        }
        TensorType type = value.type;
        type.dtype = DType::f16;
        const ValueId half = subgraph.add_constant(value.name, type, std::move(data));
        const ValueId full = subgraph.add_value(value.name + "_float", value.type);
        nodes.push_back({.op = dequantize,
                         .attrs = Attrs(*dequantize->attrs),
                         .inputs = {half},
                         .outputs = {full},
                         .layer = node.layer});
        widened[id] = full;
        id = full;
        any = true;
      } else if (found->second != id) {
        id = found->second;
        any = true;
      }
    }
    if (any) {
      LayerReport row = row_of(subgraph, node);
      row.precision = "float16";
      report.layers.push_back(std::move(row));
      ++report.quantized;
    }
    nodes.push_back(std::move(node));
  }
  subgraph.nodes = std::move(nodes);
}

}  // namespace

QuantizeReport quantize_weights_only(Graph& graph, const QuantizeOptions& options) {
  QuantizeReport report;
  for (Subgraph& subgraph : graph.subgraphs) WeightsOnly(graph, subgraph, options, report).run();
  remove_dead(graph);
  return report;
}

QuantizeReport store_as_float16(Graph& graph) {
  QuantizeReport report;
  for (Subgraph& subgraph : graph.subgraphs) halve(subgraph, report);
  remove_dead(graph);
  return report;
}

}  // namespace mote::compress
