#include "ops/conv_2d.h"

#include <algorithm>

#include "base/error.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/conv2d/families.h"
#include "kernels/depthwise_conv2d/depthwise_conv2d.h"
#include "kernels/depthwise_conv2d/families.h"
#include "ops/linear.h"

namespace mote::ops {
namespace {

constexpr Operands kPlain = {.x = 0, .w = 1, .bias = 2, .w_axis = 0, .half = true};
constexpr Operands kDepthwise = {.x = 0, .w = 1, .bias = 2, .w_axis = 3};

int64_t groups_of(const Shape& x, const Shape& w) {
  if (x[3] == kDynamic || w[3] == kDynamic) return 1;
  return x[3] / w[3];
}

// Zeros before and after x along an axis, 0 the height.
struct Pads {
  int64_t before = 0, after = 0;
};

Pads pads_of(const std::vector<int32_t>& pads, size_t axis) {
  if (pads.empty()) return {};
  if (pads.size() != 4 || std::any_of(pads.begin(), pads.end(), [](int32_t n) { return n < 0; }))
    fail_user("pads: expected four numbers, none negative");
  return {pads[2 * axis], pads[2 * axis + 1]};
}

int64_t padded(int64_t extent, Pads pads) {
  return extent == kDynamic ? kDynamic : extent + pads.before + pads.after;
}

// x, w and y in extents, checked against each other; `channels` is y's last.
template <class A>
void infer_window(InferContext& c, const Operands& o, int64_t channels) {
  const auto& a = c.attrs<A>();
  const Shape &x = c.in(0).shape, &w = c.in(1).shape;
  const int64_t in_h = padded(x[1], pads_of(a.pads, 0)), in_w = padded(x[2], pads_of(a.pads, 1));
  const int64_t h = w[1] == kDynamic
                        ? kDynamic
                        : window_extent(a.padding, in_h, w[1], a.stride_h, a.dilation_h, "height");
  const int64_t width =
      w[2] == kDynamic ? kDynamic
                       : window_extent(a.padding, in_w, w[2], a.stride_w, a.dilation_w, "width");
  float_range(a.activation);
  check_operands(c, o, channels);
  c.set_out(0, c.in(0).dtype, Shape{x[0], h, width, channels});
  check_quantization(c, o, c.types()[0], channels);
}

void infer(InferContext& c) {
  const Shape& x = require_rank(c, 0, 4, "the input").shape;
  const Shape& w = require_rank(c, 1, 4, "the weights").shape;
  if (x[3] == 0 || w[3] == 0 || w[0] == 0)
    fail_user("input {} with weights {}: no channels", x.str(), w.str());
  if (x[3] != kDynamic && w[3] != kDynamic) {
    if (x[3] % w[3] != 0)
      fail_user("input has {} channels, not a multiple of the weights' {}", x[3], w[3]);
    if (w[0] != kDynamic && w[0] % (x[3] / w[3]) != 0)
      fail_user("{} output channels do not divide into {} groups", w[0], x[3] / w[3]);
  }
  infer_window<Conv2dAttrs>(c, kPlain, w[0]);
}

void infer_depthwise(InferContext& c) {
  const Shape& x = require_rank(c, 0, 4, "the input").shape;
  const Shape& w = require_rank(c, 1, 4, "the weights").shape;
  if (w[0] != 1 && w[0] != kDynamic)
    fail_user("weights have shape {}, expected a first extent of 1", w.str());
  if (x[3] == 0 || w[3] == 0) fail_user("input {} with weights {}: no channels", x.str(), w.str());
  if (x[3] != kDynamic && w[3] != kDynamic && w[3] % x[3] != 0)
    fail_user("weights have {} channels, not a multiple of the input's {}", w[3], x[3]);
  infer_window<DepthwiseConv2dAttrs>(c, kDepthwise, w[3]);
}

template <class A>
MoteWindow window_of(const NodeView& c) {
  const auto& a = c.attrs<A>();
  const Shape &x = c.in(0).shape, &w = c.in(1).shape, &y = c.out(0).shape;
  MoteWindow g = window_extents(x, w, y);
  g.stride_h = a.stride_h, g.stride_w = a.stride_w;
  g.dilation_h = a.dilation_h, g.dilation_w = a.dilation_w;
  const Pads rows = pads_of(a.pads, 0), columns = pads_of(a.pads, 1);
  g.pad_top = window_pad(a.padding, padded(x[1], rows), w[1], a.stride_h, a.dilation_h, y[1]) +
              static_cast<int32_t>(rows.before);
  g.pad_left = window_pad(a.padding, padded(x[2], columns), w[2], a.stride_w, a.dilation_w, y[2]) +
               static_cast<int32_t>(columns.before);
  return g;
}

// The official kernel takes weights whose scales are all alike for per-tensor ones, and quantizes x
// symmetrically then.
bool scales_differ(const TensorType& w) {
  const auto& s = w.quant.scale;
  return std::any_of(s.begin(), s.end(), [&](float scale) { return scale != s[0]; });
}

QuantizedRows quantized_batches(LowerContext& c, bool asymmetric) {
  const Shape& x = c.in(0).shape;
  return quantize_rows(c, c.in_ref(0), x[0], x.elements(1, 4), asymmetric);
}

void lower(LowerContext& c) {
  const auto& a = c.attrs<Conv2dAttrs>();
  if (c.out(0).shape.elements() == 0) return;
  const MoteWindow window = window_of<Conv2dAttrs>(c);
  const auto groups = static_cast<int32_t>(groups_of(c.in(0).shape, c.in(1).shape));
  const FloatRange range = float_range(a.activation);
  if (is_hybrid(c, kPlain)) {
    const bool per_channel = scales_differ(c.in(1)) || groups != 1;
    const QuantizedRows q = quantized_batches(c, per_channel);
    const MoteConv2dHybrid p = {
        window, groups, {element_type(c.in(1).dtype), per_channel ? 1 : 0, range.min, range.max}};
    c.step(kernels::kConv2dHybrid, p,
           {q.x, c.in_ref(1), c.in_ref(2), c.constant(weight_scales(c.in(1), window.out_c)),
            q.scale, q.zero},
           {c.out_ref(0)});
  } else if (c.in(0).dtype == DType::f32) {
    const MoteConv2dF32 p = {window, groups, range.min, range.max};
    const bool half = c.in(1).dtype == DType::f16;
    c.step(half ? kernels::kConv2dF16 : kernels::kConv2dF32, p,
           {c.in_ref(0), c.in_ref(1), c.in_ref(2)}, {c.out_ref(0)});
  } else {
    const IntPlan plan =
        plan_int(c, kPlain, a.activation, window.out_c, false, a.quantized_bias_type);
    const MoteConv2dInt p = {window, groups, plan.mac};
    c.step(kernels::kConv2dInt, p, {c.in_ref(0), c.in_ref(1), c.in_ref(2), plan.first, plan.second},
           {c.out_ref(0)});
  }
  c.last_step().by_rows = true;
}

void lower_depthwise(LowerContext& c) {
  const auto& a = c.attrs<DepthwiseConv2dAttrs>();
  if (c.out(0).shape.elements() == 0) return;
  const MoteWindow window = window_of<DepthwiseConv2dAttrs>(c);
  const FloatRange range = float_range(a.activation);
  if (is_hybrid(c, kDepthwise)) {
    const QuantizedRows q = quantized_batches(c, true);
    const MoteDepthwiseHybrid p = {window, {element_type(c.in(1).dtype), 0, range.min, range.max}};
    c.step(kernels::kDepthwiseConv2dHybrid, p,
           {q.x, c.in_ref(1), c.in_ref(2), c.constant(weight_scales(c.in(1), window.out_c)),
            q.scale, q.zero},
           {c.out_ref(0)});
  } else if (c.in(0).dtype == DType::f32) {
    const MoteDepthwiseF32 p = {window, range.min, range.max};
    c.step(kernels::kDepthwiseConv2dF32, p, {c.in_ref(0), c.in_ref(1), c.in_ref(2)},
           {c.out_ref(0)});
  } else {
    const IntPlan plan = plan_int(c, kDepthwise, a.activation, window.out_c, false, DType::f32);
    const MoteDepthwiseInt p = {window, plan.mac};
    c.step(kernels::kDepthwiseConv2dInt, p,
           {c.in_ref(0), c.in_ref(1), c.in_ref(2), plan.first, plan.second}, {c.out_ref(0)});
  }
  c.last_step().by_rows = true;
}

Cost cost(const NodeView& c) { return {c.out(0).shape.elements() * c.in(1).shape.elements(1, 4)}; }

Cost cost_depthwise(const NodeView& c) {
  return {c.out(0).shape.elements() * c.in(1).shape.elements(1, 3)};
}

int version(const NodeView& c) {
  const DType x = c.in(0).dtype, w = c.in(1).dtype;
  if (x == DType::i16 && w == DType::i8 && c.attrs<Conv2dAttrs>().quantized_bias_type != DType::f32)
    return 8;
  if (groups_of(c.in(0).shape, c.in(1).shape) != 1) return 6;
  if (x == DType::i8) return w == DType::i4 ? 7 : 3;
  if (x == DType::f32 && w == DType::i8) return c.in(1).quant.per_axis() ? 5 : 2;
  return 1;
}

int depthwise_version(const NodeView& c) {
  const DType x = c.in(0).dtype, w = c.in(1).dtype;
  const auto& a = c.attrs<DepthwiseConv2dAttrs>();
  if (x == DType::f32 && w == DType::i8) return c.in(1).quant.per_axis() ? 6 : 4;
  if (x == DType::i8) return w == DType::i4 ? 7 : 3;
  return a.dilation_h != 1 || a.dilation_w != 1 ? 2 : 1;
}

constexpr TfliteField kFields[] = {
    {0, "padding"},       {1, "stride_w"},      {2, "stride_h"},           {3, "activation"},
    {4, "dilation_w", 1}, {5, "dilation_h", 1}, {6, "quantized_bias_type"}};
constexpr TfliteField kDepthwiseFields[] = {
    {0, "padding"},    {1, "stride_w"},      {2, "stride_h"},     {3, "depth_multiplier"},
    {4, "activation"}, {5, "dilation_w", 1}, {6, "dilation_h", 1}};

}  // namespace

extern const OpDef kConv2d = {
    .name = "conv_2d",
    .attrs = &attrs_of<Conv2dAttrs>,
    .min_inputs = 2,
    .max_inputs = 3,
    .traits = kFusedActivation | kHalfWeights,
    .infer = infer,
    .lower = lower,
    .cost = cost,
    .quant = {.kind = QuantKind::free,
              .weights = 1,
              .weights_axis = 0,
              .bias = 2,
              .dynamic = true,
              .int4_weights = true},
    .tflite = {.code = 3, .options = 1, .fields = kFields, .version = version, .needs_bias = true},
};

extern const OpDef kDepthwiseConv2d = {
    .name = "depthwise_conv_2d",
    .attrs = &attrs_of<DepthwiseConv2dAttrs>,
    .min_inputs = 2,
    .max_inputs = 3,
    .traits = kFusedActivation,
    .infer = infer_depthwise,
    .lower = lower_depthwise,
    .cost = cost_depthwise,
    .quant = {.kind = QuantKind::free, .weights = 1, .weights_axis = 3, .bias = 2, .dynamic = true},
    .tflite = {.code = 4,
               .options = 2,
               .fields = kDepthwiseFields,
               .version = depthwise_version,
               .needs_bias = true},
};

}  // namespace mote::ops
