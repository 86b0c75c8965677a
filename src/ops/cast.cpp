#include "ops/cast.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "kernels/quantize/families.h"
#include "kernels/unary/families.h"
#include "ops/elementwise.h"

namespace mote::ops {
namespace {

const kernels::Family& quantize_family(std::string_view name) {
  return *kernels::find_family(kernels::quantize_families(), name);
}

// --- cast

int32_t cast_kind(DType dtype, bool is_output) {
  switch (dtype) {
    case DType::f32:
      return kMoteCastF32;
    case DType::f16:
      return kMoteCastF16;
    case DType::f64:
      return kMoteCastF64;
    case DType::i8:
      return kMoteCastI8;
    case DType::i16:
      return kMoteCastI16;
    case DType::i32:
      return kMoteCastI32;
    case DType::i64:
      return kMoteCastI64;
    case DType::u8:
      return kMoteCastU8;
    case DType::u16:
      return kMoteCastU16;
    case DType::u32:
      return kMoteCastU32;
    case DType::u64:
      return kMoteCastU64;
    case DType::boolean:
      return kMoteCastBool;
    case DType::c64:
      return kMoteCastC64;
    case DType::i4:
      if (!is_output) return kMoteCastI4;
      [[fallthrough]];
    default:
      fail_unsupported("{} {}", is_output ? "to" : "from", name_of(dtype));
  }
}

// The declared type of the output says what to cast to: files leave the attributes out.
DType cast_target(const InferContext& c) {
  const auto& attrs = c.attrs<CastAttrs>();
  const DType declared = c.declared(0).dtype;
  return attrs.out_dtype != DType::f32 ? attrs.out_dtype : declared;
}

void infer_cast(InferContext& c) { c.set_out(0, cast_target(c), c.in(0).shape); }

void lower_cast(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  const DType from = c.in(0).dtype;
  const DType to = c.out(0).dtype;
  if (from == to) return c.view(c.in_ref(0), c.out_ref(0));
  MoteCastParams p{};
  p.count = c.out(0).shape.elements();
  p.from = cast_kind(from, false);
  p.to = cast_kind(to, true);
  const int reuse = bits_of(from) == bits_of(to) ? 0 : -1;
  c.step(quantize_family("cast"), p, {c.in_ref(0)}, {c.out_ref(0)}, reuse);
}

int cast_version(const NodeView& c) {
  auto either = [&](DType dtype) { return c.in(0).dtype == dtype || c.out(0).dtype == dtype; };
  if (either(DType::bf16)) return 7;
  if (c.in(0).dtype == DType::i4) return 6;
  if (either(DType::f64) || either(DType::f16)) return 5;
  if (either(DType::u16)) return 4;
  if (either(DType::i8)) return 3;
  return either(DType::u32) ? 2 : 1;
}

// --- Scales

// Scales and zero points as the kernels read them: one, or one a channel.
struct Scales {
  MoteQuantizeParams params;
  Ref scales, zero_points;
};

Scales scales_of(LowerContext& c, const TensorType& type, std::string_view what) {
  const Quantization& q = type.quant;
  if (q.empty()) fail_user("{} is {} without a scale", what, name_of(type.dtype));
  const int64_t n = static_cast<int64_t>(q.scale.size());
  Scales s{};
  s.params.count = type.shape.elements();
  s.params.channels = n;
  s.params.inner = s.params.count;
  if (n > 1) {
    const auto axis = normalize_axis(q.axis, type.shape.rank());
    if (!axis || type.shape[*axis] != n) {
      fail_user("{} {} has {} scales for axis {}", what, type.shape.str(), n, q.axis);
    }
    s.params.inner = type.shape.elements(*axis + 1, type.shape.rank());
  }
  std::vector<int32_t> zero_points(q.scale.size(), 0);
  const Range range = range_of(type.dtype);
  for (size_t i = 0; i < q.scale.size(); ++i) {
    if (!(q.scale[i] > 0.0f) || !std::isfinite(q.scale[i])) {
      fail_user("{} has scale {}, expected a positive number", what, q.scale[i]);
    }
    const int64_t zero =
        q.zero_point.empty() ? 0 : q.zero_point[std::min(i, q.zero_point.size() - 1)];
    if (zero < range.min || zero > range.max) {
      fail_user("{} has zero point {}, outside {}", what, zero, name_of(type.dtype));
    }
    zero_points[i] = static_cast<int32_t>(zero);
  }
  s.scales = c.constant(q.scale);
  s.zero_points = c.constant(zero_points);
  return s;
}

// --- quantize

void infer_quantize(InferContext& c) {
  const DType to = c.declared(0).dtype;
  if (!is_integer(to)) fail_user("the output is {}, expected an integer type", name_of(to));
  if (c.declared(0).quant.empty()) fail_user("the output has no scale");
  c.set_out(0, to, c.in(0).shape);
}

void lower_requantize(LowerContext& c) {
  const kernels::Affine x = affine_of(c.in(0), "the input");
  const kernels::Affine y = affine_of(c.out(0), "the output");
  const DType from = c.in(0).dtype;
  const DType to = c.out(0).dtype;
  if (from == DType::i16 && to == DType::i16) {
    require_symmetric_16(c.in(0), "the input");
    require_symmetric_16(c.out(0), "the output");
  }
  MoteUnaryParams p{};
  p.count = c.out(0).shape.elements();
  const double ratio = static_cast<double>(x.scale) / static_cast<double>(y.scale);
  kernels::prepare_rescale(x, y, ratio, ratio, p);
  const Range range = range_of(to);
  p.min_y = static_cast<int32_t>(range.min);
  p.max_y = static_cast<int32_t>(range.max);
  const auto& family = require_family(kernels::unary_families(), "rescale",
                                      fmt::format("{}_{}", short_name(from), short_name(to)),
                                      fmt::format("{} to {}", name_of(from), name_of(to)));
  c.step(family, p, {c.in_ref(0)}, {c.out_ref(0)}, bits_of(from) == bits_of(to) ? 0 : -1);
}

void lower_quantize(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  if (c.in(0).dtype != DType::f32) return lower_requantize(c);
  const Scales s = scales_of(c, c.out(0), "the output");
  const auto& family = require_family(kernels::quantize_families(), "quantize",
                                      fmt::format("f32_{}", short_name(c.out(0).dtype)),
                                      fmt::format("float32 to {}", name_of(c.out(0).dtype)));
  c.step(family, s.params, {c.in_ref(0), s.scales, s.zero_points}, {c.out_ref(0)});
}

int quantize_version(const NodeView& c) {
  if (c.in(0).dtype == DType::i4 || c.out(0).dtype == DType::i4) return 4;
  if (c.out(0).quant.per_axis()) return 3;
  return c.out(0).dtype == DType::i16 ? 2 : 1;
}

// --- dequantize

void infer_dequantize(InferContext& c) {
  require_type(c, 0, {DType::i8, DType::u8, DType::i16, DType::i4, DType::f16});
  c.set_out(0, DType::f32, c.in(0).shape);
}

void lower_dequantize(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  if (c.in(0).dtype == DType::f16) {
    MoteQuantizeParams p{};
    p.count = c.out(0).shape.elements();
    c.step(quantize_family("dequantize_f16_f32"), p, {c.in_ref(0)}, {c.out_ref(0)});
    return;
  }
  const Scales s = scales_of(c, c.in(0), "the input");
  const std::string name = fmt::format("dequantize_{}_f32", short_name(c.in(0).dtype));
  c.step(quantize_family(name), s.params, {c.in_ref(0), s.scales, s.zero_points}, {c.out_ref(0)});
}

int dequantize_version(const NodeView& c) {
  switch (c.in(0).dtype) {
    case DType::i4:
      return 6;
    case DType::i16:
    case DType::f16:
      return 3;
    case DType::i8:
      return c.in(0).quant.per_axis() ? 5 : 2;
    default:
      return 1;
  }
}

// --- fake_quant

void infer_fake_quant(InferContext& c) {
  const auto& attrs = c.attrs<FakeQuantAttrs>();
  require_type(c, 0, {DType::f32});
  if (attrs.num_bits < 2 || attrs.num_bits > 16) {
    fail_user("num_bits is {}, expected 2 to 16", attrs.num_bits);
  }
  if (!(attrs.min < attrs.max)) {
    fail_user("the range [{}, {}] is empty", attrs.min, attrs.max);
  }
  if (attrs.narrow_range) {
    fail_unsupported("narrow_range; the official interpreter refuses it too");
  }
  infer_same(c);
}

void lower_fake_quant(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  const auto& attrs = c.attrs<FakeQuantAttrs>();
  MoteFakeQuantParams p{};
  p.count = c.out(0).shape.elements();
  kernels::prepare_fake_quant(attrs.min, attrs.max, attrs.num_bits, p);
  c.step(quantize_family("fake_quant_f32"), p, {c.in_ref(0)}, {c.out_ref(0)}, 0);
}

int fake_quant_version(const NodeView& c) { return c.attrs<FakeQuantAttrs>().narrow_range ? 2 : 1; }

constexpr TfliteField kCastFields[] = {{0, "in_dtype"}, {1, "out_dtype"}};
constexpr TfliteField kFakeQuantFields[] = {
    {0, "min"}, {1, "max"}, {2, "num_bits"}, {3, "narrow_range"}};
constexpr const char* kIsTheBoundary = "it is itself the border between float and integers";

}  // namespace

extern const OpDef kCast = {
    .name = "cast",
    .attrs = &attrs_of<CastAttrs>,
    .traits = kElementwise,
    .infer = infer_cast,
    .lower = lower_cast,
    .may_reuse = 0,
    .quant = {.why_not = "it changes the element type by value"},
    .tflite = {.code = 53, .options = 37, .fields = kCastFields, .version = cast_version},
};

extern const OpDef kQuantize = {
    .name = "quantize",
    .traits = kElementwise,
    .infer = infer_quantize,
    .lower = lower_quantize,
    .quant = {.why_not = kIsTheBoundary},
    .tflite = {.code = 114, .options = 89, .version = quantize_version},
};

extern const OpDef kDequantize = {
    .name = "dequantize",
    .traits = kElementwise,
    .infer = infer_dequantize,
    .lower = lower_dequantize,
    .quant = {.why_not = kIsTheBoundary},
    .tflite = {.code = 6, .options = 38, .version = dequantize_version},
};

extern const OpDef kFakeQuant = {
    .name = "fake_quant",
    .attrs = &attrs_of<FakeQuantAttrs>,
    .traits = kElementwise,
    .infer = infer_fake_quant,
    .lower = lower_fake_quant,
    .may_reuse = 0,
    .quant = {.why_not = kIsTheBoundary},
    .tflite = {.code = 80,
               .options = 58,
               .fields = kFakeQuantFields,
               .version = fake_quant_version},
};

}  // namespace mote::ops
