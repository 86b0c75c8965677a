// The rows of conv2d for 8-bit activations, for every processor that has products of bytes
// (common/int8_multiply.h). Each one's file includes this once.
#pragma once

#include <type_traits>

#include "kernels/common/fast_rows.h"
#include "kernels/common/int8_hooks-inl.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/conv2d/families.h"

#if defined(MOTE_HAS_ISA)

namespace mote::kernels::MOTE_ISA {
namespace {

template <class Params>
Int8Conv conv_of(const Params& p) {
  int32_t transform_most = 0;
  if constexpr (std::is_same_v<Params, MoteConv2dInt>) {
    const MoteIntMac& m = p.mac;
    const bool fits = !kOnlyBytes && m.w_type == kMoteI8 && m.w_zero == 0 &&
                      m.rounding == kMoteTwice && (m.y_type == kMoteI8 || m.y_type == kMoteU8);
    if (fits) transform_most = m.x_type == kMoteU8 ? 255 : 128;
  } else if (!kOnlyBytes && p.mac.w_type == kMoteI8) {
    transform_most = 128;
  }
  return {p.window, p.groups, transform_most};
}

template <class Params>
using Hooks = Int8Hooks<Params, conv_of<Params>>;

const char* declines(const void* params) { return declines_int(as<MoteConv2dInt>(params).mac); }

int run(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MoteConv2dInt>(a.params);
  Int8Plan own;
  return run_int8(p.mac, plan_for(a, conv_of(p), &own), a, begin, end);
}

int run_hybrid(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MoteConv2dHybrid>(a.params);
  const int64_t image = int64_t{p.window.out_h} * p.window.out_w;
  Int8Plan own;
  return run_int8_hybrid(p.mac, plan_for(a, conv_of(p), &own), image, a, begin, end);
}

constexpr Kernel kIntRows[] = {
    Hooks<MoteConv2dInt>::row(MOTE_ROW_NAME("conv2d_int") "_8bit", run, declines, kImageBytes)};

constexpr Kernel kHybridRows[] = {
    Hooks<MoteConv2dHybrid>::row(MOTE_ROW_NAME("conv2d_hybrid"), run_hybrid, nullptr, kImageBytes)};

constexpr std::span<const Kernel> kInt8Rows = kIntRows, kInt8HybridRows = kHybridRows;

}  // namespace
}  // namespace mote::kernels::MOTE_ISA

#else

namespace mote::kernels::MOTE_ISA {
constexpr std::span<const Kernel> kInt8Rows = {}, kInt8HybridRows = {};
}

#endif
