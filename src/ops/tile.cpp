#include "ops/tile.h"

#include <algorithm>

#include "base/error.h"
#include "kernels/indexing/families.h"
#include "kernels/indexing/indexing.h"
#include "ops/moving.h"

namespace mote::ops {
namespace {

void infer_tile(InferContext& c) {
  const Shape& x = c.in(0).shape;
  const auto multiples = ints_or_declared(c, 1, "multiples", x.rank());
  if (!multiples) return;
  if (static_cast<int>(multiples->size()) != x.rank())
    fail_user("multiples has {} elements, the input has {} axes", multiples->size(), x.rank());
  Shape y = x;
  for (int d = 0; d < x.rank(); ++d) {
    const int64_t times = (*multiples)[static_cast<size_t>(d)];
    if (times < 0 || times > kMaxElements) fail_user("multiple {} is out of range", times);
    if (y[d] != kDynamic) y[d] *= times;
  }
  set_moved(c, 0, 0, y);
}

void lower_tile(LowerContext& c) {
  const Shape &x = c.in(0).shape, &y = c.out(0).shape;
  if (y.elements() == 0) return;
  const std::vector<int64_t> strides = strides_of(x);
  CopyPlan plan;
  for (int d = 0; d < x.rank(); ++d) {
    if (x[d] == 0 || y[d] % x[d] != 0)
      fail_user("the output's declared shape {} is no repetition of {}", y.str(), x.str());
    plan.extent.push_back(y[d] / x[d]);
    plan.stride.push_back(0);
    plan.extent.push_back(x[d]);
    plan.stride.push_back(strides[static_cast<size_t>(d)]);
  }
  lower_copy(c, std::move(plan));
}

void infer_broadcast_to(InferContext& c) {
  const Shape& x = c.in(0).shape;
  const auto extents = ints_or_declared(c, 1, "shape", -1);
  if (!extents) return;
  const auto y = Shape::checked(*extents);
  if (!y || !y->is_static()) fail_user("can't broadcast {} to a shape like that", x.str());
  const auto together = broadcast(x, *y);
  if (!together || !(*together == *y)) fail_user("can't broadcast {} to {}", x.str(), y->str());
  set_moved(c, 0, 0, *y);
}

void lower_broadcast_to(LowerContext& c) {
  const Shape &x = c.in(0).shape, &y = c.out(0).shape;
  if (y.elements() == 0) return;
  const auto together = broadcast(x, y);
  if (!together || !(*together == y))
    fail_user("can't broadcast {} to the declared shape {}", x.str(), y.str());
  const std::vector<int64_t> strides = strides_of(x);
  const int shift = y.rank() - x.rank();
  CopyPlan plan;
  for (int d = 0; d < y.rank(); ++d) {
    const bool stretched = d < shift || x[d - shift] == 1;
    plan.extent.push_back(y[d]);
    plan.stride.push_back(stretched ? 0 : strides[static_cast<size_t>(d - shift)]);
  }
  lower_copy(c, std::move(plan));
}

void infer_broadcast_args(InferContext& c) {
  const Shape &a = c.in(0).shape, &b = c.in(1).shape;
  if (c.in(0).dtype != c.in(1).dtype ||
      (c.in(0).dtype != DType::i32 && c.in(0).dtype != DType::i64))
    fail_user("inputs are {} and {}, expected int32 or int64 alike", name_of(c.in(0).dtype),
              name_of(c.in(1).dtype));
  if (a.rank() != 1 || b.rank() != 1) fail_user("inputs must be shapes, that is, vectors");
  const bool known = a[0] != kDynamic && b[0] != kDynamic;
  c.set_out(0, c.in(0).dtype, Shape{known ? std::max(a[0], b[0]) : kDynamic});
}

void lower_broadcast_args(LowerContext& c) {
  MoteBroadcastArgs p = {};
  p.a_count = c.in(0).shape[0];
  p.b_count = c.in(1).shape[0];
  p.bits = bits_of(c.in(0).dtype);
  c.step(kernels::kBroadcastArgs, p, {c.in_ref(0), c.in_ref(1)}, {c.out_ref(0)});
}

int broadcast_to_version(const NodeView& node) {
  return node.in(0).dtype == DType::i8 || node.in(0).dtype == DType::i16 ? 3 : 2;
}

}  // namespace

extern const OpDef kTile = {
    .name = "tile",
    .min_inputs = 2,
    .max_inputs = 2,
    .traits = kMovement,
    .infer = infer_tile,
    .lower = lower_tile,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 69, .options = 51, .version = version_by_type<0, 3>},
};

extern const OpDef kBroadcastTo = {
    .name = "broadcast_to",
    .min_inputs = 2,
    .max_inputs = 2,
    .traits = kMovement,
    .infer = infer_broadcast_to,
    .lower = lower_broadcast_to,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 130, .options = 104, .version = broadcast_to_version},
};

extern const OpDef kBroadcastArgs = {
    .name = "broadcast_args",
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer_broadcast_args,
    .lower = lower_broadcast_args,
    .quant = {.kind = QuantKind::passthrough, .activations = 0},
    .tflite = {.code = 145},
};

}  // namespace mote::ops
