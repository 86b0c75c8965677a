#include "ops/transpose.h"

#include "base/error.h"
#include "ops/moving.h"

namespace mote::ops {
namespace {

// The permutation with negative axes resolved.
std::vector<int> checked_permutation(std::span<const int64_t> perm, int rank) {
  if (static_cast<int>(perm.size()) != rank)
    fail_user("perm has {} elements, the input has {} axes", perm.size(), rank);
  std::vector<int> axes;
  std::vector<bool> seen(perm.size(), false);
  for (const int64_t axis : perm) {
    axes.push_back(checked_axis(axis, rank, "perm's axis"));
    if (seen[static_cast<size_t>(axes.back())]) fail_user("perm names axis {} twice", axis);
    seen[static_cast<size_t>(axes.back())] = true;
  }
  return axes;
}

void infer(InferContext& c) {
  const TensorType& x = c.in(0);
  const auto perm = ints_or_declared(c, 1, "perm", x.shape.rank());
  if (!perm) return;
  const std::vector<int> axes = checked_permutation(*perm, x.shape.rank());
  Shape y;
  for (const int axis : axes) y.push_back(x.shape[axis]);
  set_moved(c, 0, 0, y);
}

void lower(LowerContext& c) {
  const Shape& x = c.in(0).shape;
  const std::vector<int> axes = checked_permutation(required_ints(c, 1, "perm"), x.rank());
  const std::vector<int64_t> strides = strides_of(x);
  CopyPlan plan;
  for (const int axis : axes) {
    plan.extent.push_back(x[axis]);
    plan.stride.push_back(strides[static_cast<size_t>(axis)]);
  }
  lower_copy(c, plan);
}

int version(const NodeView& node) {
  const DType dtype = node.in(0).dtype;
  const int rank = node.in(0).shape.rank();
  if (dtype == DType::f16) return 9;
  if (rank > 6 || dtype == DType::bf16) return 8;
  if (dtype == DType::i4) return 7;
  if (rank > 5) return 6;
  if (dtype == DType::i16) return 5;
  if (rank > 4) return 4;
  if (dtype == DType::boolean) return 3;
  return dtype == DType::i8 ? 2 : 1;
}

}  // namespace

extern const OpDef kTranspose = {
    .name = "transpose",
    .min_inputs = 2,
    .max_inputs = 2,
    .traits = kMovement,
    .infer = infer,
    .lower = lower,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 39, .options = 26, .version = version},
};

}  // namespace mote::ops
