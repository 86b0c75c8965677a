#include "ops/pool_2d.h"

#include "base/error.h"
#include "kernels/pool2d/families.h"
#include "kernels/pool2d/pool2d.h"
#include "ops/linear.h"

namespace mote::ops {
namespace {

void infer(InferContext& c) {
  const auto& a = c.attrs<Pool2dAttrs>();
  const TensorType& type = require_rank(c, 0, 4, "the input");
  const Shape& x = type.shape;
  if (type.dtype != DType::f32 && type.dtype != DType::i8 && type.dtype != DType::u8 &&
      type.dtype != DType::i16)
    fail_unsupported("pooling of {}; float32, int8, uint8 and int16 are supported",
                     name_of(type.dtype));
  float_range(a.activation);
  const int64_t h = window_extent(a.padding, x[1], a.filter_height, a.stride_h, 1, "height");
  const int64_t w = window_extent(a.padding, x[2], a.filter_width, a.stride_w, 1, "width");
  c.set_out(0, type.dtype, Shape{x[0], h, w, x[3]});
  if (c.declared(0).quant.empty()) c.set_quant(0, type.quant);
}

void infer_l2(InferContext& c) {
  infer(c);
  if (c.in(0).dtype != DType::f32)
    fail_unsupported("pooling of {}; float32 is supported", name_of(c.in(0).dtype));
}

MoteWindow window_of(const NodeView& c) {
  const auto& a = c.attrs<Pool2dAttrs>();
  const Shape &x = c.in(0).shape, &y = c.out(0).shape;
  MoteWindow g = {};
  g.batches = static_cast<int32_t>(x[0]);
  g.in_h = static_cast<int32_t>(x[1]), g.in_w = static_cast<int32_t>(x[2]),
  g.in_c = static_cast<int32_t>(x[3]);
  g.out_h = static_cast<int32_t>(y[1]), g.out_w = static_cast<int32_t>(y[2]), g.out_c = g.in_c;
  g.filter_h = a.filter_height, g.filter_w = a.filter_width;
  g.stride_h = a.stride_h, g.stride_w = a.stride_w;
  g.dilation_h = g.dilation_w = 1;
  g.pad_top = window_pad(a.padding, x[1], a.filter_height, a.stride_h, 1, y[1]);
  g.pad_left = window_pad(a.padding, x[2], a.filter_width, a.stride_w, 1, y[2]);
  return g;
}

void lower_f32(LowerContext& c, const kernels::Family& family) {
  const FloatRange range = float_range(c.attrs<Pool2dAttrs>().activation);
  c.step(family, MotePoolF32{window_of(c), range.min, range.max}, {c.in_ref(0)}, {c.out_ref(0)});
  c.last_step().by_rows = true;
}

void lower_pool(LowerContext& c, const kernels::Family& f32, const kernels::Family& integers) {
  const TensorType& y = c.out(0);
  if (y.shape.elements() == 0) return;
  if (y.dtype == DType::f32) return lower_f32(c, f32);
  const Activation activation = c.attrs<Pool2dAttrs>().activation;
  if (activation != Activation::none && y.quant.empty())
    fail_user("fused activation, but the output has no scale");
  const IntRange range = int_range(activation, y);
  c.step(integers, MotePoolInt{window_of(c), element_type(y.dtype), range.min, range.max},
         {c.in_ref(0)}, {c.out_ref(0)});
  c.last_step().by_rows = true;
}

void lower_average(LowerContext& c) {
  lower_pool(c, kernels::kAveragePoolF32, kernels::kAveragePoolInt);
}
void lower_max(LowerContext& c) { lower_pool(c, kernels::kMaxPoolF32, kernels::kMaxPoolInt); }
void lower_l2(LowerContext& c) {
  if (c.out(0).shape.elements() != 0) lower_f32(c, kernels::kL2PoolF32);
}

Cost cost_l2(const NodeView& c) {
  const auto& a = c.attrs<Pool2dAttrs>();
  return {c.out(0).shape.elements() * a.filter_height * a.filter_width};
}

int version(const NodeView& c) {
  const DType x = c.in(0).dtype;
  return x == DType::i16 ? 3 : x == DType::i8 ? 2 : 1;
}

constexpr TfliteField kFields[] = {{0, "padding"},      {1, "stride_w"},      {2, "stride_h"},
                                   {3, "filter_width"}, {4, "filter_height"}, {5, "activation"}};

}  // namespace

extern const OpDef kAveragePool2d = {
    .name = "average_pool_2d",
    .attrs = &attrs_of<Pool2dAttrs>,
    .traits = kFusedActivation,
    .infer = infer,
    .lower = lower_average,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 1, .options = 5, .fields = kFields, .version = version},
};

extern const OpDef kMaxPool2d = {
    .name = "max_pool_2d",
    .attrs = &attrs_of<Pool2dAttrs>,
    .traits = kFusedActivation,
    .infer = infer,
    .lower = lower_max,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 17, .options = 5, .fields = kFields, .version = version},
};

extern const OpDef kL2Pool2d = {
    .name = "l2_pool_2d",
    .attrs = &attrs_of<Pool2dAttrs>,
    .traits = kFusedActivation,
    .infer = infer_l2,
    .lower = lower_l2,
    .cost = cost_l2,
    .quant = {.why_not = "the official kernel is float only"},
    .tflite = {.code = 12, .options = 5, .fields = kFields},
};

}  // namespace mote::ops
