// Unary operators by vectors, compiled for each processor that a file is compiled for.
#pragma once

#include "kernels/common/fast_rows.h"
#include "kernels/common/rescale_vec-inl.h"
#include "kernels/kernel.h"
#include "kernels/unary/unary.h"
#include "simd/vec_math.h"

namespace mote::kernels::MOTE_ISA {
namespace {

int64_t elements(const void* params) { return static_cast<const MoteUnaryParams*>(params)->count; }

// --- Floats. The output may be the input: a vector is read before it is written.

template <auto kFunction>
int run_f32(const Args& args, int64_t begin, int64_t end) {
  const auto* x = static_cast<const float*>(args.in[0]);
  auto* y = static_cast<float*>(args.out[0]);
  int64_t i = begin;
  for (; i + v::kLanes <= end; i += v::kLanes) v::store(y + i, kFunction(v::load(x + i)));
  if (i < end) v::store_part(y + i, kFunction(v::load_part(x + i, end - i)), end - i);
  return kOk;
}

v::F32 negated(v::F32 x) { return -x; }
v::F32 square(v::F32 x) { return x * x; }
v::F32 rsqrt(v::F32 x) { return v::splat(1.0f) / v::sqrt(x); }
v::F32 relu(v::F32 x) { return v::max(v::splat(0.0f), x); }
v::F32 relu6(v::F32 x) { return v::held(x, 0.0f, 6.0f); }
v::F32 relu_n1_to_1(v::F32 x) { return v::held(x, -1.0f, 1.0f); }
v::F32 relu_0_to_1(v::F32 x) { return v::held(x, 0.0f, 1.0f); }
v::F32 hard_swish(v::F32 x) { return x * relu6(x + v::splat(3.0f)) / v::splat(6.0f); }

int run_leaky_relu(const Args& args, int64_t begin, int64_t end) {
  const v::F32 alpha = v::splat(static_cast<const MoteUnaryParams*>(args.params)->alpha);
  const auto* x = static_cast<const float*>(args.in[0]);
  auto* y = static_cast<float*>(args.out[0]);
  const auto leaky = [alpha](v::F32 a) { return v::select(a > v::splat(0.0f), a, a * alpha); };
  int64_t i = begin;
  for (; i + v::kLanes <= end; i += v::kLanes) v::store(y + i, leaky(v::load(x + i)));
  if (i < end) v::store_part(y + i, leaky(v::load_part(x + i, end - i)), end - i);
  return kOk;
}

// --- rescale_*: quantized functions that are lines on either side of zero

template <class X, class Y>
struct RescaleBothSides {
  v::I32 zero_x, zero_y, sign;
  Rescale above, below;
  bool negates;
  int32_t low, high;

  explicit RescaleBothSides(const MoteUnaryParams& p)
      : zero_x(v::splat(p.zero_x)),
        zero_y(v::splat(p.zero_y)),
        sign(v::splat(p.below == kMoteBelowMagnitude ? int32_t{-1} : int32_t{0})),
        above(p.multiplier, p.shift),
        below(p.multiplier_negative, p.shift_negative),
        negates(p.below == kMoteBelowNegated),
        low(p.min_y),
        high(p.max_y) {}

  static constexpr int kVectors = 4 / static_cast<int>(sizeof(Y));
  static constexpr int64_t kGroup = kVectors * v::kLanes;

  void group(const X* x, Y* y) const {
    v::I32 results[4];
    for (int i = 0; i < kVectors; ++i) {
      const v::I32 value = v::load_wide(x + i * v::kLanes) - zero_x;
      const v::I32 down = below((value ^ sign) - sign);
      results[i] = v::select_negative(value, negates ? -down : down, above(value)) + zero_y;
    }
    v::store_clamped(y, results, low, high);
  }
};

template <class X, class Y>
int run_rescale(const Args& args, int64_t begin, int64_t end) {
  using Op = RescaleBothSides<X, Y>;
  const Op op(*static_cast<const MoteUnaryParams*>(args.params));
  const auto* x = static_cast<const X*>(args.in[0]);
  auto* y = static_cast<Y*>(args.out[0]);
  int64_t i = begin;
  for (; i + Op::kGroup <= end; i += Op::kGroup) op.group(x + i, y + i);
  if (i < end) {
    X from[Op::kGroup] = {};
    Y to[Op::kGroup];
    std::memcpy(from, x + i, static_cast<size_t>(end - i) * sizeof(X));
    op.group(from, to);
    std::memcpy(y + i, to, static_cast<size_t>(end - i) * sizeof(Y));
  }
  return kOk;
}

// Whether numbers below 2^18 can be scaled by it.
bool scales(int32_t multiplier, int32_t shift) {
  return multiplier >= 0 && shift <= 0 && shift >= -31;
}

const char* rescale_declines(const void* params) {
  const auto& p = *static_cast<const MoteUnaryParams*>(params);
  if (p.zero_x < -65536 || p.zero_x > 65536 || p.zero_y < -65536 || p.zero_y > 65536) {
    return "the zero points are too large";
  }
  if (!scales(p.multiplier, p.shift) || !scales(p.multiplier_negative, p.shift_negative)) {
    return "a factor is above 1";
  }
  return nullptr;
}

#define MOTE_F32_ROW(id, function) \
  { .name = MOTE_ROW_NAME(id "_f32"), .run = run_f32<function>, .units = elements }
#define MOTE_RESCALE_ROW(id, X, Y)                                                                \
  {                                                                                               \
    .name = MOTE_ROW_NAME("rescale_" id), .run = run_rescale<X, Y>, .declines = rescale_declines, \
    .units = elements                                                                             \
  }
constexpr Kernel kRows[] = {
    MOTE_F32_ROW("abs", v::abs),
    MOTE_F32_ROW("neg", negated),
    MOTE_F32_ROW("round", v::round),
    MOTE_F32_ROW("sqrt", v::sqrt),
    MOTE_F32_ROW("rsqrt", rsqrt),
    MOTE_F32_ROW("square", square),
    MOTE_F32_ROW("exp", v::exp),
    MOTE_F32_ROW("relu", relu),
    MOTE_F32_ROW("relu6", relu6),
    MOTE_F32_ROW("relu_n1_to_1", relu_n1_to_1),
    MOTE_F32_ROW("relu_0_to_1", relu_0_to_1),
    {.name = MOTE_ROW_NAME("leaky_relu_f32"), .run = run_leaky_relu, .units = elements},
    MOTE_F32_ROW("elu", v::elu),
    MOTE_F32_ROW("gelu", v::gelu),
    MOTE_F32_ROW("gelu_tanh", v::gelu_tanh),
    MOTE_F32_ROW("hard_swish", hard_swish),
    MOTE_F32_ROW("logistic", v::logistic),
    MOTE_F32_ROW("tanh", v::tanh),
    MOTE_RESCALE_ROW("i8_i8", int8_t, int8_t),
    MOTE_RESCALE_ROW("i8_u8", int8_t, uint8_t),
    MOTE_RESCALE_ROW("i8_i16", int8_t, int16_t),
    MOTE_RESCALE_ROW("u8_i8", uint8_t, int8_t),
    MOTE_RESCALE_ROW("u8_u8", uint8_t, uint8_t),
    MOTE_RESCALE_ROW("i16_i8", int16_t, int8_t),
    MOTE_RESCALE_ROW("i16_i16", int16_t, int16_t),
};
#undef MOTE_F32_ROW
#undef MOTE_RESCALE_ROW

}  // namespace
}  // namespace mote::kernels::MOTE_ISA
