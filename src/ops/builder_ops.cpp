// GraphBuilder's operators.
#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "ops/builder.h"

namespace mote {
namespace {

int32_t narrow(int64_t value) {
  if (value < INT32_MIN || value > INT32_MAX) fail_user("{} is out of range", value);
  return static_cast<int32_t>(value);
}

}  // namespace

int GraphBuilder::normalize(ValueId x, int axis) const {
  const std::optional<int> normal = normalize_axis(axis, rank(x));
  if (!normal) fail_user("axis {} of a tensor of shape {}", axis, shape(x).str());
  return *normal;
}

ValueId GraphBuilder::shape_value(const std::vector<Extent>& shape) {
  const bool known = std::none_of(shape.begin(), shape.end(),
                                  [](const Extent& extent) { return extent.of != kNoValue; });
  if (known) {
    std::vector<int32_t> values;
    for (const Extent& extent : shape) values.push_back(narrow(extent.size));
    return ints(values);
  }
  std::vector<ValueId> parts;
  for (const Extent& extent : shape) {
    if (extent.of == kNoValue) {
      parts.push_back(scalar_int(narrow(extent.size)));
      continue;
    }
    const ValueId whole = op("shape", {extent.of});
    const int32_t axis = extent.axis;
    parts.push_back(op("strided_slice", {whole, ints({axis}), ints({axis + 1}), ints({1})},
                       {{"shrink_axis_mask", int32_t{1}}}));
  }
  return pack(parts, 0);
}

ValueId GraphBuilder::reshape(ValueId x, const std::vector<Extent>& wanted) {
  std::vector<Extent> shape = wanted;
  const auto symbolic = [](const Extent& extent) { return extent.of != kNoValue; };
  const auto is_rest = [](const Extent& e) { return e.of == kNoValue && e.size == kDynamic; };
  // One extent that is not known needs no computation: it is what is left.
  if (std::none_of(shape.begin(), shape.end(), is_rest)) {
    const auto first = std::find_if(shape.begin(), shape.end(), symbolic);
    if (first != shape.end()) *first = Extent(kDynamic);
  }
  Shape declared;
  for (const Extent& extent : shape) declared.push_back(extent.size);
  if (declared == this->shape(x) && declared.is_static()) return x;
  return op("reshape", {x, shape_value(shape)}, {}, TensorType{dtype(x), declared, {}});
}

ValueId GraphBuilder::expand(ValueId x, int axis) {
  if (axis < 0) axis += rank(x) + 1;
  if (axis < 0 || axis > rank(x)) fail_user("can't insert axis {} in {}", axis, shape(x).str());
  std::vector<Extent> shape = extents(x);
  shape.insert(shape.begin() + axis, Extent(1));
  return reshape(x, shape);
}

ValueId GraphBuilder::squeeze(ValueId x, int axis) {
  axis = normalize(x, axis);
  std::vector<Extent> shape = extents(x);
  shape.erase(shape.begin() + axis);
  return reshape(x, shape);
}

ValueId GraphBuilder::transpose(ValueId x, const std::vector<int>& perm) {
  std::vector<int32_t> values;
  for (const int axis : perm) values.push_back(normalize(x, axis));
  if (std::is_sorted(values.begin(), values.end())) return x;
  return op("transpose", {x, ints(values)});
}

ValueId GraphBuilder::slice(ValueId x, int axis, int64_t begin, int64_t size) {
  axis = normalize(x, axis);
  const int64_t extent = shape(x)[axis];
  if (begin == 0 && (size == -1 || size == extent)) return x;
  std::vector<int32_t> begins(static_cast<size_t>(rank(x)), 0);
  std::vector<int32_t> sizes(static_cast<size_t>(rank(x)), -1);
  begins[static_cast<size_t>(axis)] = narrow(begin);
  sizes[static_cast<size_t>(axis)] = narrow(size);
  return op("slice", {x, ints(begins), ints(sizes)});
}

ValueId GraphBuilder::concat(const std::vector<ValueId>& xs, int axis) {
  if (xs.empty()) fail_user("nothing to concatenate");
  if (xs.size() == 1) return xs[0];
  return op("concatenation", xs, {{"axis", int32_t{normalize(xs[0], axis)}}});
}

ValueId GraphBuilder::pack(const std::vector<ValueId>& xs, int axis) {
  if (axis < 0) axis += rank(xs.at(0)) + 1;
  return op("pack", xs,
            {{"axis", int32_t{axis}}, {"values_count", static_cast<int32_t>(xs.size())}});
}

std::vector<ValueId> GraphBuilder::split(ValueId x, int axis, int count) {
  if (count == 1) return {x};
  return add_node("split", {scalar_int(normalize(x, axis)), x}, {{"num_splits", int32_t{count}}},
                  count);
}

ValueId GraphBuilder::pad(ValueId x, const std::vector<std::pair<int64_t, int64_t>>& pads,
                          std::optional<float> value) {
  if (static_cast<int>(pads.size()) != rank(x)) fail_internal("pad: {} axes", pads.size());
  std::vector<int32_t> flat;
  for (const auto& [before, after] : pads) {
    flat.push_back(narrow(before));
    flat.push_back(narrow(after));
  }
  if (std::all_of(flat.begin(), flat.end(), [](int32_t n) { return n == 0; })) return x;
  const ValueId paddings = constant(flat, Shape{rank(x), 2});
  if (!value || *value == 0) return op("pad", {x, paddings});
  return op("padv2", {x, paddings, scalar_like(x, static_cast<double>(*value))});
}

ValueId GraphBuilder::tile(ValueId x, const std::vector<int64_t>& multiples) {
  std::vector<int32_t> values;
  for (const int64_t multiple : multiples) values.push_back(narrow(multiple));
  if (std::all_of(values.begin(), values.end(), [](int32_t n) { return n == 1; })) return x;
  return op("tile", {x, ints(values)});
}

ValueId GraphBuilder::broadcast(ValueId x, const std::vector<Extent>& wanted) {
  Shape declared;
  for (const Extent& extent : wanted) declared.push_back(extent.size);
  if (declared == shape(x) && declared.is_static()) return x;
  return op("broadcast_to", {x, shape_value(wanted)}, {}, TensorType{dtype(x), declared, {}});
}

ValueId GraphBuilder::gather(ValueId x, ValueId indices, int axis, int batch_dims) {
  return op("gather", {x, indices},
            {{"axis", int32_t{normalize(x, axis)}}, {"batch_dims", int32_t{batch_dims}}});
}

ValueId GraphBuilder::reverse(ValueId x, int axis) {
  return op("reverse_v2", {x, ints({normalize(x, axis)})});
}

ValueId GraphBuilder::fill(const std::vector<Extent>& wanted, float value) {
  Shape declared;
  for (const Extent& extent : wanted) declared.push_back(extent.size);
  if (const auto size_bytes = declared.bytes(DType::f32); size_bytes && *size_bytes <= 64) {
    return constant(std::vector<float>(static_cast<size_t>(declared.elements()), value), declared);
  }
  return op("fill", {shape_value(wanted), scalar(value)}, {}, TensorType{DType::f32, declared, {}});
}

ValueId GraphBuilder::cast(ValueId x, DType to) {
  if (dtype(x) == to) return x;
  return op("cast", {x}, {{"in_dtype", dtype(x)}, {"out_dtype", to}});
}

ValueId GraphBuilder::binary(std::string_view name, ValueId a, ValueId b) {
  return op(name, {a, b});
}

ValueId GraphBuilder::reduce(std::string_view name, ValueId x, std::vector<int> axes,
                             bool keep_dims) {
  std::vector<int32_t> values;
  for (const int axis : axes) values.push_back(normalize(x, axis));
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return op(name, {x, ints(values)}, {{"keep_dims", keep_dims}});
}

ValueId GraphBuilder::softmax(ValueId x, int axis) {
  axis = normalize(x, axis);
  const int last = rank(x) - 1;
  if (axis == last) return op("softmax", {x}, {{"beta", 1.0f}});
  std::vector<int> perm(static_cast<size_t>(rank(x)));
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[static_cast<size_t>(axis)], perm[static_cast<size_t>(last)]);
  return transpose(softmax(transpose(x, perm)), perm);
}

