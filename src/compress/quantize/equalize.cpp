#include "compress/quantize/equalize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "compress/quantize/decide.h"

namespace mote::compress {
namespace {

// Rounds of the whole list: a scale that moves through one layer changes the next pair's ranges.
constexpr int kRounds = 3;
// Factors stay within these: beyond them only rounding would be lost.
constexpr float kLargestFactor = 64.0f;

// The axis of the weights that runs over what the layer reads; -1 if it does not read channels one
// by one.
int input_axis(const Node& node, const Shape& weights) {
  const int axis = node.op->quant.weights_axis;
  if (axis == 0 && weights.rank() == 4) return 3;
  if (axis == 0 && weights.rank() == 2) return 1;
  if (axis == 3 && weights.rank() == 4) return 3;  // depthwise: one channel in, one out
  return -1;
}

struct Layer {
  size_t node;
  ValueId weights, bias;  // bias: kNoValue if there is none
};

class Equalizer {
 public:
  explicit Equalizer(Graph& graph) : graph_(graph), main_(graph.main()), uses_(uses_of(main_)) {}

  int run() {
    int pairs = 0;
    for (int round = 0; round < kRounds; ++round) {
      pairs = 0;
      for (size_t n = 0; n < main_.nodes.size(); ++n) pairs += equalize(n);
    }
    return pairs;
  }

 private:
  bool owned_constant(ValueId id) const {
    const Value& value = main_.value(id);
    return value.is_constant && value.type.dtype == DType::f32 &&
           uses_.readers[static_cast<size_t>(id)] == 1;
  }

  bool is_layer(size_t n, Layer* layer) const {
    const Node& node = main_.nodes[n];
    const QuantRule& rule = node.op->quant;
    const NodeView view(graph_, main_, node);
    if (rule.weights < 0 || rule.weights_axis < 0 || !view.has(rule.weights)) return false;
    layer->node = n;
    layer->weights = node.inputs[static_cast<size_t>(rule.weights)];
    layer->bias = view.has(rule.bias) ? node.inputs[static_cast<size_t>(rule.bias)] : kNoValue;
    return owned_constant(layer->weights) &&
           (layer->bias == kNoValue || owned_constant(layer->bias));
  }

  static bool keeps_scale(const Node& node) {
    if (!node.op->has(kFusedActivation)) return true;
    const auto activation = std::get<Enumerator>(node.attrs.get("activation")).value;
    return activation == static_cast<int32_t>(Activation::none) ||
           activation == static_cast<int32_t>(Activation::relu);
  }

  // Largest magnitude in each index of the axis.
  std::vector<float> largest(ValueId id, int axis) const {
    const Shape& shape = main_.value(id).type.shape;
    const auto data = main_.value(id).data.as<float>();
    const auto inner = static_cast<size_t>(shape.elements(axis + 1, shape.rank()));
    std::vector<float> top(static_cast<size_t>(shape[axis]), 0.0f);
    for (size_t i = 0; i < data.size(); ++i) {
      float& t = top[i / inner % top.size()];
      t = std::max(t, std::fabs(data[i]));
    }
    return top;
  }

  void multiply(ValueId id, int axis, const std::vector<float>& factor) {
    Value& value = main_.value(id);
    const auto inner =
        static_cast<size_t>(value.type.shape.elements(axis + 1, value.type.shape.rank()));
    const auto data = value.data.as<float>();
    auto [buffer, bytes] = Buffer::allocate(data.size() * sizeof(float));
    for (size_t i = 0; i < data.size(); ++i) {
      const float product = data[i] * factor[i / inner % factor.size()];
      std::memcpy(bytes + i * sizeof product, &product, sizeof product);
    }
    value.data = buffer;
  }

  int equalize(size_t n) {
    Layer first{}, second{};
    if (!is_layer(n, &first) || !keeps_scale(main_.nodes[n])) return 0;
    const ValueId between = main_.nodes[n].outputs[0];
    if (uses_.readers[static_cast<size_t>(between)] != 1) return 0;
    const auto reader = std::find_if(main_.nodes.begin(), main_.nodes.end(), [&](const Node& node) {
      return std::find(node.inputs.begin(), node.inputs.end(), between) != node.inputs.end();
    });
    if (reader == main_.nodes.end()) return 0;
    if (!is_layer(static_cast<size_t>(reader - main_.nodes.begin()), &second)) return 0;
    if (!is_activation(
            NodeView(graph_, main_, *reader),
            static_cast<int>(std::find(reader->inputs.begin(), reader->inputs.end(), between) -
                             reader->inputs.begin()))) {
      return 0;
    }
    const int out_axis = main_.nodes[n].op->quant.weights_axis;
    const int in_axis = input_axis(*reader, main_.value(second.weights).type.shape);
    if (in_axis < 0) return 0;
    const std::vector<float> r1 = largest(first.weights, out_axis);
    const std::vector<float> r2 = largest(second.weights, in_axis);
    const Shape& shape = main_.value(between).type.shape;
    if (r1.size() != r2.size() || shape.rank() == 0 ||
        shape.back() != static_cast<int64_t>(r1.size())) {
      return 0;
    }
    std::vector<float> up(r1.size(), 1.0f), down(r1.size(), 1.0f);
    for (size_t c = 0; c < r1.size(); ++c) {
      if (!(r1[c] > 0) || !(r2[c] > 0)) continue;
      // After it both have the range sqrt(r1 * r2). A power of two changes no bit of a weight.
      const float exact = std::sqrt(r1[c] / r2[c]);
      const float s =
          std::clamp(std::exp2(std::round(std::log2(exact))), 1 / kLargestFactor, kLargestFactor);
      up[c] = s;
      down[c] = 1 / s;
    }
    multiply(first.weights, out_axis, down);
    if (first.bias != kNoValue) multiply(first.bias, 0, down);
    multiply(second.weights, in_axis, up);
    return 1;
  }

  Graph& graph_;
  Subgraph& main_;
  Uses uses_;
};

}  // namespace

int equalize_layers(Graph& graph) { return Equalizer(graph).run(); }

}  // namespace mote::compress
