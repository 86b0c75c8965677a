#include "ops/reverse.h"

#include <algorithm>

#include "base/error.h"
#include "kernels/indexing/families.h"
#include "kernels/indexing/indexing.h"
#include "ops/moving.h"

namespace mote::ops {
namespace {

void infer_reverse(InferContext& c) {
  if (const auto axes = c.constant_ints(1)) {
    for (const int64_t axis : *axes) checked_axis(axis, c.in(0).shape.rank());
  }
  set_moved(c, 0, 0, c.in(0).shape);
}

void lower_reverse(LowerContext& c) {
  const Shape& x = c.in(0).shape;
  CopyPlan plan{{x.begin(), x.end()}, strides_of(x)};
  std::vector<bool> seen(plan.extent.size(), false);
  for (const int64_t value : required_ints(c, 1, "axis")) {
    const auto axis = static_cast<size_t>(checked_axis(value, x.rank()));
    if (seen[axis]) fail_user("axis {} is named twice", value);
    seen[axis] = true;
    plan.offset += (plan.extent[axis] - 1) * plan.stride[axis];
    plan.stride[axis] = -plan.stride[axis];
  }
  lower_copy(c, std::move(plan));
}

void infer_sequence(InferContext& c) {
  const auto& attrs = c.attrs<ReverseSequenceAttrs>();
  const Shape &x = c.in(0).shape, &lengths = c.in(1).shape;
  const int seq = checked_axis(attrs.seq_dim, x.rank(), "seq_dim");
  const int batch = checked_axis(attrs.batch_dim, x.rank(), "batch_dim");
  if (seq == batch) fail_user("seq_dim and batch_dim are both {}", seq);
  if (c.in(1).dtype != DType::i32 && c.in(1).dtype != DType::i64)
    fail_user("lengths are {}, expected int32 or int64", name_of(c.in(1).dtype));
  if (lengths.rank() != 1 ||
      (lengths[0] != x[batch] && lengths[0] != kDynamic && x[batch] != kDynamic))
    fail_user("lengths {} do not match axis {} of {}", lengths.str(), batch, x.str());
  set_moved(c, 0, 0, x);
}

void lower_sequence(LowerContext& c) {
  const auto& attrs = c.attrs<ReverseSequenceAttrs>();
  const Shape& x = c.in(0).shape;
  if (x.elements() == 0) return;
  const int seq = checked_axis(attrs.seq_dim, x.rank());
  const int batch = checked_axis(attrs.batch_dim, x.rank());
  const int first = std::min(seq, batch), second = std::max(seq, batch);
  MoteReverseSequence p = {};
  p.outer = x.elements(0, first);
  p.first = x[first];
  p.middle = x.elements(first + 1, second);
  p.second = x[second];
  p.inner = x.elements(second + 1, x.rank());
  p.batch_is_first = batch == first;
  p.bits = movable_bits(c.in(0).dtype);
  p.length_bits = bits_of(c.in(1).dtype);
  c.step(kernels::kReverseSequence, p, {c.in_ref(0), c.in_ref(1)}, {c.out_ref(0)});
}

int reverse_version(const NodeView& node) {
  const DType dtype = node.in(0).dtype;
  return dtype == DType::i8 ? 3 : (dtype == DType::boolean ? 2 : 1);
}

constexpr TfliteField kSequenceFields[] = {{0, "seq_dim"}, {1, "batch_dim"}};

}  // namespace

extern const OpDef kReverseV2 = {
    .name = "reverse_v2",
    .min_inputs = 2,
    .max_inputs = 2,
    .traits = kMovement,
    .infer = infer_reverse,
    .lower = lower_reverse,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 105, .options = 81, .version = reverse_version},
};

extern const OpDef kReverseSequence = {
    .name = "reverse_sequence",
    .attrs = &attrs_of<ReverseSequenceAttrs>,
    .min_inputs = 2,
    .max_inputs = 2,
    .traits = kMovement,
    .infer = infer_sequence,
    .lower = lower_sequence,
    // The official kernel has no int8.
    .quant = {.kind = QuantKind::same_scale, .int8 = false},
    .tflite = {.code = 112, .options = 87, .fields = kSequenceFields},
};

}  // namespace mote::ops
