#include "ops/elementwise.h"

#include <cmath>
#include <limits>

#include "base/error.h"

namespace mote::ops {

std::string_view short_name(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "f32";
    case DType::f16:
      return "f16";
    case DType::f64:
      return "f64";
    case DType::i4:
      return "i4";
    case DType::i8:
      return "i8";
    case DType::i16:
      return "i16";
    case DType::i32:
      return "i32";
    case DType::i64:
      return "i64";
    case DType::u8:
      return "u8";
    case DType::u16:
      return "u16";
    case DType::u32:
      return "u32";
    case DType::boolean:
      return "bool";
    case DType::c64:
      return "c64";
    default:
      return "other";
  }
}

bool is_quantized(const TensorType& type) {
  const DType d = type.dtype;
  return !type.quant.empty() &&
         (d == DType::i4 || d == DType::i8 || d == DType::u8 || d == DType::i16);
}

std::string kernel_type(const TensorType& type) {
  return fmt::format("{}{}", is_quantized(type) ? "q" : "", short_name(type.dtype));
}

kernels::Affine affine_of(const TensorType& type, std::string_view what) {
  if (type.quant.empty()) {
    fail_user("{} is {} without a scale and zero point; quantize the model with a converter", what,
              name_of(type.dtype));
  }
  if (type.quant.per_axis()) fail_unsupported("{} has a scale for each channel", what);
  const float scale = type.scale();
  if (!(scale > 0.0f) || !std::isfinite(scale)) {
    fail_user("{} has scale {}, expected a positive number", what, scale);
  }
  const Range range = range_of(type.dtype);
  const int64_t zero = type.quant.zero_point.empty() ? 0 : type.quant.zero_point[0];
  if (zero < range.min || zero > range.max) {
    fail_user("{} has zero point {}, outside {}", what, zero, name_of(type.dtype));
  }
  return {scale, static_cast<int32_t>(zero)};
}

void require_affine(const TensorType& type, std::string_view what, float scale,
                    int32_t zero_point) {
  const kernels::Affine affine = affine_of(type, what);
  if (std::abs(affine.scale - scale) > 0.001f * scale || affine.zero_point != zero_point) {
    fail_user("{} has scale {} and zero point {}, the operator fixes them at {} and {}", what,
              affine.scale, affine.zero_point, scale, zero_point);
  }
}

void require_symmetric_16(const TensorType& type, std::string_view what) {
  if (type.dtype == DType::i16 && type.zero_point() != 0) {
    fail_user("{} is int16 with zero point {}, expected 0", what, type.zero_point());
  }
}

Range range_of(DType dtype) {
  switch (dtype) {
    case DType::i4:
      return {-8, 7};
    case DType::i8:
      return {-128, 127};
    case DType::u8:
      return {0, 255};
    case DType::i16:
      return {-32768, 32767};
    case DType::i64:
      return {INT64_MIN, INT64_MAX};
    case DType::u32:
      return {0, UINT32_MAX};
    default:
      return {INT32_MIN, INT32_MAX};
  }
}

RealRange clamp_of(Activation activation) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  switch (activation) {
    case Activation::none:
      return {-kInfinity, kInfinity};
    case Activation::relu:
      return {0.0f, kInfinity};
    case Activation::relu6:
      return {0.0f, 6.0f};
    case Activation::relu_n1_to_1:
      return {-1.0f, 1.0f};
    default:
      fail_unsupported("the fused activation is not a clamp; put it in an operator of its own");
  }
}

Range clamp_of(Activation activation, DType dtype) {
  const RealRange real = clamp_of(activation);
  Range range = range_of(dtype);
  if (std::isfinite(real.min)) range.min = std::max(range.min, static_cast<int64_t>(real.min));
  if (std::isfinite(real.max)) range.max = std::min(range.max, static_cast<int64_t>(real.max));
  return range;
}

Range quantized_clamp_of(Activation activation, const TensorType& y) {
  const RealRange real = clamp_of(activation);
  const Range type = range_of(y.dtype);
  const kernels::Affine affine = affine_of(y, "the output");
  auto stored = [&](float x) {
    const float steps = std::round(x / affine.scale);
    if (!(std::abs(steps) <= 2147483647.0f)) {
      fail_user("the output's scale {} is too small for its activation's bound {}", affine.scale,
                x);
    }
    return affine.zero_point + static_cast<int64_t>(steps);
  };
  Range range = type;
  if (std::isfinite(real.min)) range.min = std::max(type.min, stored(real.min));
  if (std::isfinite(real.max)) range.max = std::min(type.max, stored(real.max));
  return range;
}

const kernels::Family& require_family(std::span<const kernels::Family> families,
                                      std::string_view op, std::string_view type,
                                      std::string_view detail) {
  const std::string name = fmt::format("{}_{}", op, type);
  if (const kernels::Family* family = kernels::find_family(families, name)) return *family;
  std::string have;
  const std::string prefix = fmt::format("{}_", op);
  for (const kernels::Family& family : families) {
    const std::string_view candidate = family.name;
    if (!candidate.starts_with(prefix)) continue;
    const std::string_view rest = candidate.substr(prefix.size());
    if (rest.find('_') != std::string_view::npos) continue;  // another operator's
    if (!have.empty()) have += ", ";
    have += rest.starts_with("q") ? fmt::format("quantized {}", rest.substr(1)) : std::string(rest);
  }
  fail_unsupported("no kernel for {}; there is one for {}; convert with a cast or dequantize first",
                   detail, have.empty() ? "no type" : have);
}

void inherit_quant(InferContext& c, int from) {
  if (c.declared(0).quant.empty() && !c.in(from).quant.per_axis()) {
    c.set_quant(0, c.in(from).quant);
  }
}

void infer_same(InferContext& c) { c.set_out(0, c.in(0).dtype, c.in(0).shape); }

void require_type(const NodeView& c, int i, std::initializer_list<DType> allowed) {
  std::string list;
  for (const DType dtype : allowed) {
    if (c.in(i).dtype == dtype) return;
    if (!list.empty()) list += ", ";
    list += name_of(dtype);
  }
  fail_user("input {} is {}, expected {}", i, name_of(c.in(i).dtype), list);
}

}  // namespace mote::ops
