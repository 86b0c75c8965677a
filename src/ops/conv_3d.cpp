#include "ops/conv_3d.h"

#include "base/error.h"
#include "kernels/conv3d/conv3d.h"
#include "kernels/conv3d/families.h"
#include "ops/linear.h"

namespace mote::ops {
namespace {

constexpr const char* kAxes[3] = {"depth", "height", "width"};

int32_t stride_of(const Conv3dAttrs& a, int axis) {
  return axis == 0 ? a.stride_d : axis == 1 ? a.stride_h : a.stride_w;
}
int32_t dilation_of(const Conv3dAttrs& a, int axis) {
  return axis == 0 ? a.dilation_d : axis == 1 ? a.dilation_h : a.dilation_w;
}

void check_types(const NodeView& c, int x, int bias, int64_t channels) {
  for (const int i : {x, 1, bias}) {
    if (c.has(i) && c.in(i).dtype != DType::f32)
      fail_unsupported("input {} is {}; 3-D convolutions are float32 only", i,
                       name_of(c.in(i).dtype));
  }
  if (!c.has(bias) || !c.in(bias).shape.is_static() || channels == kDynamic) return;
  if (c.in(bias).shape.elements() != channels)
    fail_user("bias has {} elements, expected one for each of {} output channels",
              c.in(bias).shape.elements(), channels);
}

int64_t extent_of(const Conv3dAttrs& a, int64_t in, const Shape& w, int axis) {
  if (w[axis] == kDynamic) return kDynamic;
  return window_extent(a.padding, in, w[axis], stride_of(a, axis), dilation_of(a, axis),
                       kAxes[axis]);
}

void infer(InferContext& c) {
  const auto& a = c.attrs<Conv3dAttrs>();
  const Shape& x = require_rank(c, 0, 5, "the input").shape;
  const Shape& w = require_rank(c, 1, 5, "the weights").shape;
  if (x[4] != kDynamic && w[3] != kDynamic && x[4] != w[3])
    fail_user("input has {} channels, the weights {}", x[4], w[3]);
  if (x[4] == 0) fail_user("input {} has no channels", x.str());
  check_types(c, 0, 2, w[4]);
  float_range(a.activation);
  Shape y = {x[0]};
  for (int axis = 0; axis < 3; ++axis) y.push_back(extent_of(a, x[axis + 1], w, axis));
  y.push_back(w[4]);
  c.set_out(0, DType::f32, y);
}

Shape output_shape(const InferContext& c) {
  if (!c.has(0)) fail_user("input 0 (the output shape) is missing");
  const auto extents = c.constant_ints(0);
  if (!extents) {
    const Shape& declared = c.declared(0).shape;
    if (declared.rank() != 5) fail_user("the output shape is not known before the model runs");
    return declared;
  }
  const auto shape = Shape::checked(*extents);
  if (!shape || shape->rank() != 5 || !shape->is_static())
    fail_user("the output shape input is no shape of 5 dimensions");
  return *shape;
}

void infer_transpose(InferContext& c) {
  const auto& a = c.attrs<Conv3dAttrs>();
  const Shape& w = require_rank(c, 1, 5, "the weights").shape;
  const Shape& x = require_rank(c, 2, 5, "the input").shape;
  const Shape y = output_shape(c);
  if (x[4] != kDynamic && w[4] != kDynamic && x[4] != w[4])
    fail_user("input has {} channels, the weights {}", x[4], w[4]);
  if (y[4] != kDynamic && w[3] != kDynamic && y[4] != w[3])
    fail_user("the output shape {} has {} channels, the weights {}", y.str(), y[4], w[3]);
  if (y[0] != kDynamic && x[0] != kDynamic && y[0] != x[0])
    fail_user("the output shape {} has {} batches, the input {}", y.str(), y[0], x[0]);
  for (int axis = 0; axis < 3; ++axis) {
    const int64_t small = extent_of(a, y[axis + 1], w, axis);
    if (small != kDynamic && x[axis + 1] != kDynamic && small != x[axis + 1])
      fail_user("an output {} of {} comes from an input of {}, got {}", kAxes[axis], y[axis + 1],
                small, x[axis + 1]);
  }
  check_types(c, 2, 3, w[3]);
  float_range(a.activation);
  c.set_out(0, DType::f32, y);
}

// `transposed`: the padding is that of the convolution from y to x.
MoteConv3d params_of(const NodeView& c, const Shape& x, bool transposed) {
  const auto& a = c.attrs<Conv3dAttrs>();
  const Shape &w = c.in(1).shape, &y = c.out(0).shape;
  const FloatRange range = float_range(a.activation);
  MoteConv3d p = {};
  p.batches = static_cast<int32_t>(x[0]);
  p.in_c = static_cast<int32_t>(x[4]);
  p.out_c = static_cast<int32_t>(y[4]);
  p.act_min = range.min, p.act_max = range.max;
  for (int axis = 0; axis < 3; ++axis) {
    const int64_t in = x[axis + 1], out = y[axis + 1];
    p.in[axis] = static_cast<int32_t>(in);
    p.out[axis] = static_cast<int32_t>(out);
    p.filter[axis] = static_cast<int32_t>(w[axis]);
    p.stride[axis] = stride_of(a, axis);
    p.dilation[axis] = dilation_of(a, axis);
    p.pad[axis] = window_pad(a.padding, transposed ? out : in, w[axis], p.stride[axis],
                             p.dilation[axis], transposed ? in : out);
  }
  return p;
}

void lower(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  c.step(kernels::kConv3dF32, params_of(c, c.in(0).shape, false),
         {c.in_ref(0), c.in_ref(1), c.in_ref(2)}, {c.out_ref(0)});
}

void lower_transpose(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  c.step(kernels::kConv3dTransposeF32, params_of(c, c.in(2).shape, true),
         {c.in_ref(2), c.in_ref(1), c.in_ref(3)}, {c.out_ref(0)});
}

Cost cost(const NodeView& c) { return {c.out(0).shape.elements() * c.in(1).shape.elements(0, 4)}; }
Cost cost_transpose(const NodeView& c) {
  return {c.in(2).shape.elements() * c.in(1).shape.elements(0, 4)};
}

constexpr TfliteField kFields[] = {{0, "padding"},       {1, "stride_d"},     {2, "stride_w"},
                                   {3, "stride_h"},      {4, "activation"},   {5, "dilation_d", 1},
                                   {6, "dilation_w", 1}, {7, "dilation_h", 1}};
constexpr const char* kWhyNot = "the official 3-D convolution kernels are float only";

}  // namespace

extern const OpDef kConv3d = {
    .name = "conv_3d",
    .attrs = &attrs_of<Conv3dAttrs>,
    .min_inputs = 2,
    .max_inputs = 3,
    .traits = kFusedActivation,
    .infer = infer,
    .lower = lower,
    .cost = cost,
    .quant = {.weights = 1, .weights_axis = 4, .bias = 2, .why_not = kWhyNot},
    .tflite = {.code = 132, .options = 106, .fields = kFields},
};

extern const OpDef kConv3dTranspose = {
    .name = "conv_3d_transpose",
    .attrs = &attrs_of<Conv3dAttrs>,
    .min_inputs = 3,
    .max_inputs = 4,
    .traits = kFusedActivation,
    .infer = infer_transpose,
    .lower = lower_transpose,
    .cost = cost_transpose,
    .quant = {.activations = 0b100, .weights = 1, .weights_axis = 3, .bias = 3, .why_not = kWhyNot},
    .tflite = {.code = 141, .options = 106, .fields = kFields},
};

}  // namespace mote::ops
