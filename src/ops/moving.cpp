#include "ops/moving.h"

#include "base/error.h"
#include "kernels/movement/families.h"
#include "kernels/movement/movement.h"

namespace mote::ops {

int checked_axis(int64_t axis, int rank, const char* what) {
  const auto found = normalize_axis(axis, rank);
  if (!found) fail_user("{} {} is outside [{}, {})", what, axis, -rank, rank);
  return *found;
}

std::vector<int64_t> required_ints(const NodeView& node, int i, const char* what) {
  auto values = node.constant_ints(i);
  if (!values) {
    fail_unsupported("{} is computed while the model runs; Mote needs it to be constant", what);
  }
  return *std::move(values);
}

std::optional<std::vector<int64_t>> ints_or_declared(InferContext& c, int i, const char* what,
                                                     int out_rank) {
  auto values = c.constant_ints(i);
  if (values) return values;
  const Shape declared = c.declared(0).shape;
  if (out_rank >= 0 && declared.rank() != out_rank) {
    fail_user("{} is not constant, and the output's declared shape {} does not have {} axes", what,
              declared.str(), out_rank);
  }
  set_moved(c, 0, 0, declared);
  return std::nullopt;
}

int32_t checked_index_bits(const NodeView& node, int i, const char* what) {
  const DType dtype = node.in(i).dtype;
  if (dtype != DType::i32 && dtype != DType::i64)
    fail_user("{} is {}, expected int32 or int64", what, name_of(dtype));
  return bits_of(dtype);
}

int32_t movable_bits(DType dtype) {
  const int bits = bits_of(dtype);
  if (bits == 0) fail_unsupported("elements of type {} can't be moved", name_of(dtype));
  return bits;
}

void set_moved(InferContext& c, int out, int in, const Shape& shape) {
  c.set_out(out, c.in(in).dtype, shape);
  if (c.declared(out).quant.empty() && !c.in(in).quant.per_axis()) c.set_quant(out, c.in(in).quant);
}

std::vector<int64_t> strides_of(const Shape& shape) {
  std::vector<int64_t> strides(static_cast<size_t>(shape.rank()));
  int64_t stride = 1;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    strides[static_cast<size_t>(d)] = stride;
    stride *= shape[d];
  }
  return strides;
}

namespace {

// Drops axes of one element and joins neighbours that are one run of x.
CopyPlan merged(const CopyPlan& plan) {
  CopyPlan out;
  out.offset = plan.offset;
  for (size_t d = 0; d < plan.extent.size(); ++d) {
    if (plan.extent[d] == 1) continue;
    if (!out.extent.empty() && out.stride.back() == plan.stride[d] * plan.extent[d]) {
      out.extent.back() *= plan.extent[d];
      out.stride.back() = plan.stride[d];
    } else {
      out.extent.push_back(plan.extent[d]);
      out.stride.push_back(plan.stride[d]);
    }
  }
  if (out.extent.empty()) {
    out.extent = {1};
    out.stride = {1};
  }
  return out;
}

}  // namespace

void lower_copy(LowerContext& c, CopyPlan plan, int in) {
  const int64_t elements = c.out(0).shape.elements();
  const int32_t bits = movable_bits(c.in(in).dtype);
  if (elements == 0) return;
  plan = merged(plan);
  if (plan.extent.size() == 1 && plan.stride[0] == 1 && plan.offset == 0 &&
      elements == c.in(in).shape.elements()) {
    c.view(c.in_ref(in), c.out_ref(0));
    return;
  }
  if (plan.extent.size() > kMoteCopyRank) {
    fail_unsupported("moves elements along {} axes, at most {} are supported", plan.extent.size(),
                     static_cast<int>(kMoteCopyRank));
  }
  MoteStridedCopy p = {};
  p.rank = static_cast<int32_t>(plan.extent.size());
  for (size_t d = 0; d < plan.extent.size(); ++d) {
    p.extent[d] = plan.extent[d];
    p.in_stride[d] = plan.stride[d];
  }
  p.in_offset = plan.offset;
  p.bits = bits;
  c.step(kernels::kStridedCopy, p, {c.in_ref(in)}, {c.out_ref(0)});
  if (p.rank == 1 && p.in_stride[0] == 1 && bits >= 8) {
    c.last_step().view = true;
    c.last_step().view_offset_bytes = static_cast<size_t>(plan.offset * (bits / 8));
  }
}

}  // namespace mote::ops
