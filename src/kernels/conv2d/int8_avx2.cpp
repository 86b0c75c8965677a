#include <type_traits>

#include "kernels/common/int8_hooks-inl.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/conv2d/families.h"

#if defined(__AVX2__)

namespace mote::kernels::MOTE_ISA {
namespace {

template <class Params>
const Params& as(const void* params) {
  return *static_cast<const Params*>(params);
}

template <class Params>
Int8Conv conv_of(const Params& p) {
  bool may_transform = false;
  if constexpr (std::is_same_v<Params, MoteConv2dInt>) {
    const MoteIntMac& m = p.mac;
    may_transform = m.w_type == kMoteI8 && m.w_zero == 0 && m.rounding == kMoteTwice &&
                    (m.y_type == kMoteI8 || m.y_type == kMoteU8);
  }
  return {p.window, p.groups, may_transform};
}

template <class Params>
using Hooks = Int8Hooks<Params, conv_of<Params>>;

const char* declines(const void* params) { return declines_int(as<MoteConv2dInt>(params).mac); }

int run(const Args& a, int64_t begin, int64_t end) {
  return run_int8(as<MoteConv2dInt>(a.params).mac, a, begin, end);
}

int run_hybrid(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MoteConv2dHybrid>(a.params);
  const int64_t image = int64_t{p.window.out_h} * p.window.out_w;
  return run_int8_hybrid(p.mac, image, a, begin, end);
}

constexpr Kernel kInt[] = {Hooks<MoteConv2dInt>::row("conv2d_int__avx2_8bit", run, declines)};

constexpr Kernel kHybrid[] = {
    Hooks<MoteConv2dHybrid>::row("conv2d_hybrid__avx2", run_hybrid, nullptr)};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA

namespace mote::kernels {
const ProcessorRows kConv2dInt8Avx2 = {simd::Isa::avx2, MOTE_ISA::kInt};
const ProcessorRows kConv2dHybridAvx2 = {simd::Isa::avx2, MOTE_ISA::kHybrid};
}  // namespace mote::kernels

#else

namespace mote::kernels {
const ProcessorRows kConv2dInt8Avx2 = {simd::Isa::avx2, {}};
const ProcessorRows kConv2dHybridAvx2 = {simd::Isa::avx2, {}};
}  // namespace mote::kernels

#endif
