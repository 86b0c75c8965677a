#include "ops/split.h"

#include <algorithm>

#include "base/error.h"
#include "kernels/movement/families.h"
#include "kernels/movement/movement.h"
#include "ops/moving.h"

namespace mote::ops {
namespace {

int64_t one_int(const NodeView& c, int input, const char* what) {
  const std::vector<int64_t> values = required_ints(c, input, what);
  if (values.size() != 1) fail_user("{} has {} elements, expected 1", what, values.size());
  return values[0];
}

void require_count(const NodeView& c, int32_t count) {
  if (count != c.outputs())
    fail_user("splits into {} pieces, but there are {} outputs", count, c.outputs());
}

void infer_split(InferContext& c) {
  require_count(c, c.attrs<SplitAttrs>().num_splits);
  const Shape& x = c.in(1).shape;
  const int axis = checked_axis(one_int(c, 0, "axis"), x.rank());
  Shape y = x;
  if (x[axis] != kDynamic) {
    if (x[axis] % c.outputs() != 0)
      fail_user("axis {} of {} does not split into {} equal pieces", axis, x.str(), c.outputs());
    y[axis] = x[axis] / c.outputs();
  }
  for (int i = 0; i < c.outputs(); ++i) set_moved(c, i, 1, y);
}

void infer_split_v(InferContext& c) {
  require_count(c, c.attrs<SplitAttrs>().num_splits);
  const Shape& x = c.in(0).shape;
  const int axis = checked_axis(one_int(c, 2, "axis"), x.rank());
  std::vector<int64_t> sizes = required_ints(c, 1, "the list of sizes");
  if (static_cast<int>(sizes.size()) != c.outputs())
    fail_user("{} sizes for {} outputs", sizes.size(), c.outputs());
  int64_t known = 0;
  int rest = -1;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < -1) fail_user("size {} is negative", sizes[i]);
    if (sizes[i] == -1 && rest >= 0) fail_user("more than one size is -1");
    if (sizes[i] == -1) {
      rest = static_cast<int>(i);
    } else {
      known += std::min(sizes[i], kMaxElements);
    }
  }
  if (x[axis] != kDynamic) {
    if (known > x[axis] || (rest < 0 && known != x[axis]))
      fail_user("sizes add up to {}, axis {} of {} has {}", known, axis, x.str(), x[axis]);
    if (rest >= 0) sizes[static_cast<size_t>(rest)] = x[axis] - known;
  }
  for (int i = 0; i < c.outputs(); ++i) {
    Shape y = x;
    y[axis] = sizes[static_cast<size_t>(i)];
    set_moved(c, i, 0, y);
  }
}

void infer_unpack(InferContext& c) {
  const auto& attrs = c.attrs<UnpackAttrs>();
  require_count(c, attrs.num);
  const Shape& x = c.in(0).shape;
  const int axis = checked_axis(attrs.axis, x.rank());
  if (x[axis] != kDynamic && x[axis] != attrs.num)
    fail_user("axis {} of {} has {} elements, expected {}", axis, x.str(), x[axis], attrs.num);
  Shape y = x;
  y.erase(axis);
  for (int i = 0; i < c.outputs(); ++i) set_moved(c, i, 0, y);
}

void lower_at(LowerContext& c, int input, int axis) {
  const Shape& x = c.in(input).shape;
  if (x.elements() == 0) return;
  MoteConcat p = {};
  p.bits = movable_bits(c.in(input).dtype);
  p.outer = x.elements(0, axis);
  p.count = c.outputs();
  std::vector<int64_t> inner;
  for (int i = 0; i < c.outputs(); ++i) {
    inner.push_back(c.out(i).shape.elements() / p.outer);
    p.total += inner.back();
  }
  c.step(kernels::kSplit, p, {c.constant(inner), c.in_ref(input)}, c.out_refs());
  if (p.outer == 1 && p.bits >= 8) c.last_step().divide_input = 1;
}

void lower_split(LowerContext& c) {
  lower_at(c, 1, checked_axis(one_int(c, 0, "axis"), c.in(1).shape.rank()));
}

void lower_split_v(LowerContext& c) {
  lower_at(c, 0, checked_axis(one_int(c, 2, "axis"), c.in(0).shape.rank()));
}

void lower_unpack(LowerContext& c) {
  lower_at(c, 0, checked_axis(c.attrs<UnpackAttrs>().axis, c.in(0).shape.rank()));
}

int split_version(const NodeView& node) {
  return node.in(1).dtype == DType::i32 ? 3 : version_by_type<1, 2, 4>(node);
}

int unpack_version(const NodeView& node) {
  switch (node.in(0).dtype) {
    case DType::i8:
    case DType::u8:
      return 2;
    case DType::boolean:
      return 3;
    case DType::i16:
      return 4;
    case DType::f16:
    case DType::bf16:
      return 5;
    default:
      return 1;
  }
}

constexpr TfliteField kSplitFields[] = {{0, "num_splits"}};
constexpr TfliteField kUnpackFields[] = {{0, "num"}, {1, "axis"}};

}  // namespace

extern const OpDef kSplit = {
    .name = "split",
    .attrs = &attrs_of<SplitAttrs>,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = -1,
    .traits = kMovement,
    .infer = infer_split,
    .lower = lower_split,
    .quant = {.kind = QuantKind::same_scale, .activations = 0b10},
    .tflite = {.code = 49, .options = 35, .fields = kSplitFields, .version = split_version},
};

extern const OpDef kSplitV = {
    .name = "split_v",
    .attrs = &attrs_of<SplitAttrs>,
    .min_inputs = 3,
    .max_inputs = 3,
    .outputs = -1,
    .traits = kMovement,
    .infer = infer_split_v,
    .lower = lower_split_v,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 102,
               .options = 79,
               .fields = kSplitFields,
               .version = version_by_type<0, 2>},
};

extern const OpDef kUnpack = {
    .name = "unpack",
    .attrs = &attrs_of<UnpackAttrs>,
    .outputs = -1,
    .traits = kMovement,
    .infer = infer_unpack,
    .lower = lower_unpack,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 88, .options = 64, .fields = kUnpackFields, .version = unpack_version},
};

}  // namespace mote::ops
