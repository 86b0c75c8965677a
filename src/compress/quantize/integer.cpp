#include "compress/quantize/integer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "base/error.h"
#include "compress/quantize/assign.h"
#include "ops/ops.h"

namespace mote::compress {
namespace {

constexpr int kWeightLimit = 127;
// Stored biases stay below these, so that adding products to them can't overflow: int32
// accumulators, and the 2^47 that the 16x8 kernels' rescaling takes.
constexpr double kBiasLimit32 = 1 << 30;
constexpr double kBiasLimit64 = 1ll << 46;

// An LSTM's cell state: 3 integer bits, 12 of fraction, the format in which the kernel's gates
// compute.
const float kCellScale = std::ldexp(1.0f, -12);

class Rewriter {
 public:
  Rewriter(const Graph& graph, const QuantizeOptions& options,
           const std::vector<Decision>& decisions, const Calibration& calibration)
      : old_(graph),
        from_(graph.main()),
        options_(options),
        decisions_(decisions),
        calibration_(calibration),
        dtype_(activation_dtype(options.precision)),
        groups_(assign_scales(graph, options.precision, decisions, calibration)),
        places_(from_.values.size()) {}

  IntegerGraph run() {
    result_.graph = old_;
    to_ = Subgraph{.name = from_.name, .values = {}, .nodes = {}, .inputs = {}, .outputs = {}};
    for (const ValueId id : from_.outputs) outputs_.insert(id);
    for (const ValueId id : from_.inputs) add_input(id);
    for (size_t n = 0; n < from_.nodes.size(); ++n) add_node(n);
    for (const ValueId id : from_.outputs) to_.outputs.push_back(output(id));
    for (Signature& signature : result_.graph.signatures) {
      if (signature.subgraph == 0) move_signature(signature);
    }
    result_.graph.main() = std::move(to_);
    return std::move(result_);
  }

 private:
  // Where a value of the old graph is in the new one.
  struct Place {
    ValueId plain = kNoValue;    // as it was
    ValueId integer = kNoValue;  // quantized with the parameters of its group
    std::vector<std::pair<TensorType, ValueId>> others;  // quantized in other ways
  };

  Place& place(ValueId id) { return places_[static_cast<size_t>(id)]; }

  TensorType integer_type(ValueId id) const {
    return {dtype_, from_.value(id).type.shape, groups_.parameters(id)};
  }

  // The plain value of a model output, and of an input, keeps the name that the user knows.
  std::string name_of_integer(ValueId id) const {
    const bool outer =
        outputs_.count(id) != 0 ||
        std::find(from_.inputs.begin(), from_.inputs.end(), id) != from_.inputs.end();
    const std::string& name = from_.value(id).name;
    return outer ? fmt::format("{}_{}", name, mote::name_of(dtype_)) : name;
  }
  std::string name_of_plain(ValueId id) const {
    return outputs_.count(id) ? from_.value(id).name : from_.value(id).name + "_float";
  }

  ValueId convert(const char* op_name, ValueId x, std::string name, TensorType type,
                  const std::string& layer) {
    const OpDef* op = find_op(op_name);
    if (!op) fail_internal("there is no operator '{}'", op_name);
    const ValueId y = to_.add_value(std::move(name), std::move(type));
    add({.op = op, .attrs = Attrs(*op->attrs), .inputs = {x}, .outputs = {y}, .layer = layer}, -1);
    return y;
  }

  void add(Node node, int origin) {
    to_.nodes.push_back(std::move(node));
    result_.origin.push_back(origin);
  }

  void add_input(ValueId id) {
    const Value& value = from_.value(id);
    const DType wanted = options_.input_type;
    ValueId input;
    if (!is_float(value) || wanted == DType::f32) {
      input = to_.add_value(value.name, value.type);
      place(id).plain = input;
    } else {
      TensorType type = integer_type(id);
      if (wanted == DType::u8) {
        type.dtype = DType::u8;
        type.quant.zero_point[0] += 128;
      }
      input = to_.add_value(value.name, type);
      place(id).integer = wanted == DType::u8 ? convert("quantize", input, name_of_integer(id),
                                                        integer_type(id), "")
                                              : input;
    }
    to_.inputs.push_back(input);
  }

