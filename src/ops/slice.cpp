#include "ops/slice.h"

#include "base/error.h"
#include "kernels/movement/families.h"
#include "kernels/movement/movement.h"
#include "ops/moving.h"

namespace mote::ops {
namespace {

void require_count(const std::vector<int64_t>& values, int rank, const char* what) {
  if (static_cast<int>(values.size()) != rank)
    fail_user("{} has {} elements, the input has {} axes", what, values.size(), rank);
}

// The extent of y along axis d; `begin` is empty where it is computed at run time.
int64_t sliced_extent(const Shape& x, int d, std::optional<int64_t> begin, int64_t size) {
  if (begin && *begin < 0) fail_user("begin {} of axis {} is negative", *begin, d);
  if (size < -1) fail_user("size {} of axis {} is below -1", size, d);
  if (x[d] == kDynamic) return size;
  if (begin && *begin > x[d])
    fail_user("begin {} of axis {} is beyond its {} elements", *begin, d, x[d]);
  if (size == -1) return begin ? x[d] - *begin : kDynamic;
  if (size > x[d] - begin.value_or(0))
    fail_user("{} elements from {} leave axis {} of {}", size, begin.value_or(0), d, x.str());
  return size;
}

void infer_slice(InferContext& c) {
  const Shape& x = c.in(0).shape;
  const auto size = ints_or_declared(c, 2, "size", x.rank());
  if (!size) return;
  require_count(*size, x.rank(), "size");
  const auto begin = c.constant_ints(1);
  if (begin) require_count(*begin, x.rank(), "begin");
  Shape y = x;
  for (int d = 0; d < x.rank(); ++d) {
    const auto at = static_cast<size_t>(d);
    y[d] = sliced_extent(x, d, begin ? std::optional((*begin)[at]) : std::nullopt, (*size)[at]);
    if (y[d] == kDynamic && c.declared(0).shape.rank() == x.rank()) y[d] = c.declared(0).shape[d];
  }
  set_moved(c, 0, 0, y);
}

void set_box(LowerContext& c, MoteBox* p, const Shape& x, const Shape& box, int begin_input) {
  p->rank = x.rank();
  p->bits = movable_bits(c.in(0).dtype);
  p->begin_bits = checked_index_bits(c, begin_input, "begin");
  if (c.in(begin_input).shape.elements() != x.rank())
    fail_user("begin has shape {}, the input {} axes", c.in(begin_input).shape.str(), x.rank());
  for (int d = 0; d < x.rank(); ++d) {
    p->in_extent[d] = x[d];
    p->box[d] = box[d];
  }
}

void lower_slice(LowerContext& c) {
  const Shape& x = c.in(0).shape;
  const Shape& y = c.out(0).shape;
  if (x.rank() == 0) return c.view(c.in_ref(0), c.out_ref(0));
  if (const auto begin = c.constant_ints(1)) {
    CopyPlan plan{{y.begin(), y.end()}, strides_of(x)};
    for (int d = 0; d < x.rank(); ++d) {
      const auto at = static_cast<size_t>(d);
      sliced_extent(x, d, (*begin)[at], y[d]);
      plan.offset += (*begin)[at] * plan.stride[at];
    }
    return lower_copy(c, std::move(plan));
  }
  MoteBox p = {};
  set_box(c, &p, x, y, 1);
  c.step(kernels::kSliceAt, p, {c.in_ref(0), c.in_ref(1)}, {c.out_ref(0)});
}

void infer_update(InferContext& c) {
  const TensorType &x = c.in(0), &update = c.in(1);
  if (update.dtype != x.dtype)
    fail_user("update is {}, the input is {}", name_of(update.dtype), name_of(x.dtype));
  if (update.shape.rank() != x.shape.rank())
    fail_user("update {} and input {} differ in rank", update.shape.str(), x.shape.str());
  if (c.in(2).shape.is_static() && c.in(2).shape.elements() != x.shape.rank())
    fail_user("begin has {} elements, the input has {} axes", c.in(2).shape.elements(),
              x.shape.rank());
  for (int d = 0; d < x.shape.rank(); ++d) {
    if (x.shape[d] != kDynamic && update.shape[d] > x.shape[d])
      fail_user("update {} is larger than the input {}", update.shape.str(), x.shape.str());
  }
  set_moved(c, 0, 0, x.shape);
}

void lower_update(LowerContext& c) {
  const Shape& x = c.in(0).shape;
  if (x.elements() == 0) return;
  if (x.rank() == 0) return c.view(c.in_ref(1), c.out_ref(0));
  MoteBox p = {};
  set_box(c, &p, x, c.in(1).shape, 2);
  c.step(kernels::kUpdateSlice, p, {c.in_ref(0), c.in_ref(1), c.in_ref(2)}, {c.out_ref(0)}, 0);
}

int slice_version(const NodeView& node) {
  const DType dtype = node.in(0).dtype;
  if (dtype == DType::f16) return 8;
  if (dtype == DType::i4) return 7;
  if (dtype == DType::u32) return 6;
  if (node.in(0).shape.rank() > 4) return 5;
  return version_by_type<0, 2, 4>(node);
}

int update_version(const NodeView& node) {
  switch (node.in(0).dtype) {
    case DType::bf16:
      return 6;
    case DType::i4:
      return 5;
    case DType::i16:
      return 4;
    case DType::f16:
      return 3;
    default:
      return node.in(2).dtype == DType::i64 ? 2 : 1;
  }
}

}  // namespace

extern const OpDef kSlice = {
    .name = "slice",
    .min_inputs = 3,
    .max_inputs = 3,
    .traits = kMovement,
    .infer = infer_slice,
    .lower = lower_slice,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 65, .options = 48, .version = slice_version},
};

extern const OpDef kDynamicUpdateSlice = {
    .name = "dynamic_update_slice",
    .min_inputs = 3,
    .max_inputs = 3,
    .traits = kMovement,
    .infer = infer_update,
    .lower = lower_update,
    .may_reuse = 0,
    .quant = {.kind = QuantKind::same_scale, .activations = 0b11},
    .tflite = {.code = 151, .options = 117, .version = update_version},
};

}  // namespace mote::ops
