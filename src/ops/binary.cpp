#include "ops/binary.h"

#include "base/error.h"
#include "kernels/binary/families.h"
#include "kernels/common/broadcast_plan.h"
#include "ops/elementwise.h"

namespace mote::ops {
namespace {

// --- Shapes

void set_broadcast(InferContext& c, DType dtype) {
  const auto shape = broadcast(c.in(0).shape, c.in(1).shape);
  if (!shape) {
    fail_user("shapes {} and {} do not broadcast: extents must be equal or 1", c.in(0).shape.str(),
              c.in(1).shape.str());
  }
  c.set_out(0, dtype, *shape);
}

void require_same_type(const NodeView& c) {
  if (c.in(0).dtype != c.in(1).dtype) {
    fail_user("inputs are {} and {}, expected one type; cast one of them", name_of(c.in(0).dtype),
              name_of(c.in(1).dtype));
  }
}

void infer_binary(InferContext& c) {
  require_same_type(c);
  set_broadcast(c, c.in(0).dtype);
}

void infer_same_scale(InferContext& c) {
  infer_binary(c);
  inherit_quant(c);
}

void infer_compare(InferContext& c) {
  require_same_type(c);
  set_broadcast(c, DType::boolean);
}

void infer_logical(InferContext& c) {
  require_type(c, 0, {DType::boolean});
  infer_binary(c);
}

void infer_prelu(InferContext& c) {
  if (!(c.in(0).dtype == DType::i16 && c.in(1).dtype == DType::i8)) require_same_type(c);
  set_broadcast(c, c.in(0).dtype);
  const Shape& x = c.in(0).shape;
  if (x.is_static() && c.types()[0].shape.is_static() && !(c.types()[0].shape == x)) {
    fail_user("alpha {} does not broadcast to the input {}", c.in(1).shape.str(), x.str());
  }
}

void infer_add_n(InferContext& c) {
  require_type(c, 0, {DType::f32, DType::i32});
  for (int i = 1; i < c.inputs(); ++i) {
    if (c.in(i).dtype != c.in(0).dtype || !(c.in(i).shape == c.in(0).shape)) {
      fail_user("input {} is {}, input 0 is {}; all must be alike", i, c.in(i).str(),
                c.in(0).str());
    }
  }
  infer_same(c);
}

// --- Lowering

MoteBroadcast shape_of(const LowerContext& c) {
  return kernels::plan_broadcast(c.out(0).shape.dims(),
                                 {c.in(0).shape.dims(), c.in(1).shape.dims()});
}

// The inputs whose memory the output may take: those as large, not constants.
uint32_t reusable(const LowerContext& c) {
  const int64_t n = c.out(0).shape.elements();
  uint32_t inputs = 0;
  for (int i = 0; i < 2; ++i) {
    if (!c.is_constant(i) && c.in(i).shape.elements() == n) inputs |= 1u << i;
  }
  return inputs;
}

void add_step(LowerContext& c, std::string_view op, const std::string& type,
              const MoteBinaryParams& p) {
  const auto& family = require_family(kernels::binary_families(), op, type, c.in(0).str());
  c.step(family, p, {c.in_ref(0), c.in_ref(1)}, {c.out_ref(0)});
  c.last_step().reuse_inputs = reusable(c);
}

void set_clamp(Range range, MoteBinaryParams& p) {
  p.min_int = range.min;
  p.max_int = range.max;
}

// Plain operators: the kernel is the operator's name and the input's type. Scales are not looked
// at: maximum and minimum compare stored numbers, as the official kernels do.
void lower_plain(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  MoteBinaryParams p{};
  p.shape = shape_of(c);
  add_step(c, c.node().op->name, std::string(short_name(c.in(0).dtype)), p);
}

struct Operands {
  kernels::Affine a, b, y;
};

Operands affines_of(const LowerContext& c) {
  require_symmetric_16(c.in(0), "input 0");
  require_symmetric_16(c.in(1), "input 1");
  require_symmetric_16(c.out(0), "the output");
  return {affine_of(c.in(0), "input 0"), affine_of(c.in(1), "input 1"),
          affine_of(c.out(0), "the output")};
}

bool is_small_integer(DType dtype) {
  return dtype == DType::i8 || dtype == DType::u8 || dtype == DType::i16;
}

// int8 and uint8 always carry a scale here; int16 where the file gives one.
bool takes_scales(const LowerContext& c) {
  const TensorType& x = c.in(0);
  return is_quantized(x) || (is_small_integer(x.dtype) && x.dtype != DType::i16);
}

// True if the shifting kernel was meant and took the scales.
bool add_pow2_step(LowerContext& c, const Operands& q, MoteBinaryParams& p) {
  if (c.in(0).dtype != DType::i16 || !c.node().attrs.is<AddAttrs>()) return false;
  if (!c.attrs<AddAttrs>().pot_scale_int16) return false;
  if (!kernels::prepare_pow2_add(q.a, q.b, q.y, p)) return false;
  add_step(c, fmt::format("{}_pow2", c.node().op->name), "qi16", p);
  return true;
}

using Prepare = void (*)(const Operands& q, bool wide, MoteBinaryParams& p);

void prepare_sum(const Operands& q, bool wide, MoteBinaryParams& p) {
  kernels::prepare_add(q.a, q.b, q.y, wide, p);
}
void prepare_product(const Operands& q, bool, MoteBinaryParams& p) {
  kernels::prepare_mul(q.a, q.b, q.y, p);
}
void prepare_quotient(const Operands& q, bool, MoteBinaryParams& p) {
  kernels::prepare_div(q.a, q.b, q.y, p);
}
void prepare_square(const Operands& q, bool, MoteBinaryParams& p) {
  kernels::prepare_squared_difference(q.a, q.b, q.y, p);
}

void lower_with(LowerContext& c, Activation activation, Prepare prepare) {
  if (c.out(0).shape.elements() == 0) return;
  MoteBinaryParams p{};
  p.shape = shape_of(c);
  const DType dtype = c.in(0).dtype;
  if (takes_scales(c)) {
    const Operands q = affines_of(c);
    set_clamp(quantized_clamp_of(activation, c.out(0)), p);
    if (add_pow2_step(c, q, p)) return;
    prepare(q, dtype == DType::i16, p);
  } else if (dtype == DType::f32) {
    const RealRange range = clamp_of(activation);
    p.min_f32 = range.min;
    p.max_f32 = range.max;
  } else {
    set_clamp(clamp_of(activation, dtype), p);
  }
  add_step(c, c.node().op->name, kernel_type(c.in(0)), p);
}

template <Prepare prepare>
void lower_add(LowerContext& c) {
  lower_with(c, c.attrs<AddAttrs>().activation, prepare);
}
template <Prepare prepare>
void lower_mul(LowerContext& c) {
  lower_with(c, c.attrs<ActivationAttrs>().activation, prepare);
}
void lower_squared_difference(LowerContext& c) { lower_with(c, Activation::none, prepare_square); }

void lower_prelu(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  MoteBinaryParams p{};
  p.shape = shape_of(c);
  if (c.in(0).dtype != DType::f32) {
    require_symmetric_16(c.in(0), "the input");
    require_symmetric_16(c.out(0), "the output");
    kernels::prepare_prelu(affine_of(c.in(0), "the input"), affine_of(c.in(1), "alpha"),
                           affine_of(c.out(0), "the output"), p);
    set_clamp(range_of(c.out(0).dtype), p);
  }
  add_step(c, "prelu", kernel_type(c.in(0)), p);
}

// The official kernels scale int16 in equal and not_equal only; the orders compare stored numbers.
template <bool scales_16>
void lower_compare(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  if (c.in(0).dtype == DType::i16 && !scales_16) return lower_plain(c);
  MoteBinaryParams p{};
  p.shape = shape_of(c);
  const bool scaled = takes_scales(c);
  if (scaled) {
    kernels::prepare_compare(affine_of(c.in(0), "input 0"), affine_of(c.in(1), "input 1"), p);
  }
  add_step(c, c.node().op->name, kernel_type(c.in(0)), p);
}

// Sums left to right, through temporaries where there are more than two.
void lower_add_n(LowerContext& c) {
  const TensorType& y = c.out(0);
  if (y.shape.elements() == 0) return;
  if (c.inputs() == 1) return c.copy(c.in_ref(0), c.out_ref(0));
  MoteBinaryParams p{};
  p.shape = kernels::plan_broadcast(y.shape.dims(), {y.shape.dims(), y.shape.dims()});
  const RealRange all = clamp_of(Activation::none);
  p.min_f32 = all.min;
  p.max_f32 = all.max;
  set_clamp(range_of(y.dtype), p);
  const auto& family =
      require_family(kernels::binary_families(), "add", short_name(y.dtype), y.str());
  Ref sum = c.in_ref(0);
  for (int i = 1; i < c.inputs(); ++i) {
    const Ref next = i + 1 == c.inputs() ? c.out_ref(0) : c.temp(y.dtype, y.shape);
    c.step(family, p, {sum, c.in_ref(i)}, {next}, i > 1 ? 0 : -1);
    sum = next;
  }
}

// --- TFLite

bool broadcasts_far(const NodeView& c) {
  const int rank = std::max(c.in(0).shape.rank(), c.in(1).shape.rank());
  return rank > 4 && !(c.in(0).shape == c.in(1).shape);
}

int add_version(const NodeView& c) {
  switch (c.in(0).dtype) {
    case DType::f16:
      return 6;
    case DType::i64:
      return 4;
    case DType::i16:
      if (!is_quantized(c.in(0))) return 5;
      return c.attrs<AddAttrs>().pot_scale_int16 ? 1 : 3;
    case DType::i8:
      return 2;
    default:
      return 1;
  }
}

int sub_version(const NodeView& c) {
  const DType dtype = c.in(0).dtype;
  if (dtype == DType::i16 && !c.attrs<AddAttrs>().pot_scale_int16) return 5;
  if (dtype == DType::i64) return 4;
  if (broadcasts_far(c)) return 3;
  return dtype == DType::i8 ? 2 : 1;
}

int mul_version(const NodeView& c) {
  const TensorType& a = c.in(0);
  switch (a.dtype) {
    case DType::f16:
      return 8;
    case DType::u32:
      return 7;
    case DType::c64:
      return 6;
    case DType::i64:
      return 5;
    case DType::i16:
      return is_quantized(a) ? 4 : 7;
    default:
      break;
  }
  const bool scaled = is_quantized(a) && is_quantized(c.in(1)) && is_quantized(c.out(0));
  if (scaled && a.scale() * c.in(1).scale() / c.out(0).scale() >= 1.0f) return 3;
  return a.dtype == DType::i8 ? 2 : 1;
}

int div_version(const NodeView& c) { return broadcasts_far(c) ? 2 : 1; }

int extreme_version(const NodeView& c) {
  if (c.in(0).dtype == DType::i16) return 4;
  if (broadcasts_far(c)) return 3;
  return c.in(0).dtype == DType::i8 ? 2 : 1;
}

// Version by the type of input 0.
template <int int8, int int16, int f32 = 1>
int by_type(const NodeView& c) {
  const DType dtype = c.in(0).dtype;
  return dtype == DType::i8 ? int8 : dtype == DType::i16 ? int16 : dtype == DType::f32 ? f32 : 1;
}

constexpr TfliteField kAddFields[] = {{0, "activation"}, {1, "pot_scale_int16", 1}};
constexpr TfliteField kActivationFields[] = {{0, "activation"}};

// --- Records

constexpr QuantRule kFree = {.kind = QuantKind::free, .activations = 0b11};
constexpr QuantRule kCompared = {
    .kind = QuantKind::passthrough, .activations = 0b11, .int16 = false};
constexpr QuantRule kNoIntegers = {.activations = 0b11, .why_not = "it has no integer kernel"};
constexpr QuantRule kNotReal = {.activations = 0b11, .why_not = "it does not take real numbers"};

constexpr OpDef two_inputs(const char* name, uint32_t traits, QuantRule quant,
                           void (*infer)(InferContext&), void (*lower)(LowerContext&),
                           TfliteFormat tflite) {
  return {.name = name,
          .min_inputs = 2,
          .max_inputs = 2,
          .traits = kElementwise | traits,
          .infer = infer,
          .lower = lower,
          .may_reuse = 0,
          .quant = quant,
          .tflite = tflite};
}

constexpr OpDef arithmetic(const char* name, const AttrType* attrs, uint32_t traits,
                           QuantRule quant, void (*lower)(LowerContext&), TfliteFormat tflite) {
  OpDef op = two_inputs(name, traits | kFusedActivation, quant, infer_binary, lower, tflite);
  op.attrs = attrs;
  return op;
}

constexpr OpDef equality(const char* name, TfliteFormat tflite) {
  return two_inputs(name, kCommutative, kCompared, infer_compare, lower_compare<true>, tflite);
}

constexpr OpDef order(const char* name, TfliteFormat tflite) {
  return two_inputs(name, 0, kCompared, infer_compare, lower_compare<false>, tflite);
}

}  // namespace

extern const OpDef kAdd =
    arithmetic("add", &attrs_of<AddAttrs>, kCommutative, kFree, lower_add<prepare_sum>,
               {.code = 0, .options = 11, .fields = kAddFields, .version = add_version});
extern const OpDef kSub =
    arithmetic("sub", &attrs_of<AddAttrs>, 0, kFree, lower_add<prepare_sum>,
               {.code = 41, .options = 28, .fields = kAddFields, .version = sub_version});
extern const OpDef kMul =
    arithmetic("mul", &attrs_of<ActivationAttrs>, kCommutative, kFree, lower_mul<prepare_product>,
               {.code = 18, .options = 21, .fields = kActivationFields, .version = mul_version});
extern const OpDef kDiv =
    arithmetic("div", &attrs_of<ActivationAttrs>, 0,
               {.activations = 0b11, .why_not = "the official converter keeps division in float"},
               lower_mul<prepare_quotient>,
               {.code = 42, .options = 29, .fields = kActivationFields, .version = div_version});

constexpr QuantRule kSameScale = {.kind = QuantKind::same_scale, .activations = 0b11};
extern const OpDef kMaximum =
    two_inputs("maximum", kCommutative, kSameScale, infer_same_scale, lower_plain,
               {.code = 55, .options = 39, .version = extreme_version});
extern const OpDef kMinimum =
    two_inputs("minimum", kCommutative, kSameScale, infer_same_scale, lower_plain,
               {.code = 57, .options = 39, .version = extreme_version});

extern const OpDef kSquaredDifference =
    two_inputs("squared_difference", kCommutative,
               {.kind = QuantKind::free, .activations = 0b11, .int16 = false}, infer_binary,
               lower_squared_difference, {.code = 99, .options = 76, .version = by_type<2, 1>});
extern const OpDef kFloorDiv = two_inputs("floor_div", 0, kNoIntegers, infer_binary, lower_plain,
                                          {.code = 90, .options = 65, .version = by_type<3, 3, 2>});
extern const OpDef kFloorMod = two_inputs("floor_mod", 0, kNoIntegers, infer_binary, lower_plain,
                                          {.code = 95, .options = 72, .version = by_type<2, 2>});
extern const OpDef kPow =
    two_inputs("pow", 0, kNoIntegers, infer_binary, lower_plain, {.code = 78, .options = 56});
extern const OpDef kAtan2 =
    two_inputs("atan2", 0, kNoIntegers, infer_binary, lower_plain, {.code = 156, .options = 122});
extern const OpDef kPrelu =
    two_inputs("prelu", 0, {.kind = QuantKind::free, .activations = 0b11, .int16 = false},
               infer_prelu, lower_prelu, {.code = 54});

extern const OpDef kAddN = {
    .name = "add_n",
    .min_inputs = 1,
    .max_inputs = -1,
    .traits = kElementwise | kCommutative,
    .infer = infer_add_n,
    .lower = lower_add_n,
    .quant = {.why_not = "it has no integer kernel; use add"},
    .tflite = {.code = 106, .options = 82},
};

extern const OpDef kLogicalAnd = two_inputs("logical_and", kCommutative, kNotReal, infer_logical,
                                            lower_plain, {.code = 86, .options = 62});
extern const OpDef kLogicalOr = two_inputs("logical_or", kCommutative, kNotReal, infer_logical,
                                           lower_plain, {.code = 84, .options = 60});
extern const OpDef kBitwiseXor = two_inputs("bitwise_xor", kCommutative, kNotReal, infer_binary,
                                            lower_plain, {.code = 160, .options = 125});
extern const OpDef kRightShift = two_inputs("right_shift", 0, kNotReal, infer_binary, lower_plain,
                                            {.code = 161, .options = 126});

extern const OpDef kEqual =
    equality("equal", {.code = 71, .options = 53, .version = by_type<2, 5>});
extern const OpDef kNotEqual =
    equality("not_equal", {.code = 72, .options = 54, .version = by_type<2, 4>});
extern const OpDef kLess = order("less", {.code = 58, .options = 41, .version = by_type<2, 3>});
extern const OpDef kLessEqual =
    order("less_equal", {.code = 63, .options = 46, .version = by_type<2, 1>});
extern const OpDef kGreater =
    order("greater", {.code = 61, .options = 44, .version = by_type<2, 1>});
extern const OpDef kGreaterEqual =
    order("greater_equal", {.code = 62, .options = 45, .version = by_type<2, 3>});

}  // namespace mote::ops
