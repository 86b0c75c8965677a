#include "ops/pad.h"

#include <algorithm>

#include "base/error.h"
#include "kernels/movement/families.h"
#include "kernels/movement/movement.h"
#include "ops/moving.h"

namespace mote::ops {

std::span<const char* const> names_of(MirrorPadMode) {
  static constexpr const char* kNames[] = {"reflect", "symmetric"};
  return kNames;
}

namespace {

void check_paddings(const Shape& x, std::span<const int64_t> paddings) {
  if (static_cast<int>(paddings.size()) != 2 * x.rank())
    fail_user("paddings has {} elements, expected 2 for each of {} axes", paddings.size(),
              x.rank());
  for (const int64_t padding : paddings) {
    if (padding < 0) fail_user("padding {} is negative; use slice to crop", padding);
    if (padding > kMaxElements) fail_user("padding {} is too large", padding);
  }
}

void infer(InferContext& c) {
  const Shape& x = c.in(0).shape;
  const auto paddings = ints_or_declared(c, 1, "paddings", x.rank());
  if (!paddings) return;
  check_paddings(x, *paddings);
  Shape y = x;
  for (int d = 0; d < x.rank(); ++d) {
    const auto at = static_cast<size_t>(2 * d);
    if (y[d] != kDynamic) y[d] += (*paddings)[at] + (*paddings)[at + 1];
  }
  set_moved(c, 0, 0, y);
}

void infer_mirror(InferContext& c) {
  infer(c);
  const Shape& x = c.in(0).shape;
  const auto paddings = c.constant_ints(1);
  if (!paddings) return;
  const int64_t edge = c.attrs<MirrorPadAttrs>().mode == MirrorPadMode::reflect ? 1 : 0;
  for (int d = 0; d < x.rank(); ++d) {
    const auto at = static_cast<size_t>(2 * d);
    const int64_t most = std::max((*paddings)[at], (*paddings)[at + 1]);
    if (x[d] != kDynamic && most > x[d] - edge)
      fail_user("padding {} of axis {} mirrors more than its {} elements", most, d, x[d]);
  }
}

// Extents of x and y and the padding before, neighbours without padding joined to the axis before.
template <class P>
void set_axes(P* p, const Shape& x, const Shape& y, std::span<const int64_t> paddings) {
  int rank = 0;
  for (int d = 0; d < x.rank(); ++d) {
    const int64_t before = paddings[static_cast<size_t>(2 * d)];
    if (x[d] == 1 && y[d] == 1) continue;
    if (rank > 0 && x[d] == y[d]) {
      // Every element of the axis before is now a run of x[d].
      p->in_extent[rank - 1] *= x[d];
      p->out_extent[rank - 1] *= x[d];
      p->before[rank - 1] *= x[d];
      continue;
    }
    p->in_extent[rank] = x[d];
    p->out_extent[rank] = y[d];
    p->before[rank] = before;
    ++rank;
  }
  if (rank == 0) p->in_extent[rank] = p->out_extent[rank] = 1, ++rank;
  p->rank = rank;
}

// The stored zero of the output, in the low bits of fill.
void set_zero(MotePad* p, const TensorType& y) {
  if (y.quant.empty()) return;
  const auto zero_point = static_cast<uint64_t>(y.zero_point());
  p->fill[0] = p->bits == 4 ? zero_point & 15u : zero_point;
}

void lower_pad(LowerContext& c) {
  const TensorType& x = c.in(0);
  if (c.out(0).shape.elements() == 0) return;
  if (x.shape.rank() == 0) return c.view(c.in_ref(0), c.out_ref(0));
  const std::vector<int64_t> paddings = required_ints(c, 1, "paddings");
  if (c.has(2) && (c.in(2).dtype != x.dtype || c.in(2).shape.elements() != 1))
    fail_user("the value is {}, expected one element of {}", c.in(2).str(), name_of(x.dtype));
  MotePad p = {};
  p.bits = movable_bits(x.dtype);
  set_axes(&p, x.shape, c.out(0).shape, paddings);
  set_zero(&p, c.out(0));
  c.step(kernels::kPad, p, {c.in_ref(0), c.in_ref(2)}, {c.out_ref(0)});
}

void lower_mirror(LowerContext& c) {
  const TensorType& x = c.in(0);
  if (c.out(0).shape.elements() == 0) return;
  if (x.shape.rank() == 0) return c.view(c.in_ref(0), c.out_ref(0));
  const std::vector<int64_t> paddings = required_ints(c, 1, "paddings");
  MoteMirrorPad p = {};
  p.bits = movable_bits(x.dtype);
  p.skip_edge = c.attrs<MirrorPadAttrs>().mode == MirrorPadMode::reflect;
  p.rank = x.shape.rank();  // mirroring needs the axes as they are
  for (int d = 0; d < p.rank; ++d) {
    p.in_extent[d] = x.shape[d];
    p.out_extent[d] = c.out(0).shape[d];
    p.before[d] = paddings[static_cast<size_t>(2 * d)];
  }
  c.step(kernels::kMirrorPad, p, {c.in_ref(0)}, {c.out_ref(0)});
}

int version(const NodeView& node) {
  if (node.in(0).dtype == DType::boolean) return 5;
  if (node.in(0).shape.rank() > 4) return 4;
  return version_by_type<0, 2, 3>(node);
}

constexpr TfliteField kMirrorFields[] = {{0, "mode"}};

}  // namespace

extern const OpDef kPad = {
    .name = "pad",
    .min_inputs = 2,
    .max_inputs = 2,
    .traits = kMovement,
    .infer = infer,
    .lower = lower_pad,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 34, .options = 22, .version = version},
};

extern const OpDef kPadv2 = {
    .name = "padv2",
    .min_inputs = 3,
    .max_inputs = 3,
    .traits = kMovement,
    .infer = infer,
    .lower = lower_pad,
    .quant = {.kind = QuantKind::same_scale, .activations = 0b101},
    .tflite = {.code = 60, .options = 43, .version = version},
};

extern const OpDef kMirrorPad = {
    .name = "mirror_pad",
    .attrs = &attrs_of<MirrorPadAttrs>,
    .min_inputs = 2,
    .max_inputs = 2,
    .traits = kMovement,
    .infer = infer_mirror,
    .lower = lower_mirror,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 100,
               .options = 77,
               .fields = kMirrorFields,
               .version = version_by_type<0, 2, 3>},
};

}  // namespace mote::ops
