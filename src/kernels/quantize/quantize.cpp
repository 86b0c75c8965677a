#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/chosen.h"
#include "kernels/common/fast_rows.h"
#include "kernels/quantize/families.h"
#include "kernels/quantize/ref.h"

namespace mote::kernels {
namespace {

template <class Params>
int64_t elements(const void* params) {
  return static_cast<const Params*>(params)->count;
}
int64_t bytes_of_halves(const void* params) {
  return (elements<MoteQuantizeParams>(params) + 1) / 2;
}

const char* is_per_channel(const void* params) {
  return static_cast<const MoteQuantizeParams*>(params)->channels == 1 ? nullptr
                                                                       : "one scale a channel";
}

// y = kLoop(x, scales, zero points), with the types that the reference loop has.
template <class X, class Y>
using Loop = void (*)(const MoteQuantizeParams*, const X*, const float*, const int32_t*, Y*,
                      int64_t, int64_t);

template <class X, class Y, Loop<X, Y> kLoop>
int run(const Args& args, int64_t begin, int64_t end) {
  kLoop(static_cast<const MoteQuantizeParams*>(args.params), static_cast<const X*>(args.in[0]),
        static_cast<const float*>(args.in[1]), static_cast<const int32_t*>(args.in[2]),
        static_cast<Y*>(args.out[0]), begin, end);
  return kOk;
}

// Half away from zero, as roundf: nearest-even first, then the ties moved.
inline float round_away(float x) {
  constexpr float kWhole = 8388608.0f;  // 2^23: from here on every float is an integer
  const float size = std::fabs(x);
  const float truncated = static_cast<float>(static_cast<int32_t>(size < kWhole ? size : 0.0f));
  const float rounded = truncated + (size - truncated >= 0.5f ? 1.0f : 0.0f);
  return size < kWhole ? std::copysign(rounded, x) : x;
}

// One scale for all elements, without calls.
template <class Y, int32_t kLow, int32_t kHigh>
void quantize_tensor(const MoteQuantizeParams*, const float* x, const float* scales,
                     const int32_t* zero_points, Y* y, int64_t begin, int64_t end) {
  static_assert(kHigh < 1 << 24, "every result must be a float");
  const float scale = scales[0];
  const auto zero = static_cast<float>(zero_points[0]);
  for (int64_t i = begin; i < end; ++i) {
    const float real = round_away(x[i] / scale) + zero;
    const float high = real > static_cast<float>(kHigh) ? static_cast<float>(kHigh) : real;
    const float held = high < static_cast<float>(kLow) ? static_cast<float>(kLow) : high;
    y[i] = static_cast<Y>(static_cast<int32_t>(held == held ? held : zero));
  }
}

template <class X>
void dequantize_tensor(const MoteQuantizeParams*, const X* x, const float* scales,
                       const int32_t* zero_points, float* y, int64_t begin, int64_t end) {
  const float scale = scales[0];
  const int32_t zero = zero_points[0];
  for (int64_t i = begin; i < end; ++i) y[i] = scale * static_cast<float>(x[i] - zero);
}

int run_half(const Args& args, int64_t begin, int64_t end) {
  mote_dequantize_f16_f32(static_cast<const uint16_t*>(args.in[0]),
                          static_cast<float*>(args.out[0]), begin, end);
  return kOk;
}

int run_fake_quant(const Args& args, int64_t begin, int64_t end) {
  mote_fake_quant_f32(static_cast<const MoteFakeQuantParams*>(args.params),
                      static_cast<const float*>(args.in[0]), static_cast<float*>(args.out[0]),
                      begin, end);
  return kOk;
}

int run_cast(const Args& args, int64_t begin, int64_t end) {
  mote_cast(static_cast<const MoteCastParams*>(args.params), args.in[0], args.out[0], begin, end);
  return kOk;
}

// The conversions that models are full of, as plain loops.
template <class X, class Y>
void convert(const void* x, void* y, int64_t begin, int64_t end) {
  const auto* from = static_cast<const X*>(x);
  auto* to = static_cast<Y*>(y);
  for (int64_t i = begin; i < end; ++i) to[i] = static_cast<Y>(from[i]);
}

struct Conversion {
  int32_t from, to;
  void (*loop)(const void*, void*, int64_t, int64_t);
};
constexpr Conversion kConversions[] = {
    {kMoteCastI32, kMoteCastF32, convert<int32_t, float>},
    {kMoteCastI64, kMoteCastF32, convert<int64_t, float>},
    {kMoteCastI8, kMoteCastF32, convert<int8_t, float>},
    {kMoteCastU8, kMoteCastF32, convert<uint8_t, float>},
    {kMoteCastBool, kMoteCastI32, convert<bool, int32_t>},
    {kMoteCastBool, kMoteCastF32, convert<bool, float>},
    {kMoteCastI64, kMoteCastI32, convert<int64_t, int32_t>},
    {kMoteCastI32, kMoteCastI64, convert<int32_t, int64_t>},
};

const Conversion* find_conversion(const void* params) {
  const auto* p = static_cast<const MoteCastParams*>(params);
  for (const Conversion& c : kConversions) {
    if (c.from == p->from && c.to == p->to) return &c;
  }
  return nullptr;
}

const char* declines_conversion(const void* params) {
  return find_conversion(params) ? nullptr : "a rare pair of types";
}

int run_conversion(const Args& args, int64_t begin, int64_t end) {
  find_conversion(args.params)->loop(args.in[0], args.out[0], begin, end);
  return kOk;
}

template <class X, class Y, Loop<X, Y> kTensor, Loop<X, Y> kReference>
constexpr std::array<Kernel, 2> rows(const char* tensor, const char* reference) {
  return {
      {{.name = tensor,
        .run = run<X, Y, kTensor>,
        .declines = is_per_channel,
        .units = elements<MoteQuantizeParams>},
       {.name = reference, .run = run<X, Y, kReference>, .units = elements<MoteQuantizeParams>}}};
}

#define MOTE_QUANTIZED_TYPE(id, T, low, high)                                 \
  constexpr auto kQuantize_##id =                                             \
      rows<float, T, quantize_tensor<T, low, high>, mote_quantize_f32_##id>(  \
          "quantize_f32_" #id "__tensor", "quantize_f32_" #id "__reference"); \
  constexpr auto kDequantize_##id =                                           \
      rows<T, float, dequantize_tensor<T>, mote_dequantize_##id##_f32>(       \
          "dequantize_" #id "_f32__tensor", "dequantize_" #id "_f32__reference");
#include "kernels/quantize/types.inc"
#undef MOTE_QUANTIZED_TYPE

constexpr Kernel kQuantize_i4[] = {{.name = "quantize_f32_i4__reference",
                                    .run = run<float, uint8_t, mote_quantize_f32_i4>,
                                    .units = bytes_of_halves}};
constexpr Kernel kDequantize_i4[] = {{.name = "dequantize_i4_f32__reference",
                                      .run = run<uint8_t, float, mote_dequantize_i4_f32>,
                                      .units = elements<MoteQuantizeParams>}};
constexpr Kernel kDequantize_f16[] = {{.name = "dequantize_f16_f32__reference",
                                       .run = run_half,
                                       .units = elements<MoteQuantizeParams>}};
constexpr Kernel kFakeQuant[] = {{.name = "fake_quant_f32__reference",
                                  .run = run_fake_quant,
                                  .units = elements<MoteFakeQuantParams>}};
constexpr Kernel kCast[] = {
    {.name = "cast__loop",
     .run = run_conversion,
     .declines = declines_conversion,
     .units = elements<MoteCastParams>},
    {.name = "cast__reference", .run = run_cast, .units = elements<MoteCastParams>}};

}  // namespace

std::span<const Family> quantize_families() {
  static constexpr Family kFamilies[] = {
#define MOTE_QUANTIZED_TYPE(id, T, low, high)    \
  {"quantize_f32_" #id, chosen<kQuantize_##id>}, \
      {"dequantize_" #id "_f32", chosen<kDequantize_##id>},
#include "kernels/quantize/types.inc"
#undef MOTE_QUANTIZED_TYPE
      {"quantize_f32_i4", chosen<kQuantize_i4>},
      {"dequantize_i4_f32", chosen<kDequantize_i4>},
      {"dequantize_f16_f32", chosen<kDequantize_f16>},
      {"fake_quant_f32", chosen<kFakeQuant>},
      {"cast", chosen<kCast>},
  };
  static const FamilyTable kTable = with_fast_rows(kFamilies, {kQuantizeAvx2});
  return kTable.families;
}

void prepare_fake_quant(float min, float max, int bits, MoteFakeQuantParams& p) {
  const auto steps = static_cast<float>((int64_t{1} << bits) - 1);
  p.scale = (max - min) / steps;
  const float zero = std::clamp(std::round(0.0f - min / p.scale), 0.0f, steps);
  p.low = (0.0f - zero) * p.scale;
  p.high = (steps - zero) * p.scale;
  p.inverse_scale = 1.0f / p.scale;
}

}  // namespace mote::kernels
