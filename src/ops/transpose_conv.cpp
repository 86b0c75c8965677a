#include "ops/transpose_conv.h"

#include "base/error.h"
#include "kernels/transpose_conv/families.h"
#include "kernels/transpose_conv/transpose_conv.h"
#include "ops/linear.h"

namespace mote::ops {
namespace {

constexpr Operands kOperands = {.x = 2, .w = 1, .bias = 3, .w_axis = 0};

// The output shape: from the constant, or as it was declared.
Shape output_shape(const InferContext& c) {
  if (!c.has(0)) fail_user("input 0 (the output shape) is missing");
  const auto extents = c.constant_ints(0);
  if (!extents) {
    const Shape& declared = c.declared(0).shape;
    if (declared.rank() != 4) fail_user("the output shape is not known before the model runs");
    return declared;
  }
  const auto shape = Shape::checked(*extents);
  if (!shape || shape->rank() != 4 || !shape->is_static())
    fail_user("the output shape input is no shape of 4 dimensions");
  return *shape;
}

// Extent of the convolution that takes y back to x.
int64_t small_extent(const TransposeConvAttrs& a, const Shape& y, const Shape& w, int axis) {
  return axis == 1 ? window_extent(a.padding, y[1], w[1], a.stride_h, 1, "height")
                   : window_extent(a.padding, y[2], w[2], a.stride_w, 1, "width");
}

void check_extents(const Shape& x, const Shape& w, const Shape& y, const TransposeConvAttrs& a) {
  if (x[3] != kDynamic && w[3] != kDynamic && x[3] != w[3])
    fail_user("input has {} channels, the weights {}", x[3], w[3]);
  if (y[3] != kDynamic && w[0] != kDynamic && y[3] != w[0])
    fail_user("the output shape {} has {} channels, the weights {}", y.str(), y[3], w[0]);
  if (y[0] != kDynamic && x[0] != kDynamic && y[0] != x[0])
    fail_user("the output shape {} has {} batches, the input {}", y.str(), y[0], x[0]);
  // The official kernel takes any input extent; what falls outside the output is dropped.
  for (const int axis : {1, 2}) {
    if (w[axis] != kDynamic) small_extent(a, y, w, axis);
  }
}

void infer(InferContext& c) {
  const auto& a = c.attrs<TransposeConvAttrs>();
  const Shape& w = require_rank(c, 1, 4, "the weights").shape;
  const Shape& x = require_rank(c, 2, 4, "the input").shape;
  const Shape y = output_shape(c);
  check_extents(x, w, y, a);
  float_range(a.activation);
  check_operands(c, kOperands, w[0]);
  c.set_out(0, c.in(2).dtype, y);
  check_quantization(c, kOperands, c.types()[0], w[0]);
}

MoteWindow window_of(const NodeView& c) {
  const auto& a = c.attrs<TransposeConvAttrs>();
  const Shape &x = c.in(2).shape, &w = c.in(1).shape, &y = c.out(0).shape;
  MoteWindow g = window_extents(x, w, y);
  g.stride_h = a.stride_h, g.stride_w = a.stride_w;
  g.dilation_h = g.dilation_w = 1;
  g.pad_top = window_pad(a.padding, y[1], w[1], a.stride_h, 1, small_extent(a, y, w, 1));
  g.pad_left = window_pad(a.padding, y[2], w[2], a.stride_w, 1, small_extent(a, y, w, 2));
  return g;
}

void lower(LowerContext& c) {
  const auto& a = c.attrs<TransposeConvAttrs>();
  if (c.out(0).shape.elements() == 0) return;
  const MoteWindow window = window_of(c);
  const FloatRange range = float_range(a.activation);
  if (is_hybrid(c, kOperands)) {
    const Shape& x = c.in(2).shape;
    const QuantizedRows q = quantize_rows(c, c.in_ref(2), x[0], x.elements(1, 4), true);
    const MoteTransposeConvHybrid p = {window,
                                       {element_type(c.in(1).dtype), 1, range.min, range.max}};
    c.step(kernels::kTransposeConvHybrid, p,
           {q.x, c.in_ref(1), c.in_ref(3), c.constant(weight_scales(c.in(1), window.out_c)),
            q.scale, q.zero},
           {c.out_ref(0)});
  } else if (c.in(2).dtype == DType::f32) {
    const MoteTransposeConvF32 p = {window, range.min, range.max};
    c.step(kernels::kTransposeConvF32, p, {c.in_ref(2), c.in_ref(1), c.in_ref(3)}, {c.out_ref(0)});
  } else {
    const IntPlan plan =
        plan_int(c, kOperands, a.activation, window.out_c, false, a.quantized_bias_type);
    const MoteTransposeConvInt p = {window, plan.mac};
    c.step(kernels::kTransposeConvInt, p,
           {c.in_ref(2), c.in_ref(1), c.in_ref(3), plan.first, plan.second}, {c.out_ref(0)});
  }
}

Cost cost(const NodeView& c) { return {c.in(2).shape.elements() * c.in(1).shape.elements(0, 3)}; }

int version(const NodeView& c) {
  const auto& a = c.attrs<TransposeConvAttrs>();
  if (c.in(2).dtype == DType::i16 && a.quantized_bias_type != DType::f32) return 5;
  if (a.activation != Activation::none) return 4;
  if (c.has(3)) return 3;
  return c.in(1).dtype == DType::i8 ? 2 : 1;
}

constexpr TfliteField kFields[] = {{0, "padding"},
                                   {1, "stride_w"},
                                   {2, "stride_h"},
                                   {3, "activation"},
                                   {4, "quantized_bias_type"}};

}  // namespace

extern const OpDef kTransposeConv = {
    .name = "transpose_conv",
    .attrs = &attrs_of<TransposeConvAttrs>,
    .min_inputs = 3,
    .max_inputs = 4,
    .traits = kFusedActivation,
    .infer = infer,
    .lower = lower,
    .cost = cost,
    .quant = {.kind = QuantKind::free,
              .activations = 0b100,
              .weights = 1,
              .weights_axis = 0,
              .bias = 3,
              .dynamic = true},
    .tflite = {.code = 67, .options = 49, .fields = kFields, .version = version},
};

}  // namespace mote::ops
