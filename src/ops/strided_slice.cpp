#include "ops/strided_slice.h"

#include <algorithm>

#include "base/error.h"
#include "ops/moving.h"

namespace mote::ops {
namespace {

// One axis of the result before shrinking: where it starts in x, how it steps, how long it is.
struct Span {
  int axis = -1;  // of x; -1: a new axis
  int64_t begin = 0;
  int64_t stride = 1;
  int64_t extent = 1;
  bool shrink = false;
};

struct Bounds {
  std::vector<int64_t> begin, end, stride;
};

int64_t clamp_bound(int64_t bound, int64_t extent, int64_t stride) {
  const int64_t at = bound < 0 ? bound + extent : bound;
  return stride > 0 ? std::clamp<int64_t>(at, 0, extent) : std::clamp<int64_t>(at, -1, extent - 1);
}

// Entry i applied to an axis of x with a known extent.
Span span_of(const StridedSliceAttrs& a, const Bounds& bounds, size_t i, int axis, int64_t extent) {
  const int64_t stride = bounds.stride[i];
  if (stride == 0) fail_user("stride of axis {} is 0", axis);
  const uint32_t bit = 1u << i;
  Span span{axis, 0, stride, 0, (static_cast<uint32_t>(a.shrink_axis_mask) & bit) != 0};
  if (span.shrink) {
    int64_t at = (static_cast<uint32_t>(a.begin_mask) & bit) ? 0 : bounds.begin[i];
    if (at < 0) at += extent;
    if (at < 0 || at >= extent)
      fail_user("index {} of axis {} is outside its {} elements", bounds.begin[i], axis, extent);
    return {axis, at, 1, 1, true};
  }
  const bool from_edge = (static_cast<uint32_t>(a.begin_mask) & bit) != 0;
  const bool to_edge = (static_cast<uint32_t>(a.end_mask) & bit) != 0;
  span.begin =
      from_edge ? (stride > 0 ? 0 : extent - 1) : clamp_bound(bounds.begin[i], extent, stride);
  int64_t end = stride > 0 ? extent : -1;
  if (!to_edge) {
    end = clamp_bound(a.offset ? span.begin + bounds.end[i] : bounds.end[i], extent, stride);
  }
  const int64_t length = stride > 0 ? end - span.begin : span.begin - end;
  span.extent = length <= 0 ? 0 : (length - 1) / std::abs(stride) + 1;
  return span;
}

// The entries spread over x's axes. Extents that are not known yet give spans of unknown extent.
std::vector<Span> spans_of(const StridedSliceAttrs& a, const Bounds& bounds, const Shape& x) {
  const size_t entries = bounds.stride.size();
  const auto ellipsis = static_cast<uint32_t>(a.ellipsis_mask);
  const auto added = static_cast<uint32_t>(a.new_axis_mask);
  int taken = 0;  // axes of x that entries other than the ellipsis take
  for (size_t i = 0; i < entries; ++i)
    if (!(ellipsis >> i & 1u) && !(added >> i & 1u)) ++taken;
  if (taken > x.rank()) fail_user("slices {} axes, the input {} has {}", taken, x.str(), x.rank());
  if (ellipsis & (ellipsis - 1)) fail_user("more than one ellipsis");

  std::vector<Span> spans;
  int axis = 0;
  const auto whole = [&] { spans.push_back({axis, 0, 1, x[axis], false}), ++axis; };
  for (size_t i = 0; i < entries; ++i) {
    if (ellipsis >> i & 1u) {
      for (int n = x.rank() - taken; n > 0; --n) whole();
    } else if (added >> i & 1u) {
      spans.push_back({});
    } else if (x[axis] == kDynamic) {
      const bool shrink = (static_cast<uint32_t>(a.shrink_axis_mask) >> i & 1u) != 0;
      spans.push_back({axis++, 0, 1, shrink ? 1 : kDynamic, shrink});
    } else {
      spans.push_back(span_of(a, bounds, i, axis, x[axis]));
      ++axis;
    }
  }
  while (axis < x.rank()) whole();
  return spans;
}

Bounds checked_bounds(std::vector<int64_t> begin, std::vector<int64_t> end,
                      std::vector<int64_t> stride) {
  if (begin.size() != end.size() || begin.size() != stride.size())
    fail_user("begin, end and strides have {}, {} and {} elements; expected equal numbers",
              begin.size(), end.size(), stride.size());
  if (begin.size() > 31) fail_user("{} entries, at most 31 are possible", begin.size());
  return {std::move(begin), std::move(end), std::move(stride)};
}

void infer(InferContext& c) {
  auto begin = c.constant_ints(1), end = c.constant_ints(2), stride = c.constant_ints(3);
  if (!begin || !end || !stride) {
    const Shape declared = c.declared(0).shape;
    set_moved(c, 0, 0, declared);
    return;
  }
  const Bounds bounds = checked_bounds(*std::move(begin), *std::move(end), *std::move(stride));
  Shape y;
  for (const Span& span : spans_of(c.attrs<StridedSliceAttrs>(), bounds, c.in(0).shape)) {
    if (span.shrink) continue;
    if (y.rank() == kMaxRank) fail_unsupported("more than {} axes", kMaxRank);
    y.push_back(span.extent);
  }
  set_moved(c, 0, 0, y);
}

void lower(LowerContext& c) {
  const Shape& x = c.in(0).shape;
  const Bounds bounds = checked_bounds(required_ints(c, 1, "begin"), required_ints(c, 2, "end"),
                                       required_ints(c, 3, "strides"));
  const std::vector<int64_t> strides = strides_of(x);
  CopyPlan plan;
  for (const Span& span : spans_of(c.attrs<StridedSliceAttrs>(), bounds, x)) {
    const int64_t step = span.axis < 0 ? 0 : strides[static_cast<size_t>(span.axis)];
    plan.offset += span.begin * step;
    plan.extent.push_back(span.extent);
    plan.stride.push_back(span.stride * step);
  }
  lower_copy(c, std::move(plan));
}

int version(const NodeView& node) {
  const auto& a = node.attrs<StridedSliceAttrs>();
  const DType dtype = node.in(0).dtype;
  if (a.offset) return 8;
  if (dtype == DType::u32) return 7;
  if (a.ellipsis_mask != 0 || a.new_axis_mask != 0) return 6;
  if (node.in(0).shape.rank() > 4) return 4;
  if (dtype == DType::boolean) return 3;
  return dtype == DType::i8 ? 2 : 1;
}

constexpr TfliteField kFields[] = {{0, "begin_mask"},       {1, "end_mask"},
                                   {2, "ellipsis_mask"},    {3, "new_axis_mask"},
                                   {4, "shrink_axis_mask"}, {5, "offset"}};

}  // namespace

extern const OpDef kStridedSlice = {
    .name = "strided_slice",
    .attrs = &attrs_of<StridedSliceAttrs>,
    .min_inputs = 4,
    .max_inputs = 4,
    .traits = kMovement,
    .infer = infer,
    .lower = lower,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 45, .options = 32, .fields = kFields, .version = version},
};

}  // namespace mote::ops