  ValueId output(ValueId id) {
    const Value& value = from_.value(id);
    const DType wanted = options_.output_type;
    if (!is_float(value) || wanted == DType::f32) return plain(id, "");
    const ValueId stored = integer(id, "");
    if (wanted != DType::u8) {
      to_.value(stored).name = value.name;
      return stored;
    }
    TensorType type = to_.value(stored).type;
    type.dtype = DType::u8;
    type.quant.zero_point[0] += 128;
    return convert("quantize", stored, value.name, type, "");
  }

  void move_signature(Signature& signature) {
    const auto move = [&](auto& ports, const std::vector<ValueId>& before,
                          const std::vector<ValueId>& now) {
      for (auto& [name, id] : ports) {
        const auto at = std::find(before.begin(), before.end(), id);
        if (at != before.end()) id = now[static_cast<size_t>(at - before.begin())];
      }
    };
    move(signature.inputs, from_.inputs, to_.inputs);
    move(signature.outputs, from_.outputs, to_.outputs);
  }

  // The value as it was: copied if it is a constant or state, dequantized if only its integer form
  // is there.
  ValueId plain(ValueId id, const std::string& layer) {
    if (id == kNoValue) return kNoValue;
    Place& p = place(id);
    if (p.plain != kNoValue) return p.plain;
    const Value& value = from_.value(id);
    if (p.integer != kNoValue) {
      return p.plain = convert("dequantize", p.integer, name_of_plain(id), value.type, layer);
    }
    to_.values.push_back(value);
    return p.plain = static_cast<ValueId>(to_.values.size()) - 1;
  }

  // The value with the parameters of its own group.
  ValueId integer(ValueId id, const std::string& layer) {
    Place& p = place(id);
    if (p.integer != kNoValue) return p.integer;
    const Value& value = from_.value(id);
    const TensorType type = integer_type(id);
    if (value.is_constant) {
      const auto data = value.data.as<float>();
      require_finite(data, value.name);
      return p.integer = to_.add_constant(value.name, type,
                                          quantize_constant(data, type.quant, type.dtype));
    }
    return p.integer = convert("quantize", plain(id, layer), name_of_integer(id), type, layer);
  }

  // The value with given parameters.
  ValueId integer_as(ValueId id, const Quantization& quant, const std::string& layer) {
    TensorType type = integer_type(id);
    const Value& value = from_.value(id);
    if (type.quant == quant) return integer(id, layer);
    type.quant = quant;
    for (const auto& [other, found] : place(id).others) {
      if (other == type) return found;
    }
    ValueId made;
    if (value.is_constant) {
      made = to_.add_constant(value.name, type,
                              quantize_constant(value.data.as<float>(), quant, type.dtype));
    } else {
      made = convert("quantize", integer(id, layer), value.name + "_rescaled", type, layer);
    }
    place(id).others.emplace_back(type, made);
    return made;
  }

  void add_node(size_t n) {
    const Node& node = from_.nodes[n];
    Node copy = node;
    if (decisions_[n].integer) {
      add_integer(copy, NodeView(old_, from_, node), static_cast<int>(n));
    } else {
      for (ValueId& id : copy.inputs) id = plain(id, node.layer);
      for (ValueId& id : copy.intermediates) id = plain(id, node.layer);
      for (ValueId& id : copy.outputs) id = make_plain(id);
      add(std::move(copy), static_cast<int>(n));
    }
    report(n);
  }

  ValueId make_plain(ValueId id) {
    return place(id).plain = to_.add_value(from_.value(id).name, from_.value(id).type);
  }

  void add_integer(Node copy, const NodeView& node, int n) {
    const QuantRule& rule = copy.op->quant;
    const std::string& layer = copy.layer;
    // Operators that only choose among elements read them at their output's scale.
    const Quantization* shared = nullptr;
    Quantization output_quant;
    if (rule.kind == QuantKind::same_scale && is_float(from_.value(copy.outputs[0]))) {
      output_quant = groups_.parameters(copy.outputs[0]);
      shared = &output_quant;
    }
    Quantization weights;
    for (int i = 0; i < node.inputs(); ++i) {
      ValueId& id = copy.inputs[static_cast<size_t>(i)];
      if (id == kNoValue || i == rule.weights || i == rule.bias) continue;
      if (is_operand(rule, i)) continue;
      if (!is_activation(node, i)) {
        id = plain(id, layer);
      } else {
        id = shared ? integer_as(id, *shared, layer) : integer(id, layer);
      }
    }
    if (rule.weights >= 0 && node.has(rule.weights)) add_weights(copy, node);
    for (const QuantOperand& operand : rule.operands) {
      if (node.has(operand.input)) add_operand(copy, node, operand);
    }
    for (ValueId& id : copy.intermediates) id = plain(id, layer);
    if (rule.intermediates > 0) add_intermediates(copy, node);
    for (ValueId& id : copy.outputs) {
      if (!is_float(from_.value(id))) {
        id = make_plain(id);
      } else {
        id = place(id).integer = to_.add_value(name_of_integer(id), integer_type(id));
      }
    }
    add(std::move(copy), n);
  }

