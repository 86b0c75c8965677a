// The loop that is looked for, with its values t, x [batch, steps, 3 units] (projected), h [batch,
// units], and perhaps y [batch, steps, units]:
//
//   while (t < steps) {
//     (x_z, x_r, x_n) = split(x[:, t]);  (h_z, h_r, h_n) = split(W h + bias)
//     n = tanh(x_n + logistic(x_r + h_r) h_n)
//     h = n + logistic(x_z + h_z) (h - n);  y[:, t] = h;  t = t + 1
//   }
//
// Sums and products are taken in either order.
#include "ops/while_gru.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>

#include "base/half.h"
#include "kernels/gru/families.h"
#include "kernels/gru/gru.h"
#include "ops/binary.h"
#include "ops/control_flow.h"
#include "ops/fully_connected.h"
#include "ops/gather.h"
#include "ops/split.h"

namespace mote::ops {
namespace {

using Pair = std::array<ValueId, 2>;

// Reads the body backwards.
class Body {
 public:
  Body(const Graph& graph, const Subgraph& body) : graph_(graph), body_(body) {
    maker_.resize(body.values.size(), nullptr);
    for (const Node& node : body.nodes) {
      for (const ValueId id : node.outputs) maker_[static_cast<size_t>(id)] = &node;
    }
  }

  const Subgraph& subgraph() const { return body_; }
  ValueId input(size_t i) const { return body_.inputs[i]; }
  ValueId output(size_t i) const { return body_.outputs[i]; }

  // The node that makes `id`, if it is a `name` of `inputs` inputs.
  const Node* made_by(ValueId id, std::string_view name, size_t inputs) const {
    const Node* node = id == kNoValue ? nullptr : maker_[static_cast<size_t>(id)];
    return node && name == node->op->name && node->inputs.size() == inputs ? node : nullptr;
  }
  NodeView view(const Node& node) const { return {graph_, body_, node}; }

  // x where id = name(x).
  ValueId operand(ValueId id, std::string_view name) const {
    const Node* node = made_by(id, name, 1);
    return node ? node->inputs[0] : kNoValue;
  }
  // (a, b) where id = a name b without an activation.
  std::optional<Pair> operands(ValueId id, std::string_view name) const {
    const Node* node = made_by(id, name, 2);
    if (!node) return std::nullopt;
    const Activation fused = name == "mul" ? node->attrs.as<ActivationAttrs>().activation
                                           : node->attrs.as<AddAttrs>().activation;
    if (fused != Activation::none) return std::nullopt;
    return Pair{node->inputs[0], node->inputs[1]};
  }
  // The same, in the order that `fits`.
  bool either_order(ValueId id, std::string_view name,
                    const std::function<bool(ValueId, ValueId)>& fits) const {
    const auto both = operands(id, name);
    return both && (fits((*both)[0], (*both)[1]) || fits((*both)[1], (*both)[0]));
  }
  // Output `piece` of a split in three along the last axis of a value.
  ValueId third(ValueId id, size_t piece) const {
    const Node* node = made_by(id, "split", 2);
    if (!node || node->outputs.size() != 3 || node->outputs[piece] != id) return kNoValue;
    const auto axis = view(*node).constant_ints(0);
    const int rank = body_.value(node->inputs[1]).type.shape.rank();
    if (!axis || axis->size() != 1 || ((*axis)[0] != rank - 1 && (*axis)[0] != -1)) return kNoValue;
    return node->inputs[1];
  }
  bool is_int(ValueId id, int64_t wanted) const {
    const Value& value = body_.value(id);
    if (!value.is_constant || value.type.shape.elements() != 1) return false;
    return value.type.dtype == DType::i32 && value.data.as<int32_t>()[0] == wanted;
  }

