#include "import/keras/activations.h"

#include <cmath>
#include <limits>
#include <numeric>

namespace mote::keras {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// -log(1 + exp(-|x|)), which never overflows: the logarithm of a number between 1/2 and 1.
ValueId log_tail(GraphBuilder& b, ValueId x) {
  return b.unary("log", b.unary("logistic", b.unary("abs", x)));
}

ValueId softplus(GraphBuilder& b, ValueId x) { return b.sub(b.unary("relu", x), log_tail(b, x)); }
ValueId log_sigmoid(GraphBuilder& b, ValueId x) {
  return b.add(b.binary("minimum", x, b.scalar(0)), log_tail(b, x));
}
ValueId silu(GraphBuilder& b, ValueId x) { return b.mul(x, b.unary("logistic", x)); }
ValueId mish(GraphBuilder& b, ValueId x) { return b.mul(x, b.unary("tanh", softplus(b, x))); }

ValueId selu(GraphBuilder& b, ValueId x) {
  constexpr double kScale = 1.0507009873554805, kAlpha = 1.6732632423543772;
  const ValueId negative = b.unary("elu", b.binary("minimum", x, b.scalar(0)));
  return b.add(b.mul(b.unary("relu", x), b.scalar(static_cast<float>(kScale))),
               b.mul(negative, b.scalar(static_cast<float>(kScale * kAlpha))));
}

ValueId hard_sigmoid(GraphBuilder& b, ValueId x, bool keras2) {
  if (keras2) {
    return clip(b, b.add(b.mul(x, b.scalar(0.2f)), b.scalar(0.5f)), 0, 1);
  }
  return b.mul(b.unary("relu6", b.add(x, b.scalar(3))), b.scalar(1.0f / 6));
}

ValueId sparse_plus(GraphBuilder& b, ValueId x) {
  const ValueId middle = clip(b, b.add(x, b.scalar(1)), 0, 2);
  const ValueId right = b.unary("relu", b.sub(x, b.scalar(1)));
  return b.add(b.mul(b.unary("square", middle), b.scalar(0.25f)), right);
}

ValueId sparse_sigmoid(GraphBuilder& b, ValueId x) {
  return clip(b, b.mul(b.add(x, b.scalar(1)), b.scalar(0.5f)), 0, 1);
}

ValueId softsign(GraphBuilder& b, ValueId x) {
  return b.div(x, b.add(b.unary("abs", x), b.scalar(1)));
}

using Function = ValueId (*)(GraphBuilder&, ValueId);

struct Named {
  std::string_view name;
  Function apply;
};
constexpr Named kFunctions[] = {
    {"linear", [](GraphBuilder&, ValueId x) { return x; }},
    {"relu", [](GraphBuilder& b, ValueId x) { return b.unary("relu", x); }},
    {"relu6", [](GraphBuilder& b, ValueId x) { return b.unary("relu6", x); }},
    {"leaky_relu",
     [](GraphBuilder& b, ValueId x) {
       return b.op("leaky_relu", {x}, {{"alpha", 0.2f}});
     }},
    {"elu", [](GraphBuilder& b, ValueId x) { return b.unary("elu", x); }},
    {"selu", selu},
    {"celu", [](GraphBuilder& b, ValueId x) { return celu(b, x, 1); }},
    {"gelu",
     [](GraphBuilder& b, ValueId x) {
       return b.op("gelu", {x}, {{"approximate", false}});
     }},
    {"silu", silu},
    {"swish", silu},
    {"sigmoid", [](GraphBuilder& b, ValueId x) { return b.unary("logistic", x); }},
    {"tanh", [](GraphBuilder& b, ValueId x) { return b.unary("tanh", x); }},
    {"hard_silu", [](GraphBuilder& b, ValueId x) { return b.unary("hard_swish", x); }},
    {"hard_swish", [](GraphBuilder& b, ValueId x) { return b.unary("hard_swish", x); }},
    {"softmax", [](GraphBuilder& b, ValueId x) { return b.softmax(x); }},
    {"log_softmax", [](GraphBuilder& b, ValueId x) { return log_softmax(b, x, -1); }},
    {"softplus", softplus},
    {"softsign", softsign},
    {"soft_sign", softsign},
    {"log_sigmoid", log_sigmoid},
    {"mish", mish},
    {"exponential", [](GraphBuilder& b, ValueId x) { return b.unary("exp", x); }},
    {"glu", [](GraphBuilder& b, ValueId x) { return glu(b, x, -1); }},
    {"tanh_shrink", [](GraphBuilder& b, ValueId x) { return b.sub(x, b.unary("tanh", x)); }},
    {"hard_tanh", [](GraphBuilder& b, ValueId x) { return clip(b, x, -1, 1); }},
    {"hard_shrink", [](GraphBuilder& b, ValueId x) { return hard_shrink(b, x, 0.5); }},
    {"soft_shrink", [](GraphBuilder& b, ValueId x) { return soft_shrink(b, x, 0.5); }},
    {"squareplus", [](GraphBuilder& b, ValueId x) { return squareplus(b, x, 4); }},
    {"sparse_plus", sparse_plus},
    {"sparse_sigmoid", sparse_sigmoid},
    {"sparsemax", [](GraphBuilder& b, ValueId x) { return sparsemax(b, x, -1); }},
};

}  // namespace

