// Layers that make one tensor of several.
#include <algorithm>

#include "import/einsum.h"
#include "import/keras/importers.h"

namespace mote::keras {
namespace {

// The inputs, brought to one rank as Keras does it: by new axes after the batch.
std::vector<Tensor> inputs_of(Call& c, size_t least = 2) {
  std::vector<Tensor> inputs = c.tensors();
  if (c.args().size() > 1 && inputs.size() == 1) {  // called as f(a, b)
    for (size_t i = 1; i < c.args().size(); ++i) {
      const std::vector<Tensor> more = tensors_of(c.args()[i]);
      inputs.insert(inputs.end(), more.begin(), more.end());
    }
  }
  if (inputs.size() < least) fail_user("needs {} inputs, and has {}", least, inputs.size());
  return inputs;
}

void equal_ranks(GraphBuilder& b, std::vector<Tensor>* inputs) {
  int rank = 0;
  for (const Tensor& input : *inputs) rank = std::max(rank, b.rank(input.id));
  for (Tensor& input : *inputs) {
    while (b.rank(input.id) < rank) input.id = b.expand(input.id, 1);
  }
}

// Every input has a mask: a step is real if it is in one of them.
ValueId either_mask(GraphBuilder& b, const std::vector<Tensor>& inputs) {
  ValueId mask = inputs[0].mask;
  for (const Tensor& input : inputs) {
    if (input.mask == kNoValue) return kNoValue;
    if (input.mask != mask) mask = b.binary("logical_or", mask, input.mask);
  }
  return mask;
}

Arg fold(Call& c, const char* op, double factor = 1) {
  std::vector<Tensor> inputs = inputs_of(c, 1);
  equal_ranks(c.b, &inputs);
  ValueId y = inputs[0].id;
  for (size_t i = 1; i < inputs.size(); ++i) y = c.b.binary(op, y, inputs[i].id);
  if (factor != 1) y = c.b.mul(y, c.b.scalar(static_cast<float>(factor)));
  return Arg(Tensor{y, either_mask(c.b, inputs)});
}

Arg add(Call& c) { return fold(c, "add"); }
Arg subtract(Call& c) { return fold(c, "sub"); }
Arg multiply(Call& c) { return fold(c, "mul"); }
Arg maximum(Call& c) { return fold(c, "maximum"); }
Arg minimum(Call& c) { return fold(c, "minimum"); }
Arg average(Call& c) { return fold(c, "add", 1.0 / static_cast<double>(inputs_of(c, 1).size())); }

ValueId concatenated_mask(GraphBuilder& b, const std::vector<Tensor>& inputs, int axis) {
  bool any = false, all = true;
  for (const Tensor& input : inputs) {
    any |= input.mask != kNoValue;
    all &= input.mask != kNoValue;
  }
  if (!any) return kNoValue;
  if (axis != 1) return all ? either_mask(b, inputs) : kNoValue;
  std::vector<ValueId> masks;
  for (const Tensor& input : inputs) {
    if (input.mask == kNoValue) {
      fail_unsupported("joins masked and unmasked sequences end to end");
    }
    masks.push_back(input.mask);
  }
  return b.concat(masks, 1);
}

Arg concatenate(Call& c) {
  const std::vector<Tensor> inputs = inputs_of(c, 1);
  const int rank = c.b.rank(inputs[0].id);
  const auto axis = normalize_axis(c.config.integer("axis", -1), rank);
  if (!axis) fail_user("axis {} of a tensor of rank {}", c.config.integer("axis", -1), rank);
  std::vector<ValueId> values;
  for (const Tensor& input : inputs) values.push_back(input.id);
  return Arg(Tensor{c.b.concat(values, *axis), concatenated_mask(c.b, inputs, *axis)});
}

// x / |x| along an axis.
ValueId unit(GraphBuilder& b, ValueId x, int axis) {
  if (axis == b.rank(x) - 1) return b.unary("l2_normalization", x);
  const ValueId squares = b.reduce("sum", b.unary("square", x), {axis}, true);
  return b.mul(x, b.binary("minimum", b.unary("rsqrt", squares), b.scalar(1e12f)));
}

Arg dot(Call& c) {
  std::vector<Tensor> inputs = inputs_of(c);
  ValueId x = inputs[0].id, y = inputs[1].id;
  std::vector<int64_t> axes = c.config.integers("axes");
  if (axes.size() == 1) axes.push_back(axes[0]);
  const auto x_axis = normalize_axis(axes.at(0), c.b.rank(x));
  const auto y_axis = normalize_axis(axes.at(1), c.b.rank(y));
  if (!x_axis || !y_axis || *x_axis == 0 || *y_axis == 0) {
    fail_user("axes {} and {} of {} and {}", axes[0], axes[1], c.b.shape(x).str(),
              c.b.shape(y).str());
  }
  if (c.config.flag("normalize", false)) {
    x = unit(c.b, x, *x_axis);
    y = unit(c.b, y, *y_axis);
  }
  if (c.b.rank(x) == 2 && c.b.rank(y) == 2) {
    return Arg(c.b.reduce("sum", c.b.mul(x, y), {1}, true));
  }
  std::string left = "a", right = "a", out = "a";
  char next = 'b';
  for (int axis = 1; axis < c.b.rank(x); ++axis) {
    left += axis == *x_axis ? 'z' : next++;
    if (axis != *x_axis) out += left.back();
  }
  for (int axis = 1; axis < c.b.rank(y); ++axis) {
    right += axis == *y_axis ? 'z' : next++;
    if (axis != *y_axis) out += right.back();
  }
  return Arg(einsum(c.b, left + "," + right + "->" + out, x, y));
}

constexpr Importer kTable[] = {
    {"Add", add},         {"Subtract", subtract},       {"Multiply", multiply},
    {"Average", average}, {"Maximum", maximum},         {"Minimum", minimum},
    {"Dot", dot},         {"Concatenate", concatenate},
};

}  // namespace

std::span<const Importer> merging_layers() { return kTable; }

}  // namespace mote::keras
