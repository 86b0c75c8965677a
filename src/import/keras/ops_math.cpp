// keras.ops: arithmetic, comparisons, reductions.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "import/keras/activations.h"
#include "import/keras/operands.h"

namespace mote::keras {
namespace {

template <Name op>
Arg unary(Call& c) {
  return Arg(c.b.unary(op.text, as_float(c.b, operand(c, 0, "x"))));
}
template <Name op>
Arg plain_unary(Call& c) {  // any type
  return Arg(c.b.unary(op.text, operand(c, 0, "x")));
}
template <Name op>
Arg binary(Call& c) {
  const auto [a, other] = operands(c);
  return Arg(c.b.binary(op.text, a, other));
}
template <Name op>
Arg float_binary(Call& c) {
  const auto [a, other] = operands(c);
  return Arg(c.b.binary(op.text, as_float(c.b, a), as_float(c.b, other)));
}
template <Name op>
Arg logical(Call& c) {
  const auto [a, other] = operands(c);
  return Arg(c.b.binary(op.text, c.b.cast(a, DType::boolean), c.b.cast(other, DType::boolean)));
}
template <Name op>
Arg reduction(Call& c) {
  const ValueId x = operand(c, 0, "x");
  return Arg(c.b.reduce(op.text, x, axes_parameter(c, c.b.rank(x)), keep_dims(c)));
}
template <Name op>
Arg truth(Call& c) {
  const ValueId x = c.b.cast(operand(c, 0, "x"), DType::boolean);
  return Arg(c.b.reduce(op.text, x, axes_parameter(c, c.b.rank(x)), keep_dims(c)));
}

Arg mean(Call& c) {
  const ValueId x = as_float(c.b, operand(c, 0, "x"));
  return Arg(c.b.reduce("mean", x, axes_parameter(c, c.b.rank(x)), keep_dims(c)));
}

ValueId variance_of(Call& c) {
  const ValueId x = as_float(c.b, operand(c, 0, "x"));
  const std::vector<int> axes = axes_parameter(c, c.b.rank(x));
  const ValueId centered = c.b.sub(x, c.b.reduce("mean", x, axes, true));
  return c.b.reduce("mean", c.b.unary("square", centered), axes, keep_dims(c));
}
Arg variance(Call& c) { return Arg(variance_of(c)); }
Arg deviation(Call& c) { return Arg(c.b.unary("sqrt", variance_of(c))); }

// log of the sum of exponentials, safe from overflow.
Arg logsumexp(Call& c) {
  GraphBuilder& b = c.b;
  const ValueId x = as_float(b, operand(c, 0, "x"));
  const std::vector<int> axes = axes_parameter(c, b.rank(x));
  const ValueId peak = b.reduce("reduce_max", x, axes, true);
  const ValueId sum = b.reduce("sum", b.unary("exp", b.sub(x, peak)), axes, true);
  ValueId y = b.add(b.unary("log", sum), peak);
  if (!keep_dims(c)) {
    std::vector<Extent> shape;
    for (int axis = 0; axis < b.rank(x); ++axis) {
      if (std::find(axes.begin(), axes.end(), axis) == axes.end())
        shape.push_back(b.extent(y, axis));
    }
    y = b.reshape(y, shape);
  }
  return Arg(y);
}

Arg norm(Call& c) {
  GraphBuilder& b = c.b;
  const ValueId x = as_float(b, operand(c, 0, "x"));
  const std::vector<int> axes = axes_parameter(c, b.rank(x));
  const Config order = parameter(c, "ord");
  const double p = order.is_number() ? order.as_number("ord") : 2;
  if (!order.is_null() && !order.is_number())
    fail_unsupported("norm of order {}", order.as_text("ord"));
  if (p == 1) return Arg(b.reduce("sum", b.unary("abs", x), axes, keep_dims(c)));
  if (p != 2 || (order.is_number() && axes.size() > 1)) fail_unsupported("norm of order {}", p);
  return Arg(b.unary("sqrt", b.reduce("sum", b.unary("square", x), axes, keep_dims(c))));
}

template <Name op>
Arg extreme_index(Call& c) {
  GraphBuilder& b = c.b;
  ValueId x = operand(c, 0, "x");
  if (parameter(c, "axis", 1).is_null()) x = b.reshape(x, {Extent(kDynamic)});
  const int axis = axis_parameter(c, b.rank(x), 0);
  const ValueId y = b.op(op.text, {x, b.scalar_int(axis)}, {{"output_type", DType::i32}});
  return Arg(keep_dims(c) ? b.expand(y, axis) : y);
}

Arg clip_op(Call& c) {
  const ValueId x = operand(c, 0, "x");
  return Arg(clip(c.b, x, parameter(c, "x_min", 1).as_number("x_min"),
                  parameter(c, "x_max", 2).as_number("x_max")));
}

Arg power(Call& c) {
  const auto [a, other] = operands(c);
  const Config exponent = parameter(c, "x2", 1);
  if (exponent.is_number() && exponent.as_number("x2") == 2) {
    return Arg(c.b.mul(a, a));
  }
  return Arg(c.b.binary("pow", a, other));
}

Arg reciprocal(Call& c) { return Arg(c.b.div(c.b.scalar(1), as_float(c.b, operand(c, 0, "x")))); }
Arg negative(Call& c) { return Arg(c.b.unary("neg", operand(c, 0, "x"))); }

Arg scaled_log(Call& c, double base) {
  const ValueId y = c.b.unary("log", as_float(c.b, operand(c, 0, "x")));
  return Arg(c.b.mul(y, c.b.scalar(static_cast<float>(1 / std::log(base)))));
}
Arg log2(Call& c) { return scaled_log(c, 2); }
Arg log10(Call& c) { return scaled_log(c, 10); }
Arg log1p(Call& c) {
  return Arg(c.b.unary("log", c.b.add(as_float(c.b, operand(c, 0, "x")), c.b.scalar(1))));
}
Arg expm1(Call& c) {
  return Arg(c.b.sub(c.b.unary("exp", as_float(c.b, operand(c, 0, "x"))), c.b.scalar(1)));
}
Arg exp2(Call& c) {
  return Arg(c.b.unary("exp", c.b.mul(as_float(c.b, operand(c, 0, "x")),
                                      c.b.scalar(static_cast<float>(std::numbers::ln2)))));
}
Arg tan(Call& c) {
  const ValueId x = as_float(c.b, operand(c, 0, "x"));
  return Arg(c.b.div(c.b.unary("sin", x), c.b.unary("cos", x)));
}
// (e^x - e^-x) / 2 and (e^x + e^-x) / 2
Arg sinh(Call& c) {
  const ValueId e = c.b.unary("exp", as_float(c.b, operand(c, 0, "x")));
  return Arg(c.b.mul(c.b.sub(e, c.b.div(c.b.scalar(1), e)), c.b.scalar(0.5f)));
}
Arg cosh(Call& c) {
  const ValueId e = c.b.unary("exp", as_float(c.b, operand(c, 0, "x")));
  return Arg(c.b.mul(c.b.add(e, c.b.div(c.b.scalar(1), e)), c.b.scalar(0.5f)));
}
Arg logical_not(Call& c) {
  return Arg(c.b.unary("logical_not", c.b.cast(operand(c, 0, "x"), DType::boolean)));
}
Arg logical_xor(Call& c) {
  const auto [a, other] = operands(c);
  return Arg(c.b.binary("not_equal", c.b.cast(a, DType::boolean), c.b.cast(other, DType::boolean)));
}
Arg is_nan(Call& c) {
  const ValueId x = operand(c, 0, "x");
  return Arg(c.b.binary("not_equal", x, x));
}
Arg cumsum(Call& c) {
  const ValueId x = operand(c, 0, "x");
  return Arg(c.b.op("cumsum", {x, c.b.scalar_int(axis_parameter(c, c.b.rank(x), 0))}));
}
Arg rounded(Call& c) {
  if (const Config decimals = parameter(c, "decimals", 1);
      decimals.is_number() && decimals.as_integer("decimals") != 0) {
    fail_unsupported("rounding to decimals");
  }
  return unary<"round">(c);
}

constexpr Operation kTable[] = {
    {"Add", binary<"add">},
    {"Subtract", binary<"sub">},
    {"Multiply", binary<"mul">},
    {"Divide", float_binary<"div">},
    {"TrueDivide", float_binary<"div">},
    {"FloorDivide", binary<"floor_div">},
    {"Mod", binary<"floor_mod">},
    {"Maximum", binary<"maximum">},
    {"Minimum", binary<"minimum">},
    {"Power", power},
    {"Arctan2", float_binary<"atan2">},
    {"Equal", binary<"equal">},
    {"NotEqual", binary<"not_equal">},
    {"Less", binary<"less">},
    {"LessEqual", binary<"less_equal">},
    {"Greater", binary<"greater">},
    {"GreaterEqual", binary<"greater_equal">},
    {"LogicalAnd", logical<"logical_and">},
    {"LogicalOr", logical<"logical_or">},
    {"LogicalNot", logical_not},
    {"LogicalXor", logical_xor},
    {"Absolute", plain_unary<"abs">},
    {"Abs", plain_unary<"abs">},
    {"Negative", negative},
    {"Sign", plain_unary<"sign">},
    {"Square", plain_unary<"square">},
    {"Sqrt", unary<"sqrt">},
    {"Rsqrt", unary<"rsqrt">},
    {"Exp", unary<"exp">},
    {"Exp2", exp2},
    {"Expm1", expm1},
    {"Log", unary<"log">},
    {"Log2", log2},
    {"Log10", log10},
    {"Log1p", log1p},
    {"Sin", unary<"sin">},
    {"Cos", unary<"cos">},
    {"Tan", tan},
    {"Sinh", sinh},
    {"Cosh", cosh},
    {"Tanh", unary<"tanh">},
    {"Floor", unary<"floor">},
    {"Ceil", unary<"ceil">},
    {"Round", rounded},
    {"Reciprocal", reciprocal},
    {"Clip", clip_op},
    {"Isnan", is_nan},
    {"Mean", mean},
    {"Sum", reduction<"sum">},
    {"Max", reduction<"reduce_max">},
    {"Amax", reduction<"reduce_max">},
    {"Min", reduction<"reduce_min">},
    {"Amin", reduction<"reduce_min">},
    {"Prod", reduction<"reduce_prod">},
    {"Any", truth<"reduce_any">},
    {"All", truth<"reduce_all">},
    {"Var", variance},
    {"Std", deviation},
    {"Logsumexp", logsumexp},
    {"Norm", norm},
    {"Argmax", extreme_index<"arg_max">},
    {"Argmin", extreme_index<"arg_min">},
    {"Cumsum", cumsum},
};

}  // namespace

std::span<const Operation> math_operations() { return kTable; }

}  // namespace mote::keras
