// unary, binary, select, lut, quantize: element by element.
#include <string_view>

#include "case.h"
#include "kernels/binary/families.h"
#include "kernels/common/broadcast_plan.h"
#include "kernels/lut/families.h"
#include "kernels/lut/tables.h"
#include "kernels/quantize/families.h"
#include "kernels/select/families.h"
#include "kernels/unary/families.h"
#include "kernels/unary/ref.h"

namespace mote::kernels::shapes {
namespace {

int64_t random_count(Random& r) {
  if (r.one_in(30)) return 0;
  return r.one_in(4) ? r.between(200, 3000) : r.extent(200);
}

// Affine parameters of a quantized tensor of type T.
template <class T>
Affine random_affine(Random& r) {
  Affine a;
  a.scale = static_cast<float>(std::exp2(r.real(-10, 1)));
  if (r.one_in(3)) a.scale = std::ldexp(1.0f, r.between32(-10, 1));  // exact halves
  if constexpr (sizeof(T) == 1)
    a.zero_point = r.between32(std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
  return a;
}

template <class T>
Bytes random_of(Random& r, int64_t n) {
  if constexpr (std::is_same_v<T, float>) {
    Bytes bytes = random_floats(r, n, random_manner(r));
    if (r.coin()) return bytes;
    // Numbers that functions saturate or overflow at.
    for (size_t i = 0; i < bytes.size(); i += 4) {
      const float v = r.real32(-110, 110);
      if (r.coin()) std::memcpy(bytes.data() + i, &v, 4);
    }
    return bytes;
  } else if constexpr (std::is_same_v<T, MoteComplex64>) {
    return random_floats(r, 2 * n, random_manner(r));
  } else {
    const int64_t largest = sizeof(T) == 8 ? std::numeric_limits<int64_t>::max()
                                           : static_cast<int64_t>(std::numeric_limits<T>::max());
    return random_ints<T>(r, n, static_cast<int64_t>(std::numeric_limits<T>::min()), largest);
  }
}

// The clamp of an output of type Y.
template <class Y>
constexpr int32_t kLowest = std::is_integral_v<Y> && sizeof(Y) <= 2
                                ? static_cast<int32_t>(std::numeric_limits<Y>::min())
                                : INT32_MIN;
template <class Y>
constexpr int32_t kHighest = std::is_integral_v<Y> && sizeof(Y) <= 2
                                 ? static_cast<int32_t>(std::numeric_limits<Y>::max())
                                 : INT32_MAX;

// Operators whose fast rows may round differently: the reference calls the C library (1 ulp off),
// the rows are at most 3 ulp off. All others must be equal.
double allowed_ulps(std::string_view name) {
  for (const char* inexact : {"exp_f32", "log_f32", "sin_f32", "cos_f32", "elu_f32", "gelu",
                              "logistic_f32", "tanh_f32", "pow_f32", "atan2_f32"}) {
    if (name.starts_with(inexact)) return 4;
  }
  return name.starts_with("hard_swish_f32") || name.starts_with("rsqrt_f32") ? 2 : 0;
}

template <class X, class Y>
void unary(Random& r, Case& c) {
  MoteUnaryParams p = {};
  p.count = random_count(r);
  p.alpha = r.pick({0.25f, 0.01f, 0.0f, 1.5f, -0.5f});
  const Affine x = random_affine<X>(r), y = random_affine<Y>(r);
  const double slope = static_cast<double>(x.scale) / static_cast<double>(y.scale);
  prepare_rescale(x, y, slope, slope * (r.coin() ? 1.0 : static_cast<double>(p.alpha)), p);
  p.scale_x = x.scale, p.scale_y = y.scale;
  if (r.one_in(8)) p.below = kMoteBelowMagnitude;
  p.min_y = kLowest<Y>, p.max_y = kHighest<Y>;
  c.add(random_of<X>(r, p.count), sizeof(X));
  c.add_output(p.count, sizeof(Y), std::is_same_v<Y, float>);
  if (const double ulps = allowed_ulps(c.family->name); ulps > 0) {
    // gelu_tanh loses what cancels in 1 + tanh: there the error is that of numbers near x.
    double size = 0;
    if (std::string_view(c.family->name).starts_with("gelu")) size = 4;
    bound_by_ulps(c, ulps, size * ulps * 0x1p-23);
  }
  c.may_reuse = sizeof(X) == sizeof(Y) ? 0 : -1;
  c.set_params(p);
  c.text = std::to_string(p.count) + " elements";
}

struct Shapes {
  std::vector<int64_t> shape[3], y;
};

int64_t elements(const std::vector<int64_t>& shape) {
  int64_t n = 1;
  for (const int64_t extent : shape) n *= extent;
  return n;
}

// `operands` shapes that broadcast to y.
Shapes random_shapes(Random& r, int operands) {
  Shapes s;
  const int64_t rank = r.between(0, 5);
  const int64_t long_axis = r.between(0, 7);
  for (int64_t i = 0; i < rank; ++i) {
    int64_t extent = i == long_axis ? r.extent(300) : r.between(1, 5);
    if (r.one_in(80)) extent = 0;
    s.y.push_back(extent);
    const int64_t kept = r.between(0, operands - 1);  // at least one operand has the extent
    for (int k = 0; k < operands; ++k) {
      s.shape[k].push_back(k == kept || !r.one_in(3) ? extent : 1);
    }
  }
  for (int k = 0; k < operands; ++k) {
    while (!s.shape[k].empty() && s.shape[k][0] == 1 && r.coin() && operands > 1) {
      s.shape[k].erase(s.shape[k].begin());
    }
  }
  return s;
}

std::string text_of(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (const int64_t extent : shape) text += std::to_string(extent) + " ";
  return text + "]";
}

template <class A, class B, class Y>
void prepare_binary(Random& r, std::string_view name, MoteBinaryParams& p) {
  const Affine a = random_affine<A>(r), b = random_affine<B>(r), y = random_affine<Y>(r);
  if (name.starts_with("add") || name.starts_with("sub")) {
    prepare_add(a, b, y, sizeof(A) == 2, p);
  } else if (name.starts_with("mul")) {
    prepare_mul(a, b, y, p);
  } else if (name.starts_with("div")) {
    prepare_div(a, b, y, p);
  } else if (name.starts_with("squared")) {
    prepare_squared_difference(a, b, y, p);
  } else if (name.starts_with("prelu")) {
    prepare_prelu(a, b, y, p);
  } else {
    prepare_compare(a, b, p);
  }
  if (name.find("pow2") != std::string_view::npos) {
    p.shift_a = r.between32(0, 12), p.shift_b = 0;
    if (r.coin()) std::swap(p.shift_a, p.shift_b);
  }
}

template <class A, class B, class Y>
void binary(Random& r, Case& c) {
  const Shapes s = random_shapes(r, 2);
  const std::string_view name = c.family->name;
  MoteBinaryParams p = {};
  p.shape = plan_broadcast(s.y, {s.shape[0], s.shape[1]});
  if constexpr (std::is_integral_v<A>) {
    if (name.find("_q") != std::string_view::npos) prepare_binary<A, B, Y>(r, name, p);
  }
  p.min_int = kLowest<Y>, p.max_int = kHighest<Y>;
  if (sizeof(Y) == 8) p.min_int = INT64_MIN, p.max_int = INT64_MAX;
  if (r.one_in(3)) p.min_int = r.between(-20, 20), p.max_int = r.between(p.min_int, 100);
  const Clamp clamp = random_clamp(r);
  p.min_f32 = clamp.low, p.max_f32 = clamp.high;
  c.add(random_of<A>(r, elements(s.shape[0])), sizeof(A));
  c.add(random_of<B>(r, elements(s.shape[1])), sizeof(B));
  c.add_output(p.shape.count, sizeof(Y), std::is_same_v<Y, float>);
  if (const double ulps = allowed_ulps(name); ulps > 0) bound_by_ulps(c, ulps);
  if (sizeof(A) == sizeof(Y) && elements(s.shape[0]) == p.shape.count) c.may_reuse = 0;
  c.set_params(p);
  c.text = text_of(s.shape[0]) + " " + text_of(s.shape[1]) + " to " + text_of(s.y);
}

template <class T>
void select(Random& r, Case& c) {
  const Shapes s = random_shapes(r, 3);
  MoteSelectParams p = {plan_broadcast(s.y, {s.shape[0], s.shape[1], s.shape[2]})};
  c.add(random_ints<uint8_t>(r, elements(s.shape[0]), 0, 1), 1);
  c.add(random_of<T>(r, elements(s.shape[1])), sizeof(T));
  c.add(random_of<T>(r, elements(s.shape[2])), sizeof(T));
  c.add_output(p.shape.count, sizeof(T));
  if (elements(s.shape[1]) == p.shape.count) c.may_reuse = 1;
  c.set_params(p);
  c.text = text_of(s.shape[0]) + text_of(s.shape[1]) + text_of(s.shape[2]);
}

void lut(Random& r, Case& c, const Bytes& table, size_t element_bytes) {
  MoteLutParams p = {};
  p.count = random_count(r);
  prepare_sigmoid_16(r.coin() ? 0x1p-12f : static_cast<float>(std::exp2(r.real(-14, -6))), r.coin(),
                     p);
  c.add(random_ints<uint8_t>(r, p.count * static_cast<int64_t>(element_bytes), 0, 255),
        element_bytes);
  c.add(table, 2);
  c.add_output(p.count, element_bytes);
  c.may_reuse = 0;
  c.set_params(p);
  c.text = std::to_string(p.count) + " elements";
}

void add_luts(std::vector<Generator>& all) {
  for (const Family& family : lut_families()) {
    const std::string_view name = family.name;
    all.push_back({&family, name == "lut_8" ? 150 : 60, [name](Random& r, Case& c) {
                     if (name == "lut_8") {
                       lut(r, c, random_ints<uint8_t>(r, 256, 0, 255), 1);
                     } else if (name == "lut_16") {
                       lut(r, c, random_ints<int16_t>(r, 513, -32768, 32767), 2);
                     } else {
                       lut(r, c, bytes_of(sigmoid_table()), 2);
                     }
                   }});
  }
}

MoteQuantizeParams random_quantize(Random& r) {
  MoteQuantizeParams p = {};
  p.channels = r.coin() ? 1 : r.extent(20);
  p.inner = p.channels == 1 ? 0 : r.extent(40);
  p.count = p.channels == 1 ? random_count(r) : p.channels * p.inner * r.between(0, 4);
  if (p.channels == 1) p.inner = p.count;
  return p;
}

void add_scales(Random& r, Case& c, const MoteQuantizeParams& p, int64_t low, int64_t high) {
  std::vector<float> scales(static_cast<size_t>(p.channels));
  for (float& s : scales) {
    s = r.one_in(3) ? std::ldexp(1.0f, r.between32(-9, 2)) : r.real32(1e-4, 2);
  }
  c.add(bytes_of(scales), 4);
  c.add(random_ints<int32_t>(r, p.channels, low, high), 4);
}

// Many of x lie halfway between two steps.
Bytes random_near_steps(Random& r, int64_t n) {
  Bytes bytes = random_of<float>(r, n);
  for (size_t i = 0; i < bytes.size(); i += 4) {
    const float v = static_cast<float>(r.between(-600, 600)) * 0.125f;
    if (r.one_in(3)) std::memcpy(bytes.data() + i, &v, 4);
  }
  return bytes;
}

template <class T>
void quantize(Random& r, Case& c) {
  const MoteQuantizeParams p = random_quantize(r);
  c.add(random_near_steps(r, p.count), 4);
  add_scales(r, c, p, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
  c.add_output(p.count, sizeof(T));
  c.set_params(p);
  c.text = std::to_string(p.count) + " elements, " + std::to_string(p.channels) + " channels";
}

template <class T>
void dequantize(Random& r, Case& c) {
  const MoteQuantizeParams p = random_quantize(r);
  c.add(random_of<T>(r, p.count), sizeof(T));
  add_scales(r, c, p, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
  c.add_output(p.count, 4, true);
  c.set_params(p);
  c.text = std::to_string(p.count) + " elements, " + std::to_string(p.channels) + " channels";
}

void quantize_i4(Random& r, Case& c) {
  const MoteQuantizeParams p = random_quantize(r);
  c.add(random_near_steps(r, p.count), 4);
  add_scales(r, c, p, -8, 7);
  c.add_output((p.count + 1) / 2, 1);
  c.set_params(p);
}

void dequantize_i4(Random& r, Case& c) {
  const MoteQuantizeParams p = random_quantize(r);
  c.add(random_ints<uint8_t>(r, (p.count + 1) / 2, 0, 255), 1);
  add_scales(r, c, p, -8, 7);
  c.add_output(p.count, 4, true);
  c.set_params(p);
}

void dequantize_f16(Random& r, Case& c) {
  MoteQuantizeParams p = random_quantize(r);
  c.add(random_ints<uint16_t>(r, p.count, 0, 65535), 2);
  c.add_output(p.count, 4, true);
  c.set_params(p);
}

void fake_quant(Random& r, Case& c) {
  MoteFakeQuantParams p = {};
  p.count = random_count(r);
  prepare_fake_quant(r.real32(-8, 0), r.real32(0.01, 8), r.between32(2, 16), p);
  c.add(random_near_steps(r, p.count), 4);
  c.add_output(p.count, 4, true);
  c.may_reuse = 0;
  c.set_params(p);
}

int64_t bits_of_kind(int32_t kind) {
  switch (kind) {
    case kMoteCastF16:
    case kMoteCastI16:
    case kMoteCastU16:
      return 16;
    case kMoteCastF32:
    case kMoteCastI32:
    case kMoteCastU32:
      return 32;
    case kMoteCastF64:
    case kMoteCastI64:
    case kMoteCastU64:
    case kMoteCastC64:
      return 64;
    case kMoteCastI4:
      return 4;
    default:
      return 8;
  }
}

// Floats of moderate size: what does not fit the target has no defined value.
void cast(Random& r, Case& c) {
  MoteCastParams p = {};
  p.count = random_count(r);
  p.from = r.between32(0, kMoteCastKinds - 1);
  p.to = r.between32(0, kMoteCastI4 - 1);  // nothing is cast to int4
  if (r.coin()) {
    p.from = r.pick<int32_t>({kMoteCastI32, kMoteCastI64, kMoteCastI8, kMoteCastU8, kMoteCastBool});
    p.to = r.pick<int32_t>({kMoteCastF32, kMoteCastI32, kMoteCastI64});
  }
  const auto bytes_for = [&](int32_t kind) { return (p.count * bits_of_kind(kind) + 7) / 8; };
  const auto size = [](int32_t kind) { return static_cast<size_t>((bits_of_kind(kind) + 7) / 8); };
  if (p.from == kMoteCastF32 || p.from == kMoteCastC64) {
    c.add(random_reals(r, bytes_for(p.from) / 4, 0, 7), 4);
  } else if (p.from == kMoteCastF64) {
    std::vector<double> x(static_cast<size_t>(p.count));
    for (double& v : x) v = r.real(0, 7);
    c.add(bytes_of(x), 8);
  } else if (p.from == kMoteCastF16) {
    c.add(random_ints<uint16_t>(r, p.count, 0x3800, 0x4600), 2);
  } else if (p.from == kMoteCastBool) {
    c.add(random_ints<uint8_t>(r, p.count, 0, 1), 1);
  } else {
    c.add(random_ints<uint8_t>(r, bytes_for(p.from), 0, 255), size(p.from));
  }
  c.add_output(bytes_for(p.to), 1);
  c.out[0].element_bytes = size(p.to);
  c.set_params(p);
  c.text = std::to_string(p.count) + " elements, " + std::to_string(p.from) + " to " +
           std::to_string(p.to);
}

void add_quantizers(std::vector<Generator>& all) {
  const auto add = [&](const char* name, int weight, auto draw) {
    all.push_back({find_family(quantize_families(), name), weight, draw});
  };
#define MOTE_QUANTIZED_TYPE(id, T, low, high) \
  add("quantize_f32_" #id, 150, quantize<T>); \
  add("dequantize_" #id "_f32", 120, dequantize<T>);
#include "kernels/quantize/types.inc"
#undef MOTE_QUANTIZED_TYPE
  add("quantize_f32_i4", 40, quantize_i4);
  add("dequantize_i4_f32", 40, dequantize_i4);
  add("dequantize_f16_f32", 80, dequantize_f16);
  add("fake_quant_f32", 40, fake_quant);
  add("cast", 150, cast);
}

// Operators that models spend time in are drawn more often.
int weight_of(std::string_view name) {
  for (const char* hot : {"add_f32", "sub_f32", "mul_f32", "add_qi8", "sub_qi8", "mul_qi8",
                          "add_qu8", "mul_qu8", "add_qi16", "mul_qi16", "exp_f32", "tanh_f32",
                          "logistic_f32", "hard_swish_f32", "rescale_", "relu"}) {
    if (name.starts_with(hot)) return 60;
  }
  return 20;
}

}  // namespace

void add_element_generators(std::vector<Generator>& all) {
#define MOTE_UNARY(id, X, Y, value) \
  all.push_back({find_family(unary_families(), #id), weight_of(#id), unary<X, Y>});
#include "kernels/unary/unary.inc"
#undef MOTE_UNARY
#define MOTE_BINARY(id, A, B, Y, value) \
  all.push_back({find_family(binary_families(), #id), weight_of(#id), binary<A, B, Y>});
#include "kernels/binary/binary.inc"
#undef MOTE_BINARY
#define MOTE_SELECT(bits, T) \
  all.push_back({find_family(select_families(), "select_" #bits), 20, select<T>});
#include "kernels/select/select.inc"
#undef MOTE_SELECT
  add_luts(all);
  add_quantizers(all);
}

}  // namespace mote::kernels::shapes
