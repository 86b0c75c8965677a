#include "ops/unary.h"

#include <cmath>

#include "base/error.h"
#include "kernels/lut/families.h"
#include "kernels/lut/tables.h"
#include "kernels/unary/families.h"
#include "ops/elementwise.h"

namespace mote::ops {
namespace {

using kernels::Affine;
using kernels::TableOp;

void infer_logical(InferContext& c) {
  require_type(c, 0, {DType::boolean});
  infer_same(c);
}

void infer_real_part(InferContext& c) {
  require_type(c, 0, {DType::c64});
  c.set_out(0, DType::f32, c.in(0).shape);
}

float slope_of(const NodeView& c) {
  return c.node().attrs.is<LeakyReluAttrs>() ? c.attrs<LeakyReluAttrs>().alpha : 0.0f;
}

// --- Lowering

MoteUnaryParams params_of(const LowerContext& c) {
  MoteUnaryParams p{};
  p.count = c.out(0).shape.elements();
  p.alpha = slope_of(c);
  return p;
}

void add_step(LowerContext& c, std::string_view op, std::string_view type,
              const MoteUnaryParams& p) {
  const auto& family = require_family(kernels::unary_families(), op, type, c.in(0).str());
  c.step(family, p, {c.in_ref(0)}, {c.out_ref(0)}, 0);
}

bool is_byte(DType dtype) { return dtype == DType::i8 || dtype == DType::u8; }

void lower_plain(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  add_step(c, c.node().op->name, short_name(c.in(0).dtype), params_of(c));
}

void lower_zeros_like(LowerContext& c) {
  MoteUnaryParams p{};
  const auto size = c.out(0).shape.bytes(c.out(0).dtype);
  p.count = static_cast<int64_t>(size.value_or(0));
  if (p.count == 0) return;
  const auto& family = *kernels::find_family(kernels::unary_families(), "zeros_like");
  c.step(family, p, {c.in_ref(0)}, {c.out_ref(0)}, 0);
}

// A lookup in `table`, which the step reads as a constant.
template <class T>
void add_lookup(LowerContext& c, std::string_view family, const MoteLutParams& p,
                const std::vector<T>& table) {
  c.step(*kernels::find_family(kernels::lut_families(), family), p,
         {c.in_ref(0), c.constant(table)}, {c.out_ref(0)}, 0);
}

struct Operands {
  Affine x, y;
};

Operands affines_of(const LowerContext& c) {
  if (c.in(0).dtype != c.out(0).dtype) {
    fail_unsupported("{} in and {} out", name_of(c.in(0).dtype), name_of(c.out(0).dtype));
  }
  require_symmetric_16(c.in(0), "the input");
  require_symmetric_16(c.out(0), "the output");
  return {affine_of(c.in(0), "the input"), affine_of(c.out(0), "the output")};
}

// The official 8-bit rsqrt scales by 2^-20 / (sqrt(x_s) * y_s); a factor below 2^-32 makes it shift
// by more than 31 places, which C does not define. Only an input of all but zeros leads there.
void require_reciprocal_scale(const Operands& q) {
  if (1.0 / (std::sqrt(q.x.scale) * q.y.scale) < 0x1p-12) {
    fail_unsupported("the output scale {} is too large for an integer reciprocal square root",
                     q.y.scale);
  }
}

// sqrt and rsqrt of numbers below 0, where the official kernels stop with an error, are those of 0.
void lower_table_8(LowerContext& c, TableOp op) {
  const Operands q = affines_of(c);
  if (op == TableOp::rsqrt) require_reciprocal_scale(q);
  const bool is_signed = c.in(0).dtype == DType::i8;
  const kernels::Table8 table = kernels::table_8(op, q.x, q.y, is_signed, slope_of(c));
  MoteLutParams p{};
  p.count = c.out(0).shape.elements();
  add_lookup(c, "lut_8", p, std::vector<uint8_t>(table.begin(), table.end()));
}

void lower_table_16(LowerContext& c, TableOp op) {
  const Operands q = affines_of(c);
  MoteLutParams p{};
  p.count = c.out(0).shape.elements();
  add_lookup(c, "lut_16", p, kernels::table_16(op, q.x, q.y));
}

// int16 by scaling each side of 0: relu, relu6, leaky_relu, abs.
void lower_rescale_16(LowerContext& c, TableOp op) {
  const Operands q = affines_of(c);
  MoteUnaryParams p = params_of(c);
  const float ratio = q.x.scale / q.y.scale;
  const float slope = op == TableOp::leaky_relu ? q.x.scale * p.alpha / q.y.scale : ratio;
  kernels::prepare_rescale(q.x, q.y, ratio, slope, p);
  Range range = range_of(DType::i16);
  if (op == TableOp::abs) p.below = kMoteBelowMagnitude;
  if (op == TableOp::relu) range = quantized_clamp_of(Activation::relu, c.out(0));
  if (op == TableOp::relu6) range = quantized_clamp_of(Activation::relu6, c.out(0));
  if (op == TableOp::relu_n1_to_1) range = quantized_clamp_of(Activation::relu_n1_to_1, c.out(0));
  p.min_y = static_cast<int32_t>(range.min);
  p.max_y = static_cast<int32_t>(range.max);
  add_step(c, "rescale", "i16_i16", p);
}

void lower_sqrt_16(LowerContext& c) {
  const Operands q = affines_of(c);
  MoteUnaryParams p = params_of(c);
  p.scale_x = q.x.scale;
  p.scale_y = q.y.scale;
  p.min_y = INT16_MIN;
  p.max_y = INT16_MAX;
  add_step(c, "sqrt", "qi16", p);
}

void lower_sigmoid_16(LowerContext& c, TableOp op) {
  const Operands q = affines_of(c);
  require_affine(c.out(0), "the output", 1.0f / 32768, 0);
  MoteLutParams p{};
  p.count = c.out(0).shape.elements();
  const bool tanh = op == TableOp::tanh;
  kernels::prepare_sigmoid_16(q.x.scale, tanh, p);
  add_lookup(c, tanh ? "tanh_qi16" : "logistic_qi16", p, kernels::sigmoid_table());
}

// How int16 is done.
using Lower16 = void (*)(LowerContext&, TableOp);

void lower_function(LowerContext& c, TableOp op, Lower16 lower_16) {
  if (c.out(0).shape.elements() == 0) return;
  const TensorType& x = c.in(0);
  if (is_byte(x.dtype)) return lower_table_8(c, op);
  if (is_quantized(x) && lower_16) return lower_16(c, op);
  if (is_quantized(x)) fail_unsupported("int16 input; dequantize it first");
  add_step(c, c.node().op->name, short_name(x.dtype), params_of(c));
}

template <TableOp op, Lower16 lower_16 = nullptr>
void lower_quantizable(LowerContext& c) {
  lower_function(c, op, lower_16);
}

void lower_sqrt(LowerContext& c) {
  lower_function(c, TableOp::sqrt, [](LowerContext& context, TableOp) { lower_sqrt_16(context); });
}

void lower_gelu(LowerContext& c) {
  const bool approximate = c.attrs<GeluAttrs>().approximate;
  if (c.in(0).dtype != DType::f32) {
    return lower_function(c, approximate ? TableOp::gelu_tanh : TableOp::gelu, lower_table_16);
  }
  if (c.out(0).shape.elements() == 0) return;
  add_step(c, approximate ? "gelu_tanh" : "gelu", "f32", params_of(c));
}

// --- TFLite

template <int int8, int int16, int int32 = 1>
int by_type(const NodeView& c) {
  const DType dtype = c.in(0).dtype;
  return dtype == DType::i8 ? int8 : dtype == DType::i16 ? int16 : dtype == DType::i32 ? int32 : 1;
}

int abs_version(const NodeView& c) {
  if (c.in(0).dtype == DType::i16) return is_quantized(c.in(0)) ? 3 : 4;
  return c.in(0).dtype == DType::i32 ? 5 : is_byte(c.in(0).dtype) ? 2 : 1;
}

int relu_version(const NodeView& c) {
  return c.in(0).dtype == DType::i16 ? 3 : is_byte(c.in(0).dtype) ? 2 : 1;
}

int gelu_version(const NodeView& c) { return is_byte(c.in(0).dtype) ? 2 : 1; }

constexpr TfliteField kLeakyReluFields[] = {{0, "alpha"}};
constexpr TfliteField kGeluFields[] = {{0, "approximate"}};

// --- Records

constexpr QuantRule kFree = {.kind = QuantKind::free};
constexpr QuantRule kFree8 = {.kind = QuantKind::free, .int16 = false};
constexpr QuantRule kNoIntegers = {.why_not = "it has no integer kernel"};
constexpr QuantRule kNotReal = {.why_not = "it does not take real numbers"};
constexpr QuantRule kLogisticRule = {.kind = QuantKind::fixed,
                                     .fixed_scale_i8 = 1.0f / 256,
                                     .fixed_zero_point_i8 = -128,
                                     .fixed_scale_i16 = 1.0f / 32768};
constexpr QuantRule kTanhRule = {.kind = QuantKind::fixed,
                                 .fixed_scale_i8 = 1.0f / 128,
                                 .fixed_zero_point_i8 = 0,
                                 .fixed_scale_i16 = 1.0f / 32768};

constexpr OpDef one_input(const char* name, void (*lower)(LowerContext&), QuantRule quant,
                          TfliteFormat tflite, void (*infer)(InferContext&) = infer_same) {
  return {.name = name,
          .traits = kElementwise,
          .infer = infer,
          .lower = lower,
          .may_reuse = 0,
          .quant = quant,
          .tflite = tflite};
}

constexpr OpDef with_attrs(OpDef op, const AttrType* attrs) {
  op.attrs = attrs;
  return op;
}

}  // namespace

extern const OpDef kAbs = one_input("abs", lower_quantizable<TableOp::abs, lower_rescale_16>, kFree,
                                    {.code = 101, .options = 78, .version = abs_version});
extern const OpDef kNeg =
    one_input("neg", lower_plain, {.why_not = "the official integer kernel ignores zero points"},
              {.code = 59, .options = 42});
extern const OpDef kCeil = one_input("ceil", lower_plain, kNoIntegers, {.code = 104});
extern const OpDef kFloor = one_input("floor", lower_plain, kNoIntegers, {.code = 8});
extern const OpDef kRound = one_input("round", lower_plain, kNoIntegers, {.code = 116});
extern const OpDef kSqrt =
    one_input("sqrt", lower_sqrt, kFree, {.code = 75, .version = by_type<2, 2>});
extern const OpDef kRsqrt = one_input("rsqrt", lower_quantizable<TableOp::rsqrt, lower_table_16>,
                                      kFree, {.code = 76, .version = by_type<2, 3>});
extern const OpDef kSquare =
    one_input("square", lower_plain, kNoIntegers, {.code = 92, .options = 66});
extern const OpDef kExp = one_input("exp", lower_quantizable<TableOp::exp, lower_table_16>, kFree,
                                    {.code = 47, .options = 33, .version = by_type<2, 2>});
extern const OpDef kLog = one_input("log", lower_quantizable<TableOp::log, lower_table_16>, kFree,
                                    {.code = 73, .version = by_type<2, 2>});
extern const OpDef kSin = one_input("sin", lower_plain, kNoIntegers, {.code = 66});
extern const OpDef kCos = one_input("cos", lower_plain, kNoIntegers, {.code = 108, .options = 84});
extern const OpDef kSign = one_input("sign", lower_plain, kNoIntegers,
                                     {.code = 158, .options = 123, .version = by_type<1, 1, 2>});

extern const OpDef kRelu = one_input("relu", lower_quantizable<TableOp::relu, lower_rescale_16>,
                                     kFree, {.code = 19, .version = relu_version});
extern const OpDef kRelu6 = one_input("relu6", lower_quantizable<TableOp::relu6, lower_rescale_16>,
                                      kFree, {.code = 21, .version = by_type<2, 3>});
extern const OpDef kReluN1To1 =
    one_input("relu_n1_to_1", lower_quantizable<TableOp::relu_n1_to_1, lower_rescale_16>, kFree8,
              {.code = 20});
extern const OpDef kRelu0To1 =
    one_input("relu_0_to_1", lower_quantizable<TableOp::relu_0_to_1>, kFree8, {.code = 152});
extern const OpDef kElu =
    one_input("elu", lower_quantizable<TableOp::elu, lower_table_16>, kFree8, {.code = 111});
extern const OpDef kLeakyRelu = with_attrs(
    one_input("leaky_relu", lower_quantizable<TableOp::leaky_relu, lower_rescale_16>, kFree,
              {.code = 98, .options = 75, .fields = kLeakyReluFields, .version = by_type<1, 2>}),
    &attrs_of<LeakyReluAttrs>);
extern const OpDef kGelu = with_attrs(
    one_input("gelu", lower_gelu, kFree,
              {.code = 150, .options = 116, .fields = kGeluFields, .version = gelu_version}),
    &attrs_of<GeluAttrs>);
extern const OpDef kHardSwish = one_input("hard_swish", lower_quantizable<TableOp::hard_swish>,
                                          kFree8, {.code = 117, .options = 91});
extern const OpDef kLogistic =
    one_input("logistic", lower_quantizable<TableOp::logistic, lower_sigmoid_16>, kLogisticRule,
              {.code = 14, .version = by_type<2, 3>});
extern const OpDef kTanh = one_input("tanh", lower_quantizable<TableOp::tanh, lower_sigmoid_16>,
                                     kTanhRule, {.code = 28, .version = by_type<2, 3>});

extern const OpDef kLogicalNot =
    one_input("logical_not", lower_plain, kNotReal, {.code = 87, .options = 63}, infer_logical);
extern const OpDef kZerosLike =
    one_input("zeros_like", lower_zeros_like, {.why_not = "its output is a constant"},
              {.code = 93, .options = 67});
extern const OpDef kReal = one_input("real", lower_plain, kNotReal, {.code = 134}, infer_real_part);
extern const OpDef kImag = one_input("imag", lower_plain, kNotReal, {.code = 133}, infer_real_part);
extern const OpDef kComplexAbs =
    one_input("complex_abs", lower_plain, kNotReal, {.code = 135}, infer_real_part);

}  // namespace mote::ops
