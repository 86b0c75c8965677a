// keras.ops: shapes, slices, joins, matrix products.
#include <algorithm>
#include <numeric>

#include "import/einsum.h"
#include "import/keras/operands.h"

namespace mote::keras {
namespace {

int64_t integer(const Call& c, std::string_view name, size_t position, int64_t otherwise) {
  const Config value = parameter(c, name, position);
  return value.is_null() ? otherwise : value.as_integer(name);
}

int normal_axis(int64_t axis, int rank) {
  const auto normal = normalize_axis(axis, rank);
  if (!normal) fail_user("axis {} of a tensor of rank {}", axis, rank);
  return *normal;
}

// A batch that is not known stays symbolic, so that -1 is free for another extent.
std::vector<Extent> shape_parameter(const Call& c, ValueId x, const Config& value) {
  std::vector<Extent> shape;
  for (const Config& item : value.items()) {
    shape.emplace_back(item.is_null() ? kDynamic : item.as_integer("shape"));
  }
  const auto unknown =
      std::count_if(shape.begin(), shape.end(), [](const Extent& e) { return e.size == kDynamic; });
  if (unknown > 1 && shape[0].size == kDynamic) shape[0] = c.b.extent(x, 0);
  return shape;
}

Arg reshape(Call& c) {
  const ValueId x = operand(c, 0, "x");
  Config shape = parameter(c, "newshape", 1);
  if (shape.is_null()) shape = parameter(c, "shape", 1);
  if (shape.is_number()) shape = Config::list({shape});
  return Arg(c.b.reshape(x, shape_parameter(c, x, shape)));
}

Arg ravel(Call& c) { return Arg(c.b.reshape(operand(c, 0, "x"), {Extent(kDynamic)})); }

Arg transpose(Call& c) {
  const ValueId x = operand(c, 0, "x");
  const Config axes = parameter(c, "axes", 1);
  std::vector<int> perm(static_cast<size_t>(c.b.rank(x)));
  std::iota(perm.rbegin(), perm.rend(), 0);
  if (!axes.is_null()) {
    perm.clear();
    for (const int64_t axis : axes.as_integers("axes")) {
      perm.push_back(normal_axis(axis, c.b.rank(x)));
    }
  }
  if (static_cast<int>(perm.size()) != c.b.rank(x)) fail_user("'axes' is not a permutation");
  return Arg(c.b.transpose(x, perm));
}

Arg swap_axes(Call& c) {
  const ValueId x = operand(c, 0, "x");
  std::vector<int> perm(static_cast<size_t>(c.b.rank(x)));
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[static_cast<size_t>(normal_axis(integer(c, "axis1", 1, 0), c.b.rank(x)))],
            perm[static_cast<size_t>(normal_axis(integer(c, "axis2", 2, 1), c.b.rank(x)))]);
  return Arg(c.b.transpose(x, perm));
}

Arg move_axis(Call& c) {
  const ValueId x = operand(c, 0, "x");
  const int rank = c.b.rank(x);
  const std::vector<int64_t> from = parameter(c, "source", 1).as_integers("source");
  const std::vector<int64_t> to = parameter(c, "destination", 2).as_integers("destination");
  if (from.size() != to.size()) fail_user("'source' and 'destination' differ in length");
  std::vector<int> perm(static_cast<size_t>(rank), -1);
  std::vector<bool> moved(static_cast<size_t>(rank), false);
  for (size_t i = 0; i < from.size(); ++i) {
    const int source = normal_axis(from[i], rank);
    perm[static_cast<size_t>(normal_axis(to[i], rank))] = source;
    moved[static_cast<size_t>(source)] = true;
  }
  int next = 0;
  for (int& axis : perm) {
    if (axis >= 0) continue;
    while (moved[static_cast<size_t>(next)]) ++next;
    axis = next++;
  }
  return Arg(c.b.transpose(x, perm));
}

Arg expand_dims(Call& c) {
  ValueId x = operand(c, 0, "x");
  std::vector<int64_t> axes = parameter(c, "axis", 1).as_integers("axis");
  const int rank = c.b.rank(x) + static_cast<int>(axes.size());
  for (int64_t& axis : axes) axis = normal_axis(axis, rank);
  std::sort(axes.begin(), axes.end());
  for (const int64_t axis : axes) x = c.b.expand(x, static_cast<int>(axis));
  return Arg(x);
}

Arg squeeze(Call& c) {
  ValueId x = operand(c, 0, "x");
  const Config axis = parameter(c, "axis", 1);
  std::vector<int> axes;
  if (axis.is_null()) {
    for (int i = 0; i < c.b.rank(x); ++i) {
      if (c.b.shape(x)[i] == 1) axes.push_back(i);
    }
  } else {
    for (const int64_t i : axis.as_integers("axis")) axes.push_back(normal_axis(i, c.b.rank(x)));
  }
  std::sort(axes.rbegin(), axes.rend());
  for (const int i : axes) x = c.b.squeeze(x, i);
  return Arg(x);
}

std::vector<ValueId> list_operand(Call& c) {
  std::vector<ValueId> values;
  for (const Tensor& tensor : c.tensors(0, "xs")) values.push_back(tensor.id);
  if (values.empty()) {
    for (const Tensor& tensor : c.tensors(0, "x")) values.push_back(tensor.id);
  }
  if (values.empty()) fail_user("needs a list of tensors");
  return values;
}

Arg concatenate(Call& c) {
  const std::vector<ValueId> xs = list_operand(c);
  return Arg(c.b.concat(xs, axis_parameter(c, c.b.rank(xs[0]), -1)));
}

Arg stack(Call& c) {
  const std::vector<ValueId> xs = list_operand(c);
  return Arg(c.b.pack(xs, axis_parameter(c, c.b.rank(xs[0]) + 1, 0)));
}

Arg unstack(Call& c) {
  const ValueId x = operand(c, 0, "x");
  const int axis = axis_parameter(c, c.b.rank(x), 0);
  const int64_t count = integer(c, "num", 1, c.b.shape(x)[axis]);
  if (count < 1) fail_unsupported("unstacking an unknown number of tensors");
  std::vector<Arg> pieces;
  for (const ValueId id :
       c.b.add_node("unpack", {x}, {{"num", static_cast<int32_t>(count)}, {"axis", int32_t{axis}}},
                    static_cast<int>(count))) {
    pieces.emplace_back(id);
  }
  return Arg::list(std::move(pieces));
}

// Into equal parts, or at given places.
Arg split(Call& c) {
  const ValueId x = operand(c, 0, "x");
  const Config where = parameter(c, "indices_or_sections", 1);
  const Config given = parameter(c, "axis", 2);
  const int axis = normal_axis(given.is_null() ? 0 : given.as_integer("axis"), c.b.rank(x));
  std::vector<Arg> pieces;
  if (where.is_number()) {
    const int64_t count = where.as_integer("indices_or_sections");
    if (count < 1 || count > 1 << 16) fail_user("a split into {} parts", count);
    for (const ValueId id : c.b.split(x, axis, static_cast<int>(count))) pieces.emplace_back(id);
  } else {
    int64_t begin = 0;
    for (const int64_t end : where.as_integers("indices_or_sections")) {
      if (end < begin) fail_unsupported("a split at decreasing places");
      pieces.emplace_back(c.b.slice(x, axis, begin, end - begin));
      begin = end;
    }
    pieces.emplace_back(c.b.slice(x, axis, begin, -1));
  }
  return Arg::list(std::move(pieces));
}

Arg pad(Call& c) {
  const ValueId x = operand(c, 0, "x");
  const std::string mode =
      parameter(c, "mode").is_null() ? "constant" : parameter(c, "mode").as_text("mode");
  const Config width = parameter(c, "pad_width", 1);
  std::vector<std::pair<int64_t, int64_t>> pads;
  if (width.is_number() || (!width.items().empty() && width.items()[0].is_number())) {
    const std::vector<int64_t> pair = width.as_integers("pad_width");
    pads.assign(static_cast<size_t>(c.b.rank(x)), {pair.front(), pair.back()});
  } else {
    for (const Config& item : width.items()) {
      const std::vector<int64_t> pair = item.as_integers("pad_width");
      if (pair.empty()) fail_user("'pad_width' is not a list of pairs");
      pads.emplace_back(pair.front(), pair.back());
    }
  }
  if (pads.size() == 1) pads.assign(static_cast<size_t>(c.b.rank(x)), pads[0]);
  if (static_cast<int>(pads.size()) != c.b.rank(x)) fail_user("'pad_width' does not fit the input");
  const Config value = parameter(c, "constant_values", 3);
  if (mode == "constant") {
    return Arg(
        c.b.pad(x, pads, value.is_number() ? static_cast<float>(value.as_number("value")) : 0));
  }
  if (mode != "reflect" && mode != "symmetric") fail_unsupported("padding mode '{}'", mode);
  std::vector<int32_t> flat;
  for (const auto& [before, after] : pads) {
    flat.push_back(static_cast<int32_t>(before));
    flat.push_back(static_cast<int32_t>(after));
  }
  return Arg(c.b.op("mirror_pad", {x, c.b.constant(flat, Shape{c.b.rank(x), 2})},
                    {{"mode", Enumerator{mode == "reflect" ? 0 : 1, {}}}}));
}

Arg where(Call& c) {
  const ValueId condition = c.b.cast(operand(c, 0, "condition"), DType::boolean);
  const Arg* first = c.find(1, "x1");
  const Arg* second = c.find(2, "x2");
  ValueId a = first != nullptr && first->is_tensor() ? first->tensor.id : kNoValue;
  ValueId other = second != nullptr && second->is_tensor() ? second->tensor.id : kNoValue;
  if (a == kNoValue) a = operand(c, 1, "x1", other);
  if (other == kNoValue) other = operand(c, 2, "x2", a);
  if (c.b.dtype(a) != c.b.dtype(other)) {
    a = as_float(c.b, a);
    other = as_float(c.b, other);
  }
  return Arg(c.b.select(condition, a, other));
}

Arg matmul(Call& c) {
  const auto [a, other] = operands(c);
  const int rank = c.b.rank(a);
  if (c.b.is_constant(other) && c.b.rank(other) == 2 && c.b.dtype(other) == DType::f32 &&
      rank >= 2) {
    std::string left;
    for (int i = 0; i < rank - 1; ++i) left += static_cast<char>('a' + i);
    return Arg(einsum(c.b, left + "y,yz->" + left + "z", a, other));
  }
  if (rank < 2 || c.b.rank(other) < 2) fail_unsupported("a matrix product with a vector");
  return Arg(c.b.batch_matmul(a, other));
}

Arg dot(Call& c) {
  const auto [a, other] = operands(c);
  if (c.b.rank(other) == 2) return matmul(c);
  fail_unsupported("dot of {} and {}; use matmul or einsum", c.b.shape(a).str(),
                   c.b.shape(other).str());
}

Arg einsum_op(Call& c) {
  const Config equation = parameter(c, "subscripts", 0);
  const bool named = c.config.has("subscripts");
  const size_t first = named ? 0 : 1;
  std::vector<ValueId> xs;
  for (size_t i = first; i < c.args().size(); ++i) {
    if (c.args()[i].is_tensor() || c.args()[i].kind == Arg::Kind::constant) {
      xs.push_back(operand(c, i, "operands"));
    } else {
      for (const Tensor& tensor : tensors_of(c.args()[i])) xs.push_back(tensor.id);
    }
  }
  if (xs.size() != 2) fail_unsupported("einsum of {} tensors; two are supported", xs.size());
  return Arg(einsum(c.b, equation.as_text("subscripts"), xs[0], xs[1]));
}

Arg take(Call& c) {
  ValueId x = operand(c, 0, "x");
  const ValueId indices = c.b.cast(operand(c, 1, "indices", c.b.scalar_int(0)), DType::i32);
  const Config axis = parameter(c, "axis", 2);
  if (axis.is_null()) x = c.b.reshape(x, {Extent(kDynamic)});
  return Arg(c.b.gather(x, indices,
                        normal_axis(axis.is_null() ? 0 : axis.as_integer("axis"), c.b.rank(x))));
}

Arg flip(Call& c) {
  ValueId x = operand(c, 0, "x");
  for (const int axis : axes_parameter(c, c.b.rank(x))) x = c.b.reverse(x, axis);
  return Arg(x);
}

Arg tile(Call& c) {
  ValueId x = operand(c, 0, "x");
  std::vector<int64_t> repeats = parameter(c, "repeats", 1).as_integers("repeats");
  while (static_cast<int>(repeats.size()) < c.b.rank(x)) repeats.insert(repeats.begin(), 1);
  while (static_cast<int>(repeats.size()) > c.b.rank(x)) x = c.b.expand(x, 0);
  return Arg(c.b.tile(x, repeats));
}

Arg repeat(Call& c) {
  ValueId x = operand(c, 0, "x");
  const Config count = parameter(c, "repeats", 1);
  const Config given = parameter(c, "axis", 2);
  const std::vector<int64_t> counts = count.as_integers("repeats");
  if (counts.size() != 1) fail_unsupported("a different number of repeats for each element");
  if (given.is_null()) x = c.b.reshape(x, {Extent(kDynamic)});
  const int axis = normal_axis(given.is_null() ? 0 : given.as_integer("axis"), c.b.rank(x));
  std::vector<int64_t> multiples(static_cast<size_t>(c.b.rank(x)) + 1, 1);
  multiples[static_cast<size_t>(axis) + 1] = counts[0];
  std::vector<Extent> shape = c.b.extents(x);
  Extent& extent = shape[static_cast<size_t>(axis)];
  extent = Extent(extent.of == kNoValue ? extent.size * counts[0] : kDynamic);
  return Arg(c.b.reshape(c.b.tile(c.b.expand(x, axis + 1), multiples), shape));
}

Arg broadcast_to(Call& c) {
  const ValueId x = operand(c, 0, "x");
  return Arg(c.b.broadcast(x, shape_parameter(c, x, parameter(c, "shape", 1))));
}

DType dtype_parameter(const Call& c, size_t position, DType otherwise) {
  const Config value = parameter(c, "dtype", position);
  if (value.is_null()) return otherwise;
  DType dtype = DType::f32;
  const std::string& name = value.as_text("dtype");
  if (!parse_dtype(name, &dtype)) fail_unsupported("element type '{}'", name);
  return is_float(dtype) ? DType::f32 : dtype;
}

Arg cast(Call& c) { return Arg(c.b.cast(operand(c, 0, "x"), dtype_parameter(c, 1, DType::f32))); }

ValueId filled_like(Call& c, double value) {
  const ValueId x = operand(c, 0, "x");
  const ValueId zero = c.b.mul(x, c.b.scalar_like(x, 0));
  return value == 0 ? zero : c.b.add(zero, c.b.scalar_like(x, value));
}
Arg zeros_like(Call& c) { return Arg(filled_like(c, 0)); }
Arg ones_like(Call& c) { return Arg(filled_like(c, 1)); }
Arg full_like(Call& c) {
  return Arg(filled_like(c, parameter(c, "fill_value", 1).as_number("fill_value")));
}

Arg identity(Call& c) { return Arg(c.tensor(0, "x")); }

Arg top_k(Call& c) {
  const ValueId x = operand(c, 0, "x");
  const int64_t k = integer(c, "k", 1, 1);
  const std::vector<ValueId> out =
      c.b.add_node("topk_v2", {x, c.b.scalar_int(static_cast<int32_t>(k))}, {}, 2);
  return Arg::list(std::vector<Arg>{Arg(out[0]), Arg(out[1])});
}

constexpr Operation kTable[] = {
    {"Reshape", reshape},
    {"Ravel", ravel},
    {"Transpose", transpose},
    {"Swapaxes", swap_axes},
    {"Moveaxis", move_axis},
    {"ExpandDims", expand_dims},
    {"Squeeze", squeeze},
    {"Concatenate", concatenate},
    {"Stack", stack},
    {"Unstack", unstack},
    {"Split", split},
    {"Pad", pad},
    {"Where", where},
    {"Matmul", matmul},
    {"Dot", dot},
    {"Einsum", einsum_op},
    {"Take", take},
    {"Flip", flip},
    {"Tile", tile},
    {"Repeat", repeat},
    {"BroadcastTo", broadcast_to},
    {"Cast", cast},
    {"ZerosLike", zeros_like},
    {"OnesLike", ones_like},
    {"FullLike", full_like},
    {"Copy", identity},
    {"StopGradient", identity},
    {"ConvertToTensor", identity},
    {"TopK", top_k},
};

}  // namespace

std::span<const Operation> array_operations() { return kTable; }

}  // namespace mote::keras