 private:
  const Graph& graph_;
  const Subgraph& body_;
  std::vector<const Node*> maker_;
};

// Positions among the loop's values: t, x, then the state.
constexpr size_t kTime = 0, kSequence = 1, kState = 2, kOutputs = 3;

struct Found {
  ValueId x = kNoValue;       // x[:, t]
  ValueId h_sums = kNoValue;  // W h + bias
};

// id = x_i + h_i for the i-th thirds of the two products; `found` starts empty and stays the same.
bool is_sum_of_thirds(const Body& body, ValueId id, size_t i, Found* found) {
  return body.either_order(id, "add", [&](ValueId a, ValueId b) {
    const Found now{body.third(a, i), body.third(b, i)};
    if (now.x == kNoValue || now.h_sums == kNoValue) return false;
    // Either may be x: which is which the gather says.
    if (!body.made_by(now.x, "gather", 2)) return false;
    if (found->x == kNoValue) *found = now;
    return now.x == found->x && now.h_sums == found->h_sums;
  });
}

bool is_candidate(const Body& body, ValueId id, Found* found) {
  const ValueId inside = body.operand(id, "tanh");
  if (inside == kNoValue) return false;
  return body.either_order(inside, "add", [&](ValueId x_n, ValueId product) {
    if (body.third(x_n, 2) != found->x) return false;
    return body.either_order(product, "mul", [&](ValueId gate, ValueId h_n) {
      return body.third(h_n, 2) == found->h_sums &&
             is_sum_of_thirds(body, body.operand(gate, "logistic"), 1, found);
    });
  });
}

// h' = n + z (h - n)
bool is_gru(const Body& body, ValueId next, ValueId h, Found* found) {
  return body.either_order(next, "add", [&](ValueId n, ValueId change) {
    return body.either_order(change, "mul", [&](ValueId z, ValueId difference) {
      const auto apart = body.operands(difference, "sub");
      if (!apart || (*apart)[0] != h || (*apart)[1] != n) return false;
      *found = {};
      return is_sum_of_thirds(body, body.operand(z, "logistic"), 0, found) &&
             is_candidate(body, n, found);
    });
  });
}

bool takes_step(const Body& body, ValueId gathered) {
  const Node* node = body.made_by(gathered, "gather", 2);
  if (!node || node->inputs[0] != body.input(kSequence) || node->inputs[1] != body.input(kTime)) {
    return false;
  }
  const auto& a = node->attrs.as<GatherAttrs>();
  return a.axis == 1 && a.batch_dims == 0;
}

// y' = y with h' at [:, t].
bool writes_step(const Body& body, ValueId written, ValueId h) {
  const Node* node = body.made_by(written, "dynamic_update_slice", 3);
  if (!node || node->inputs[0] != body.input(kOutputs)) return false;
  const Node* expand = body.made_by(node->inputs[1], "expand_dims", 2);
  if (!expand) expand = body.made_by(node->inputs[1], "reshape", 2);
  const Node* where = body.made_by(node->inputs[2], "pack", 3);
  return expand && expand->inputs[0] == h && where && body.is_int(where->inputs[0], 0) &&
         where->inputs[1] == body.input(kTime) && body.is_int(where->inputs[2], 0);
}

// t < steps, with as many steps as x has.
bool runs_to_the_end(const Graph& graph, const Subgraph& cond, int64_t steps) {
  const Body body(graph, cond);
  const Node* less = body.made_by(cond.outputs[0], "less", 2);
  return less && less->inputs[0] == body.input(kTime) && body.is_int(less->inputs[1], steps);
}

bool starts_at_zero(const NodeView& c) {
  const auto t = c.constant_ints(0);
  return t && t->size() == 1 && (*t)[0] == 0;
}

std::vector<float> floats_of(const Value& value) {
  if (value.type.dtype == DType::f16) {
    const std::span<const uint16_t> halves = value.data.as<uint16_t>();
    std::vector<float> all(halves.size());
    std::transform(halves.begin(), halves.end(), all.begin(), half_to_float);
    return all;
  }
  const std::span<const float> all = value.data.as<float>();
  return {all.begin(), all.end()};
}

// The constant that `id` is, as it is stored or as halves that are widened; null if it is none.
const Value* constant_of(const Body& body, ValueId id) {
  const Value* value = &body.subgraph().value(id);
  if (value->is_constant) return value;
  const ValueId stored = body.operand(id, "dequantize");
  if (stored == kNoValue) return nullptr;
  value = &body.subgraph().value(stored);
  return value->is_constant && value->type.dtype == DType::f16 ? value : nullptr;
}

bool is_float(const Value& value) {
  return value.type.dtype == DType::f32 || value.type.dtype == DType::f16;
}

// h_sums = W h + bias with constant W and bias; null weights if it is something else.
struct Product {
  const Value* weights = nullptr;
  const Value* bias = nullptr;  // may be absent
  bool asymmetric = false;
};

Product product_of(const Body& body, ValueId h_sums, ValueId h) {
  const Node* node = body.made_by(h_sums, "fully_connected", 3);
  if (!node) node = body.made_by(h_sums, "fully_connected", 2);
  if (!node || node->inputs[0] != h) return {};
  const auto& a = node->attrs.as<FullyConnectedAttrs>();
  Product product;
  product.asymmetric = a.asymmetric_quantize_inputs;
  if (node->inputs.size() == 3 && node->inputs[2] != kNoValue) {
    product.bias = constant_of(body, node->inputs[2]);
    if (!product.bias || !is_float(*product.bias)) return {};
  }
  if (a.activation != Activation::none || a.weights_format != WeightsFormat::plain) return {};
  product.weights = constant_of(body, node->inputs[1]);
  return product;
}

template <class Params>
Params common_params(const Shape& x, const Shape& h) {
  Params p = {};
  p.batch = x[0];
  p.steps = x[1];
  p.units = h[1];
  p.x_batch = x[1] * x[2];
  p.x_step = x[2];
  p.y_batch = x[1] * h[1];
  p.y_step = h[1];
  return p;
}

// The kernel's step; false if it does not take the weights.
bool lower_product(LowerContext& c, const Product& product, bool sequence) {
  const Shape& x = c.in(kSequence).shape;
  const Shape& h = c.in(kState).shape;
  if (!product.weights || !(product.weights->type.shape == Shape{3 * h[1], h[1]})) return false;
  const TensorType& type = product.weights->type;
  const Ref bias = product.bias ? c.constant(floats_of(*product.bias)) : Ref{};
  const std::vector<Ref> outputs = {c.out_ref(kState), sequence ? c.out_ref(kOutputs) : Ref{}};
  if (is_float(*product.weights)) {
    const std::vector<float> weights = floats_of(*product.weights);
    auto p = common_params<MoteGru>(x, h);
    p.half_weights = are_halves(weights);
    c.step(kernels::kGruF32, p,
           {c.in_ref(kSequence), c.constant(weights), {}, bias, c.in_ref(kState)}, outputs);
    return true;
  }
  if (type.dtype != DType::i8 || type.quant.empty() || type.zero_point() != 0) return false;
  const std::span<const int8_t> all = product.weights->data.as<int8_t>();
  const std::vector<int8_t> weights(all.begin(), all.end());
  if (std::find(weights.begin(), weights.end(), int8_t{-128}) != weights.end()) return false;
  auto p = common_params<MoteGruHybrid>(x, h);
  p.asymmetric = product.asymmetric;
  const std::vector<float> scales =
      type.quant.per_axis() ? type.quant.scale
                            : std::vector<float>(static_cast<size_t>(3 * h[1]), type.scale());
  if (static_cast<int64_t>(scales.size()) != 3 * h[1]) return false;
  c.step(kernels::kGruHybrid, p,
         {c.in_ref(kSequence), c.constant(weights), c.constant(scales), bias, c.in_ref(kState)},
         outputs);
  return true;
}

// Nothing else may read what the fused loop no longer makes; what passes through is the same.
bool passes_through(const Body& body, size_t i) { return body.output(i) == body.input(i); }

}  // namespace

bool lower_while_as_gru(LowerContext& c) {
  const auto& a = c.attrs<WhileAttrs>();
  const Graph& graph = c.graph();
  const Subgraph& inside = graph.subgraphs[static_cast<size_t>(a.body_subgraph_index)];
  const Subgraph& cond = graph.subgraphs[static_cast<size_t>(a.cond_subgraph_index)];
  const bool sequence = c.inputs() == 4;
  if ((c.inputs() != 3 && !sequence) || !starts_at_zero(c)) return false;
  const Shape& x = c.in(kSequence).shape;
  const Shape& h = c.in(kState).shape;
  if (x.rank() != 3 || h.rank() != 2 || !x.is_static() || !h.is_static() ||
      c.in(kSequence).dtype != DType::f32 || x[0] != h[0] || x[2] != 3 * h[1] || x[1] < 1) {
    return false;
  }
  const Body body(graph, inside);
  const ValueId next = body.output(kState);
  const auto time = body.operands(body.output(kTime), "add");
  Found found;
  if (!time || (*time)[0] != body.input(kTime) || !body.is_int((*time)[1], 1) ||
      !passes_through(body, kSequence) || !runs_to_the_end(graph, cond, x[1]) ||
      !is_gru(body, next, body.input(kState), &found) || !takes_step(body, found.x) ||
      (sequence && !writes_step(body, body.output(kOutputs), next))) {
    return false;
  }
  if (!lower_product(c, product_of(body, found.h_sums, body.input(kState)), sequence)) return false;
  c.copy(c.constant(DType::i32, c.in(kTime).shape,
                    Buffer::of(std::vector<int32_t>{static_cast<int32_t>(x[1])})),
         c.out_ref(kTime));
  c.view(c.in_ref(kSequence), c.out_ref(kSequence));
  return true;
}

}  // namespace mote::ops