ValueId GraphBuilder::select(ValueId condition, ValueId a, ValueId b) {
  return op("select_v2", {condition, a, b});
}

ValueId GraphBuilder::fully_connected(ValueId x, ValueId weights, ValueId bias) {
  return op("fully_connected", {x, weights, bias}, {{"keep_num_dims", rank(x) > 2}});
}

ValueId GraphBuilder::conv_2d(ValueId x, ValueId weights, ValueId bias, const Window& w) {
  // The official kernels want a bias, if only of zeros.
  if (bias == kNoValue) bias = zeros(shape(weights)[0]);
  return op("conv_2d", {x, weights, bias},
            {{"padding", Enumerator{static_cast<int32_t>(w.padding), {}}},
             {"stride_h", narrow(w.stride_h)},
             {"stride_w", narrow(w.stride_w)},
             {"dilation_h", narrow(w.dilation_h)},
             {"dilation_w", narrow(w.dilation_w)}});
}

ValueId GraphBuilder::depthwise_conv_2d(ValueId x, ValueId weights, ValueId bias, const Window& w,
                                        int64_t multiplier) {
  if (bias == kNoValue) bias = zeros(shape(weights)[3]);
  return op("depthwise_conv_2d", {x, weights, bias},
            {{"padding", Enumerator{static_cast<int32_t>(w.padding), {}}},
             {"stride_h", narrow(w.stride_h)},
             {"stride_w", narrow(w.stride_w)},
             {"dilation_h", narrow(w.dilation_h)},
             {"dilation_w", narrow(w.dilation_w)},
             {"depth_multiplier", narrow(multiplier)}});
}

ValueId GraphBuilder::pool_2d(std::string_view name, ValueId x, const Window& w) {
  return op(name, {x},
            {{"padding", Enumerator{static_cast<int32_t>(w.padding), {}}},
             {"stride_h", narrow(w.stride_h)},
             {"stride_w", narrow(w.stride_w)},
             {"filter_height", narrow(w.size_h)},
             {"filter_width", narrow(w.size_w)}});
}

ValueId GraphBuilder::batch_matmul(ValueId a, ValueId b, bool adjoint_a, bool adjoint_b) {
  return op("batch_matmul", {a, b}, {{"adj_x", adjoint_a}, {"adj_y", adjoint_b}});
}

}  // namespace mote
