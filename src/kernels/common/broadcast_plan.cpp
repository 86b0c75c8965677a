#include "kernels/common/broadcast_plan.h"

#include <array>

namespace mote::kernels {
namespace {

struct Axis {
  int64_t extent = 1;
  std::array<int64_t, kMoteMaxOperands> stride{};
};

// The operand's stride along an output axis, given its extent there and the elements inside it.
int64_t stride_along(std::span<const int64_t> shape, size_t from_end, int64_t inner) {
  if (from_end >= shape.size() || shape[shape.size() - 1 - from_end] == 1) return 0;
  return inner;
}

// Whether `outer` and `inner` are one axis for every operand: a step of the outer one is a whole
// inner one.
bool mergeable(const Axis& outer, const Axis& inner, size_t operands) {
  for (size_t k = 0; k < operands; ++k) {
    if (outer.stride[k] != inner.extent * inner.stride[k]) return false;
  }
  return true;
}

}  // namespace

MoteBroadcast plan_broadcast(std::span<const int64_t> output,
                             std::initializer_list<std::span<const int64_t>> operands) {
  const size_t count = operands.size();
  std::array<int64_t, kMoteMaxOperands> inner{1, 1, 1};
  std::array<Axis, kMoteMaxAxes> axes;  // innermost first
  size_t used = 0;
  MoteBroadcast plan{};
  plan.count = 1;
  for (size_t from_end = 0; from_end < output.size(); ++from_end) {
    Axis axis;
    axis.extent = output[output.size() - 1 - from_end];
    plan.count *= axis.extent;
    for (size_t k = 0; k < count; ++k) {
      const auto shape = operands.begin()[k];
      axis.stride[k] = stride_along(shape, from_end, inner[k]);
      if (from_end < shape.size()) inner[k] *= shape[shape.size() - 1 - from_end];
    }
    if (axis.extent == 1) continue;
    if (used > 0 && mergeable(axis, axes[used - 1], count)) {
      axes[used - 1].extent *= axis.extent;
    } else {
      axes[used++] = axis;
    }
  }
  if (used == 0) used = 1;
  plan.rank = static_cast<int32_t>(used);
  plan.operands = static_cast<int32_t>(count);
  for (size_t i = 0; i < used; ++i) {
    const Axis& axis = axes[used - 1 - i];
    plan.extent[i] = static_cast<int32_t>(axis.extent);
    for (size_t k = 0; k < count; ++k) plan.stride[k][i] = static_cast<int32_t>(axis.stride[k]);
  }
  return plan;
}

}  // namespace mote::kernels
