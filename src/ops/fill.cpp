#include "ops/fill.h"

#include <cmath>

#include "base/error.h"
#include "kernels/indexing/families.h"
#include "kernels/indexing/indexing.h"
#include "kernels/movement/families.h"
#include "kernels/movement/movement.h"
#include "ops/moving.h"

namespace mote::ops {
namespace {

void infer_fill(InferContext& c) {
  const TensorType& value = c.in(1);
  if (value.shape.is_static() && value.shape.elements() != 1)
    fail_user("value has shape {}, expected one element", value.shape.str());
  Shape y = c.declared(0).shape;
  if (const auto extents = c.constant_ints(0)) {
    const auto shape = Shape::checked(*extents);
    if (!shape || !shape->is_static()) fail_user("the shape input is not a shape");
    y = *shape;
  }
  set_moved(c, 0, 1, y);
}

void lower_fill(LowerContext& c) {
  MoteFill p = {};
  p.elements = c.out(0).shape.elements();
  p.bits = movable_bits(c.in(1).dtype);
  if (p.elements == 0) return;
  c.step(kernels::kFill, p, {c.in_ref(1)}, {c.out_ref(0)});
}

template <class T>
int64_t count_ints(T start, T limit, T delta) {
  if (delta == 0) fail_user("delta is 0");
  const auto first = static_cast<double>(start), last = static_cast<double>(limit);
  if ((delta > 0 && first > last) || (delta < 0 && first < last))
    fail_user("a step of {} does not lead from {} to {}", delta, start, limit);
  // In double first: the exact number may not fit an int64.
  if (std::abs((last - first) / static_cast<double>(delta)) > static_cast<double>(kMaxElements))
    fail_user("from {} to {} by {} is too many elements", start, limit, delta);
  const int64_t span = std::abs(static_cast<int64_t>(limit) - static_cast<int64_t>(start));
  const int64_t step = std::abs(static_cast<int64_t>(delta));
  return (span + step - 1) / step;
}

int64_t count_floats(float start, float limit, float delta) {
  if (delta == 0) fail_user("delta is 0");
  if ((delta > 0 && start > limit) || (delta < 0 && start < limit))
    fail_user("a step of {} does not lead from {} to {}", delta, start, limit);
  const float count = std::ceil(std::abs((limit - start) / delta));
  if (!(count <= static_cast<float>(kMaxElements)))
    fail_user("from {} to {} by {} is too many elements", start, limit, delta);
  return static_cast<int64_t>(count);
}

template <class T>
T scalar(const NodeView& c, int i) {
  return c.constant<T>(i)[0];
}

void infer_range(InferContext& c) {
  const DType dtype = c.in(0).dtype;
  if (dtype != DType::f32 && dtype != DType::i32 && dtype != DType::i64)
    fail_unsupported("ranges of {}; float32, int32 and int64 are supported", name_of(dtype));
  bool constant = true;
  for (int i = 0; i < 3; ++i) {
    if (c.in(i).dtype != dtype) fail_user("start, limit and delta differ in type");
    if (c.in(i).shape.is_static() && c.in(i).shape.elements() != 1)
      fail_user("start, limit and delta must be scalars, input {} is {}", i, c.in(i).shape.str());
    constant = constant && c.is_constant(i);
  }
  int64_t count = kDynamic;
  if (!constant) {
    if (c.declared(0).shape.rank() == 1) count = c.declared(0).shape[0];
  } else if (dtype == DType::f32) {
    count = count_floats(scalar<float>(c, 0), scalar<float>(c, 1), scalar<float>(c, 2));
  } else if (dtype == DType::i32) {
    count = count_ints(scalar<int32_t>(c, 0), scalar<int32_t>(c, 1), scalar<int32_t>(c, 2));
  } else {
    count = count_ints(scalar<int64_t>(c, 0), scalar<int64_t>(c, 1), scalar<int64_t>(c, 2));
  }
  c.set_out(0, dtype, Shape{count});
}

void lower_range(LowerContext& c) {
  MoteRange p = {};
  p.count = c.out(0).shape.elements();
  p.sum_type = c.in(0).dtype == DType::f32
                   ? kMoteSumF32
                   : (c.in(0).dtype == DType::i64 ? kMoteSumI64 : kMoteSumI32);
  if (p.count == 0) return;
  c.step(kernels::kRange, p, {c.in_ref(0), c.in_ref(2)}, {c.out_ref(0)});
}

Buffer rank_of(const NodeView& c) {
  return Buffer::of(std::vector<int32_t>{static_cast<int32_t>(c.in(0).shape.rank())});
}

void infer_rank(InferContext& c) {
  c.set_out(0, DType::i32, Shape{});
  c.set_constant(0, rank_of(c));
}

void lower_rank(LowerContext& c) {
  c.copy(c.constant(DType::i32, Shape{}, rank_of(c)), c.out_ref(0));
}

int fill_version(const NodeView& node) {
  switch (node.in(1).dtype) {
    case DType::f16:
      return 4;
    case DType::i8:
    case DType::i16:
      return 3;
    case DType::boolean:
      return 2;
    default:
      return 1;
  }
}

int range_version(const NodeView& node) { return node.in(0).dtype == DType::i64 ? 2 : 1; }

}  // namespace

extern const OpDef kFill = {
    .name = "fill",
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer_fill,
    .lower = lower_fill,
    .quant = {.kind = QuantKind::same_scale, .activations = 0b10},
    .tflite = {.code = 94, .options = 68, .version = fill_version},
};

extern const OpDef kRange = {
    .name = "range",
    .min_inputs = 3,
    .max_inputs = 3,
    .infer = infer_range,
    .lower = lower_range,
    .quant = {.why_not = "makes numbers, takes no activations"},
    .tflite = {.code = 96, .options = 73, .version = range_version},
};

extern const OpDef kRank = {
    .name = "rank",
    .infer = infer_rank,
    .lower = lower_rank,
    .quant = {.kind = QuantKind::passthrough},
    .tflite = {.code = 110, .options = 86},
};

}  // namespace mote::ops
