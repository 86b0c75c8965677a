#include "ops/fully_connected.h"

#include "base/error.h"
#include "kernels/fully_connected/families.h"
#include "kernels/fully_connected/fully_connected.h"
#include "ops/linear.h"

namespace mote::ops {

std::span<const char* const> names_of(WeightsFormat) {
  static constexpr const char* kNames[] = {"plain", "shuffled_4x16"};
  return kNames;
}

namespace {

constexpr Operands kOperands = {.x = 0, .w = 1, .bias = 2, .w_axis = 0, .half = true};

// Rows of x, if all extents are known or the last one is and equals the weights' depth.
int64_t rows_of(const Shape& x, int64_t depth) {
  if (x.is_static()) {
    if (x.elements() % depth != 0)
      fail_user("input {} does not divide into rows of {}", x.str(), depth);
    return x.elements() / depth;
  }
  if (x.back() != depth) return kDynamic;
  int64_t rows = 1;
  for (int d = 0; d + 1 < x.rank(); ++d) {
    if (x[d] == kDynamic) return kDynamic;
    rows *= x[d];
  }
  return rows;
}

void infer(InferContext& c) {
  const auto& a = c.attrs<FullyConnectedAttrs>();
  if (!c.has(0)) fail_user("input 0 is missing");
  const Shape& x = c.in(0).shape;
  const Shape& w = require_rank(c, 1, 2, "the weights").shape;
  if (a.weights_format != WeightsFormat::plain)
    fail_unsupported("weights in the shuffled 4x16 format; store them plainly, [outputs, inputs]");
  if (x.rank() == 0) fail_user("input is a scalar, expected at least 1 dimension");
  if (!w.is_static()) fail_unsupported("weights of unknown shape {}", w.str());
  if (w[1] == 0 || w[0] == 0)
    fail_user("weights have shape {}, expected at least one row and column", w.str());
  float_range(a.activation);
  check_operands(c, kOperands, w[0]);
  if (a.keep_num_dims) {
    if (x.back() != kDynamic && x.back() != w[1])
      fail_user("input has {} columns, the weights {}", x.back(), w[1]);
    Shape y = x;
    y[y.rank() - 1] = w[0];
    c.set_out(0, c.in(0).dtype, y);
  } else {
    c.set_out(0, c.in(0).dtype, Shape{rows_of(x, w[1]), w[0]});
  }
  check_quantization(c, kOperands, c.types()[0], w[0]);
}

void lower(LowerContext& c) {
  const auto& a = c.attrs<FullyConnectedAttrs>();
  const Shape& w = c.in(1).shape;
  const int64_t rows = c.in(0).shape.elements() / w[1];
  if (rows == 0) return;
  const FloatRange range = float_range(a.activation);
  if (is_hybrid(c, kOperands)) {
    const QuantizedRows q = quantize_rows(c, c.in_ref(0), rows, w[1], a.asymmetric_quantize_inputs);
    const MoteFullyConnectedHybrid p = {
        rows, w[1], w[0], {element_type(c.in(1).dtype), 0, range.min, range.max}};
    c.step(
        kernels::kFullyConnectedHybrid, p,
        {q.x, c.in_ref(1), c.in_ref(2), c.constant(weight_scales(c.in(1), w[0])), q.scale, q.zero},
        {c.out_ref(0)});
  } else if (c.in(0).dtype == DType::f32) {
    const MoteFullyConnectedF32 p = {rows, w[1], w[0], range.min, range.max};
    const bool half = c.in(1).dtype == DType::f16;
    c.step(half ? kernels::kFullyConnectedF16 : kernels::kFullyConnectedF32, p,
           {c.in_ref(0), c.in_ref(1), c.in_ref(2)}, {c.out_ref(0)});
  } else {
    const IntPlan plan = plan_int(c, kOperands, a.activation, w[0], true, a.quantized_bias_type);
    const MoteFullyConnectedInt p = {rows, w[1], w[0], plan.mac};
    c.step(kernels::kFullyConnectedInt, p,
           {c.in_ref(0), c.in_ref(1), c.in_ref(2), plan.first, plan.second}, {c.out_ref(0)});
  }
}

Cost cost(const NodeView& c) { return {c.out(0).shape.elements() * c.in(1).shape[1]}; }

int version(const NodeView& c) {
  const auto& a = c.attrs<FullyConnectedAttrs>();
  const DType x = c.in(0).dtype, w = c.in(1).dtype;
  if (x == DType::i16 && w == DType::i4) return 13;
  if (x == DType::f32 && w == DType::i8 && c.in(1).quant.per_axis()) return 12;
  if (x == DType::i16 && w == DType::i8 && a.quantized_bias_type != DType::f32) return 11;
  if (c.inputs() == 2) return 6;
  if (a.keep_num_dims) return 5;
  if (x == DType::i8) return w == DType::i4 ? 10 : 4;
  if (x == DType::f32 && w == DType::i8) return a.asymmetric_quantize_inputs ? 9 : 3;
  return 1;
}

constexpr TfliteField kFields[] = {{0, "activation"},
                                   {1, "weights_format"},
                                   {2, "keep_num_dims"},
                                   {3, "asymmetric_quantize_inputs"},
                                   {4, "quantized_bias_type"}};

}  // namespace

extern const OpDef kFullyConnected = {
    .name = "fully_connected",
    .attrs = &attrs_of<FullyConnectedAttrs>,
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
    .tflite = {.code = 9, .options = 8, .fields = kFields, .version = version},
};

}  // namespace mote::ops