ValueId clip(GraphBuilder& b, ValueId x, double low, double high) {
  if (low == 0 && high == 6) return b.unary("relu6", x);
  if (low == -1 && high == 1) return b.unary("relu_n1_to_1", x);
  if (low == 0) {
    x = b.unary("relu", x);
  } else if (low > -kInfinity) {
    x = b.binary("maximum", x, b.scalar_like(x, low));
  }
  return high < kInfinity ? b.binary("minimum", x, b.scalar_like(x, high)) : x;
}

ValueId relu(GraphBuilder& b, ValueId x, double negative_slope, double max_value,
             double threshold_value) {
  const bool bounded = max_value >= 0;
  const auto slope = static_cast<float>(negative_slope);
  if (threshold_value == 0) {
    if (negative_slope == 0) return bounded ? clip(b, x, 0, max_value) : b.unary("relu", x);
    const ValueId y = b.op("leaky_relu", {x}, {{"alpha", slope}});
    return bounded ? b.binary("minimum", y, b.scalar(static_cast<float>(max_value))) : y;
  }
  ValueId y = threshold(b, x, threshold_value, 0);
  if (bounded) y = b.binary("minimum", y, b.scalar(static_cast<float>(max_value)));
  if (negative_slope == 0) return y;
  const ValueId below = b.unary("relu", b.sub(b.scalar(static_cast<float>(threshold_value)), x));
  return b.sub(y, b.mul(below, b.scalar(slope)));
}

ValueId elu(GraphBuilder& b, ValueId x, double alpha) {
  if (alpha == 1) return b.unary("elu", x);
  const ValueId negative = b.unary("elu", b.binary("minimum", x, b.scalar(0)));
  return b.add(b.unary("relu", x), b.mul(negative, b.scalar(static_cast<float>(alpha))));
}

ValueId celu(GraphBuilder& b, ValueId x, double alpha) {
  if (alpha == 1) return b.unary("elu", x);
  const auto a = static_cast<float>(alpha);
  const ValueId low = b.mul(b.binary("minimum", x, b.scalar(0)), b.scalar(1 / a));
  return b.add(b.unary("relu", x), b.mul(b.unary("elu", low), b.scalar(a)));
}

ValueId glu(GraphBuilder& b, ValueId x, int axis) {
  const std::vector<ValueId> halves = b.split(x, axis, 2);
  return b.mul(halves[0], b.unary("logistic", halves[1]));
}

ValueId soft_shrink(GraphBuilder& b, ValueId x, double threshold_value) {
  return b.sub(x, clip(b, x, -threshold_value, threshold_value));
}

ValueId hard_shrink(GraphBuilder& b, ValueId x, double threshold_value) {
  const ValueId large =
      b.binary("greater", b.unary("abs", x), b.scalar(static_cast<float>(threshold_value)));
  return b.select(large, x, b.scalar(0));
}

