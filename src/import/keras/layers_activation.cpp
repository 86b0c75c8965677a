// Activation layers.
#include "import/keras/activations.h"
#include "import/keras/importers.h"

namespace mote::keras {
namespace {

Arg activation(Call& c) { return Arg(activate(c, c.config["activation"], c.input())); }

Arg relu_layer(Call& c) {
  return Arg(relu(c.b, c.input(), c.config.number("negative_slope", 0),
                  c.config.number("max_value", -1), c.config.number("threshold", 0)));
}

Arg leaky_relu(Call& c) {
  // Keras 2 called the slope alpha; its ancestors saved it as a NumPy value.
  const Config& alpha = c.config["alpha"];
  double slope = c.config.number("negative_slope", 0.3);
  if (alpha.is_number()) slope = alpha.as_number("alpha");
  if (alpha.is_object()) slope = alpha.number("value");
  return Arg(c.b.op("leaky_relu", {c.input()}, {{"alpha", static_cast<float>(slope)}}));
}

void prelu_slots(Layer& layer) { add_slot(layer, "alpha", "vars/0"); }
Arg prelu(Call& c) { return Arg(c.b.binary("prelu", c.input(), c.weight("alpha"))); }

Arg elu_layer(Call& c) {
  const Config& alpha = c.config["alpha"];
  return Arg(
      elu(c.b, c.input(), alpha.is_object() ? alpha.number("value") : c.config.number("alpha", 1)));
}

Arg thresholded_relu(Call& c) {
  return Arg(threshold(c.b, c.input(), c.config.number("theta", 1), 0));
}

// Positions where the mask is false take no part.
Arg softmax(Call& c) {
  ValueId x = c.input();
  const Tensor mask = c.optional_tensor(1, "mask");
  if (mask.id != kNoValue) {
    const ValueId hidden = c.b.sub(c.b.scalar(1), c.b.cast(mask.id, DType::f32));
    x = c.b.add(x, c.b.mul(hidden, c.b.scalar(-3.4028235e38f)));
  }
  const Config& axis = c.config["axis"];
  if (axis.is_list() && axis.items().size() != 1) {
    // exp(x - log sum exp x) over several axes.
    std::vector<int> axes;
    for (const int64_t a : axis.as_integers("axis")) axes.push_back(static_cast<int>(a));
    const ValueId shifted = c.b.sub(x, c.b.reduce("reduce_max", x, axes, true));
    const ValueId e = c.b.unary("exp", shifted);
    return Arg(c.b.div(e, c.b.reduce("sum", e, axes, true)));
  }
  const int64_t single =
      axis.is_list() ? axis.as_integers("axis")[0] : c.config.integer("axis", -1);
  return Arg(c.b.softmax(x, static_cast<int>(single)));
}

constexpr Importer kTable[] = {
    {"Activation", activation, nullptr, nullptr, true},
    {"ReLU", relu_layer, nullptr, nullptr, true},
    {"LeakyReLU", leaky_relu, nullptr, nullptr, true},
    {"PReLU", prelu, prelu_slots, nullptr, true},
    {"ELU", elu_layer, nullptr, nullptr, true},
    {"ThresholdedReLU", thresholded_relu, nullptr, nullptr, true},
    {"Softmax", softmax, nullptr, nullptr, true},
};

}  // namespace

std::span<const Importer> activation_layers() { return kTable; }

}  // namespace mote::keras