  static bool is_operand(const QuantRule& rule, int i) {
    return std::any_of(rule.operands.begin(), rule.operands.end(),
                       [&](const QuantOperand& operand) { return operand.input == i; });
  }

  void add_operand(Node& copy, const NodeView& node, const QuantOperand& operand) {
    ValueId& id = copy.inputs[static_cast<size_t>(operand.input)];
    const Value& value = node.in_value(operand.input);
    const Shape& shape = value.type.shape;
    const auto scale_of = [&](int input) {
      return to_.value(copy.inputs[static_cast<size_t>(input)]).type.scale();
    };
    if (operand.form == QuantForm::output_state || operand.form == QuantForm::cell_state) {
      const bool output = operand.form == QuantForm::output_state;
      const TensorType type = {
          output ? dtype_ : DType::i16, shape,
          output ? groups_.parameters(node.node().outputs[0]) : per_tensor(kCellScale, 0)};
      id = to_.add_value(value.name, type);
      to_.value(id).is_variable = true;
      return;
    }
    const auto data = value.data.as<float>();
    require_finite(data, value.name);
    if (operand.form == QuantForm::weights) {
      id = stored_weights(id, weight_parameters(shape, data, -1, kWeightLimit));
    } else if (operand.form == QuantForm::bias) {
      const Quantization quant = per_tensor(scale_of(operand.x) * scale_of(operand.w), 0);
      id = to_.add_constant(value.name, {DType::i32, shape, quant},
                            quantize_bias(data, quant, DType::i32));
    } else {
      const Quantization quant = weight_parameters(shape, data, -1, 32767);
      id = to_.add_constant(value.name, {DType::i16, shape, quant},
                            quantize_constant(data, quant, DType::i16));
    }
  }

  void add_intermediates(Node& copy, const NodeView& node) {
    const int count = copy.op->quant.intermediates;
    copy.intermediates.clear();
    for (int k = 0; k < count; ++k) {
      TensorType type = {DType::f32, Shape{0}};
      if (k == count - 1) {
        type.dtype = dtype_;
        type.quant = groups_.parameters(node.node().outputs[0]);
      }
      copy.intermediates.push_back(
          to_.add_value(fmt::format("{}_intermediate{}", copy.layer, k), type));
    }
  }

  // The first input that carries an activation: what the weights multiply.
  float input_scale(const Node& copy, const NodeView& node) const {
    for (int i = 0; i < node.inputs(); ++i) {
      if (is_activation(node, i))
        return to_.value(copy.inputs[static_cast<size_t>(i)]).type.scale();
    }
    return 1;
  }

  void add_weights(Node& copy, const NodeView& node) {
    const QuantRule& rule = copy.op->quant;
    const Value& weights = node.in_value(rule.weights);
    const auto data = weights.data.as<float>();
    require_finite(data, weights.name);
    Quantization quant =
        weight_parameters(weights.type.shape, data, rule.weights_axis, kWeightLimit);
    const float x_scale = input_scale(copy, node);
    const bool has_bias = rule.bias >= 0 && node.has(rule.bias);
    std::span<const float> bias;
    if (has_bias) {
      bias = node.constant<float>(rule.bias);
      require_finite(bias, node.in_value(rule.bias).name);
      make_room(bias, x_scale, &quant);
    }
    copy.inputs[static_cast<size_t>(rule.weights)] =
        stored_weights(node.node().inputs[static_cast<size_t>(rule.weights)], quant);
    if (!has_bias) return;
    const DType dtype = dtype_ == DType::i16 ? DType::i64 : DType::i32;
    const Value& value = node.in_value(rule.bias);
    const Quantization bias_quant = bias_parameters(x_scale, quant);
    copy.inputs[static_cast<size_t>(rule.bias)] = to_.add_constant(
        value.name, {dtype, value.type.shape, bias_quant}, quantize_bias(bias, bias_quant, dtype));
  }