ValueId threshold(GraphBuilder& b, ValueId x, double threshold_value, double otherwise) {
  const ValueId above = b.binary("greater", x, b.scalar(static_cast<float>(threshold_value)));
  return b.select(above, x, b.scalar(static_cast<float>(otherwise)));
}

ValueId squareplus(GraphBuilder& b, ValueId x, double beta) {
  const ValueId root =
      b.unary("sqrt", b.add(b.unary("square", x), b.scalar(static_cast<float>(beta))));
  return b.mul(b.add(x, root), b.scalar(0.5f));
}

ValueId log_softmax(GraphBuilder& b, ValueId x, int axis) {
  const int rank = b.rank(x);
  if (axis < 0) axis += rank;
  if (axis == rank - 1) return b.unary("log_softmax", x);
  std::vector<int> perm(static_cast<size_t>(rank));
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm.at(static_cast<size_t>(axis)), perm.back());
  return b.transpose(b.unary("log_softmax", b.transpose(x, perm)), perm);
}

// Sorted values z_1 >= z_2 >= ... with running sums s_k; the support is where 1 + k z_k > s_k. As
// Keras has it, the threshold comes from the sum of the supported running sums, where the
// projection onto the simplex would take the supported values.
ValueId sparsemax(GraphBuilder& b, ValueId x, int axis) {
  const int rank = b.rank(x);
  if (axis < 0) axis += rank;
  const int64_t count = b.shape(x)[axis];
  if (axis != rank - 1 || count == kDynamic) {
    fail_unsupported("sparsemax along an axis other than the last");
  }
  const ValueId sorted =
      b.add_node("topk_v2", {x, b.scalar_int(static_cast<int32_t>(count))}, {}, 2)[0];
  const ValueId sums = b.op("cumsum", {sorted, b.scalar_int(rank - 1)});
  std::vector<float> ranks(static_cast<size_t>(count));
  std::iota(ranks.begin(), ranks.end(), 1.0f);
  const ValueId supported =
      b.binary("greater", b.add(b.mul(sorted, b.floats(ranks)), b.scalar(1)), sums);
  const ValueId weight = b.cast(supported, DType::f32);
  const ValueId total = b.reduce("sum", b.mul(sums, weight), {-1}, true);
  const ValueId size = b.reduce("sum", weight, {-1}, true);
  const ValueId tau = b.div(b.sub(total, b.scalar(1)), size);
  return b.unary("relu", b.sub(x, tau));
}

ValueId activate(GraphBuilder& b, std::string_view name, ValueId x, bool keras2) {
  if (name == "hard_sigmoid") return hard_sigmoid(b, x, keras2);
  for (const Named& function : kFunctions) {
    if (function.name == name) return function.apply(b, x);
  }
  fail_unsupported("activation '{}' is not one of Keras's own", name);
}

std::string activation_name(const Config& activation) {
  if (activation.is_null()) return "linear";
  if (activation.is_string()) return activation.as_text("activation");
  if (activation.is_object() && activation["config"].is_string()) {
    const std::string module = activation.text("module", "");
    const std::string registered = activation.text("registered_name", "");
    const std::string name = activation["config"].as_text("activation");
    const bool own = module.starts_with("keras") || module.empty() ||
                     (module == "builtins" && registered == "function");
    if (own) return name;
    fail_unsupported(
        "activation '{}' is a custom function: its meaning is Python code outside the "
        "file",
        name);
  }
  return "";
}

ValueId activate(Call& call, const Config& activation, ValueId x) {
  const std::string name = activation_name(activation);
  if (!name.empty()) return activate(call.b, name, x, call.layer.keras2);
  const std::unique_ptr<Layer> layer = build_layer(activation);
  layer->keras2 = call.layer.keras2;
  if (layer->importer == nullptr || layer->importer->slots != nullptr) {
    fail_unsupported("activation of class {}", layer->class_name);
  }
  Call inner(*layer, call.b, {Arg(x)}, {});
  return tensors_of(layer->importer->emit(inner)).at(0).id;
}

}  // namespace mote::keras
