// Quantize and dequantize with one scale for all elements by vectors, compiled for each processor
// that a file is compiled for.
#pragma once

#include "kernels/common/fast_rows.h"
#include "kernels/kernel.h"
#include "kernels/quantize/ref.h"
#include "simd/vec.h"

namespace mote::kernels::MOTE_ISA {
namespace {

namespace v = simd::MOTE_ISA;

int64_t elements(const void* params) {
  return static_cast<const MoteQuantizeParams*>(params)->count;
}

const char* is_per_channel(const void* params) {
  return static_cast<const MoteQuantizeParams*>(params)->channels == 1 ? nullptr
                                                                       : "one scale a channel";
}

// Half away from zero, as roundf, held within +-2^21; NaN gives 0. Below 2^22 adding the float
// under a half and truncating does it: x.5 reaches the next integer, the float under it does not.
v::I32 rounded(v::F32 x) {
  const v::F32 number = v::float_of(v::bits_of(x) & (x == x));
  const v::F32 held = v::clamp(number, v::splat(-2097152.0f), v::splat(2097152.0f));
  return v::to_int_truncated(held + v::with_sign_of(v::splat(0x1.fffffep-2f), held));
}

// kGroup elements at a time; the rest through buffers, as one more group.
template <int64_t kGroup, class X, class Y, class Group>
void in_groups(const X* x, Y* y, int64_t n, const Group& group) {
  int64_t i = 0;
  for (; i + kGroup <= n; i += kGroup) group(x + i, y + i);
  if (i == n) return;
  X from[kGroup] = {};
  Y to[kGroup];
  std::memcpy(from, x + i, static_cast<size_t>(n - i) * sizeof(X));
  group(from, to);
  std::memcpy(y + i, to, static_cast<size_t>(n - i) * sizeof(Y));
}

template <class Y, int32_t kLow, int32_t kHigh, auto kReference>
int run_quantize(const Args& args, int64_t begin, int64_t end) {
  const auto* x = static_cast<const float*>(args.in[0]);
  const auto* scales = static_cast<const float*>(args.in[1]);
  const auto* zero_points = static_cast<const int32_t*>(args.in[2]);
  auto* y = static_cast<Y*>(args.out[0]);
  if (zero_points[0] < -(1 << 20) || zero_points[0] > 1 << 20) {  // beyond what `rounded` holds
    kReference(static_cast<const MoteQuantizeParams*>(args.params), x, scales, zero_points, y,
               begin, end);
    return kOk;
  }
  constexpr int kVectors = 4 / static_cast<int>(sizeof(Y));
  const v::F32 scale = v::splat(scales[0]);
  const v::I32 zero = v::splat(zero_points[0]);
  in_groups<kVectors * v::kLanes>(x + begin, y + begin, end - begin, [=](const float* from, Y* to) {
    v::I32 q[4];
    for (int i = 0; i < kVectors; ++i) q[i] = rounded(v::load(from + i * v::kLanes) / scale) + zero;
    v::store_clamped(to, q, kLow, kHigh);
  });
  return kOk;
}

template <class X>
int run_dequantize(const Args& args, int64_t begin, int64_t end) {
  const auto* x = static_cast<const X*>(args.in[0]);
  auto* y = static_cast<float*>(args.out[0]);
  const v::F32 scale = v::splat(static_cast<const float*>(args.in[1])[0]);
  const v::I32 zero = v::splat(static_cast<const int32_t*>(args.in[2])[0]);
  in_groups<v::kLanes>(x + begin, y + begin, end - begin, [=](const X* from, float* to) {
    v::store(to, scale * v::to_float(v::load_wide(from) - zero));
  });
  return kOk;
}

#define MOTE_QUANTIZED_TYPE(id, T, low, high)                 \
  {.name = MOTE_ROW_NAME("quantize_f32_" #id),                \
   .run = run_quantize<T, low, high, mote_quantize_f32_##id>, \
   .declines = is_per_channel,                                \
   .units = elements},                                        \
      {.name = MOTE_ROW_NAME("dequantize_" #id "_f32"),       \
       .run = run_dequantize<T>,                              \
       .declines = is_per_channel,                            \
       .units = elements},
constexpr Kernel kRows[] = {
#include "kernels/quantize/types.inc"
};
#undef MOTE_QUANTIZED_TYPE

}  // namespace
}  // namespace mote::kernels::MOTE_ISA
