#include "compress/quantize/weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

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
    for (size_t n = 0; n < subgraph_.nodes.size(); ++n) quantize_node(subgraph_.nodes[n]);
  }

 private:
  bool takes(const Node& node) const {
    const QuantRule& rule = node.op->quant;
    return rule.weights >= 0 && (rule.dynamic || wants_int4(node));
  }
  bool wants_int4(const Node& node) const {
    return options_.precision == Precision::int4 && node.op->quant.int4_weights;
  }

  void count_readers() {
    const Uses uses = uses_of(subgraph_);
    other_readers_ = uses.readers;
    for (const Node& node : subgraph_.nodes) {
      if (!takes(node)) continue;
      const auto index = static_cast<size_t>(node.op->quant.weights);
      if (index < node.inputs.size() && node.inputs[index] != kNoValue)
        --other_readers_[static_cast<size_t>(node.inputs[index])];
    }
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
    if (row.reason.empty()) {
      const bool int4 = wants_int4(node);
      row.precision = int4 ? "int4 weights" : "int8 weights";
      node.inputs[index] = stored(id, rule.weights_axis, int4);
      if (node.attrs.has("asymmetric_quantize_inputs")) {
        node.attrs.set("asymmetric_quantize_inputs", true);
      }
      ++report_.quantized;
    } else {
      ++report_.stayed_float;
    }
    report_.layers.push_back(std::move(row));
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
