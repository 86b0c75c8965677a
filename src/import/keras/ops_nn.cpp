// keras.ops: activations and other functions of neural networks.
#include <algorithm>

#include "import/keras/activations.h"
#include "import/keras/operands.h"

namespace mote::keras {
namespace {

template <Name function>
Arg activation(Call& c) {
  return Arg(activate(c.b, function.text, as_float(c.b, operand(c, 0, "x")), false));
}

double number(const Call& c, std::string_view name, double otherwise) {
  const Config value = parameter(c, name, 1);
  return value.is_null() ? otherwise : value.as_number(name);
}

ValueId x_of(Call& c) { return as_float(c.b, operand(c, 0, "x")); }

int axis_of(Call& c, ValueId x) { return axis_parameter(c, c.b.rank(x), -1); }

Arg leaky_relu(Call& c) {
  const auto slope = static_cast<float>(number(c, "negative_slope", 0.2));
  return Arg(c.b.op("leaky_relu", {x_of(c)}, {{"alpha", slope}}));
}
Arg gelu(Call& c) {
  const Config approximate = parameter(c, "approximate", 1);
  return Arg(
      c.b.op("gelu", {x_of(c)},
             {{"approximate", approximate.is_null() || approximate.as_flag("approximate")}}));
}
Arg elu_op(Call& c) { return Arg(elu(c.b, x_of(c), number(c, "alpha", 1))); }
Arg celu_op(Call& c) { return Arg(celu(c.b, x_of(c), number(c, "alpha", 1))); }
Arg softmax(Call& c) {
  const ValueId x = x_of(c);
  return Arg(c.b.softmax(x, axis_of(c, x)));
}
Arg log_softmax_op(Call& c) {
  const ValueId x = x_of(c);
  return Arg(log_softmax(c.b, x, axis_of(c, x)));
}
Arg sparsemax_op(Call& c) {
  const ValueId x = x_of(c);
  return Arg(sparsemax(c.b, x, axis_of(c, x)));
}
Arg glu_op(Call& c) {
  const ValueId x = x_of(c);
  return Arg(glu(c.b, x, axis_of(c, x)));
}
Arg soft_shrink_op(Call& c) { return Arg(soft_shrink(c.b, x_of(c), number(c, "threshold", 0.5))); }
Arg hard_shrink_op(Call& c) { return Arg(hard_shrink(c.b, x_of(c), number(c, "threshold", 0.5))); }
Arg squareplus_op(Call& c) { return Arg(squareplus(c.b, x_of(c), number(c, "b", 4))); }
Arg threshold_op(Call& c) {
  const Config otherwise = parameter(c, "default_value", 2);
  const Config limit = parameter(c, "threshold_value", 1);
  return Arg(threshold(c.b, x_of(c),
                       limit.is_null() ? number(c, "threshold", 0) : limit.as_number("threshold"),
                       otherwise.as_number("default_value")));
}

Arg one_hot(Call& c) {
  const ValueId ids = c.b.cast(operand(c, 0, "x"), DType::i32);
  const int64_t count = parameter(c, "num_classes", 1).as_integer("num_classes");
  const Config given = parameter(c, "axis", 2);
  const int64_t axis = given.is_null() ? -1 : given.as_integer("axis");
  if (count < 1 || count > 1 << 20) fail_user("{} classes", count);
  return Arg(c.b.op(
      "one_hot", {ids, c.b.scalar_int(static_cast<int32_t>(count)), c.b.scalar(1), c.b.scalar(0)},
      {{"axis", static_cast<int32_t>(axis)}}));
}

// x / |x| along an axis.
Arg normalize(Call& c) {
  const ValueId x = x_of(c);
  const Config order = parameter(c, "order");
  if (order.is_number() && order.as_number("order") != 2) {
    fail_unsupported("normalization of order {}", order.as_number("order"));
  }
  const int axis = axis_of(c, x);
  if (axis == c.b.rank(x) - 1) return Arg(c.b.unary("l2_normalization", x));
  const ValueId squares = c.b.reduce("sum", c.b.unary("square", x), {axis}, true);
  return Arg(c.b.mul(x, c.b.binary("minimum", c.b.unary("rsqrt", squares), c.b.scalar(1e12f))));
}

constexpr Operation kTable[] = {
    {"Relu", activation<"relu">},
    {"Relu6", activation<"relu6">},
    {"Sigmoid", activation<"sigmoid">},
    {"SparseSigmoid", activation<"sparse_sigmoid">},
    {"Softplus", activation<"softplus">},
    {"Softsign", activation<"softsign">},
    {"SparsePlus", activation<"sparse_plus">},
    {"Silu", activation<"silu">},
    {"LogSigmoid", activation<"log_sigmoid">},
    {"HardSigmoid", activation<"hard_sigmoid">},
    {"HardSilu", activation<"hard_silu">},
    {"Selu", activation<"selu">},
    {"TanhShrink", activation<"tanh_shrink">},
    {"HardTanh", activation<"hard_tanh">},
    {"LeakyRelu", leaky_relu},
    {"Gelu", gelu},
    {"Elu", elu_op},
    {"Celu", celu_op},
    {"Glu", glu_op},
    {"SoftShrink", soft_shrink_op},
    {"HardShrink", hard_shrink_op},
    {"Squareplus", squareplus_op},
    {"Threshold", threshold_op},
    {"Softmax", softmax},
    {"LogSoftmax", log_softmax_op},
    {"Sparsemax", sparsemax_op},
    {"OneHot", one_hot},
    {"Normalize", normalize},
};

}  // namespace

std::span<const Operation> nn_operations() { return kTable; }

}  // namespace mote::keras