  // A channel with a large bias and tiny weights gets a coarser scale, or its bias would not fit.
  void make_room(std::span<const float> bias, float x_scale, Quantization* quant) const {
    const double limit = dtype_ == DType::i16 ? kBiasLimit64 : kBiasLimit32;
    for (size_t c = 0; c < bias.size(); ++c) {
      float& scale = quant->scale[quant->scale.size() == 1 ? 0 : c];
      const double least =
          std::fabs(static_cast<double>(bias[c])) / (limit * static_cast<double>(x_scale));
      if (static_cast<double>(scale) < least) scale = static_cast<float>(least);
    }
  }

  // Layers that share weights share the stored ones, unless their biases needed other scales.
  ValueId stored_weights(ValueId id, const Quantization& quant) {
    const Value& value = from_.value(id);
    const TensorType type = {DType::i8, value.type.shape, quant};
    for (const auto& [other, found] : place(id).others) {
      if (other == type) return found;
    }
    const ValueId made = to_.add_constant(
        value.name, type,
        quantize_weights(value.type.shape, value.data.as<float>(), quant, kWeightLimit, DType::i8));
    place(id).others.emplace_back(type, made);
    return made;
  }

  void report(size_t n) {
    const Node& node = from_.nodes[n];
    const Decision& decision = decisions_[n];
    const bool has_floats = std::any_of(node.outputs.begin(), node.outputs.end(),
                                        [&](ValueId id) { return is_float(from_.value(id)); });
    if (!decision.integer && decision.reason.empty() && !has_floats) return;
    LayerReport row{.layer = node.layer, .op = node.op->name};
    if (!node.outputs.empty()) row.output = from_.value(node.outputs[0]).name;
    row.precision = decision.integer ? std::string(mote::name_of(dtype_)) : "float32";
    row.reason = decision.integer ? "" : decision.reason;
    if (!node.outputs.empty()) {
      const auto range = calibration_.ranges.find(node.outputs[0]);
      if (range != calibration_.ranges.end()) {
        row.min = range->second.min;
        row.max = range->second.max;
      }
      if (decision.integer && has_floats) {
        const Quantization quant = groups_.parameters(node.outputs[0]);
        row.scale = static_cast<double>(quant.scale[0]);
        row.zero_point = quant.zero_point[0];
      }
    }
    result_.layers.push_back(std::move(row));
  }

  const Graph& old_;
  const Subgraph& from_;
  const QuantizeOptions& options_;
  const std::vector<Decision>& decisions_;
  const Calibration& calibration_;
  DType dtype_;
  ScaleGroups groups_;
  std::vector<Place> places_;
  std::set<ValueId> outputs_;
  Subgraph to_;
  IntegerGraph result_;
};

}  // namespace

IntegerGraph make_integer(const Graph& graph, const QuantizeOptions& options,
                          const std::vector<Decision>& decisions, const Calibration& calibration) {
  return Rewriter(graph, options, decisions, calibration).run();
}

std::vector<ValueId> values_to_calibrate(const Graph& graph,
                                         const std::vector<Decision>& decisions) {
  const Subgraph& main = graph.main();
  std::set<ValueId> wanted;
  const auto want = [&](ValueId id) {
    const Value& value = main.value(id);
    if (is_float(value) && !value.is_constant && !value.is_variable) wanted.insert(id);
  };
  for (const ValueId id : main.inputs) want(id);
  for (const ValueId id : main.outputs) want(id);
  for (size_t n = 0; n < main.nodes.size(); ++n) {
    if (!decisions[n].integer) continue;
    const NodeView node(graph, main, main.nodes[n]);
    for (int i = 0; i < node.inputs(); ++i) {
      if (is_activation(node, i)) want(main.nodes[n].inputs[static_cast<size_t>(i)]);
    }
    for (const ValueId id : main.nodes[n].outputs) want(id);
  }
  return {wanted.begin(), wanted.end()};
}

}  // namespace mote::compress
