#include <type_traits>

#include "kernels/common/int8_run-inl.h"
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
Int8Conv conv_of(const void* params) {
  const Params& p = as<Params>(params);
  bool may_transform = false;
  if constexpr (std::is_same_v<Params, MoteConv2dInt>) {
    const MoteIntMac& m = p.mac;
    may_transform = m.w_type == kMoteI8 && m.w_zero == 0 && m.rounding == kMoteTwice &&
                    (m.y_type == kMoteI8 || m.y_type == kMoteU8);
  }
  return {p.window, p.groups, may_transform};
}

template <class Params>
int64_t units(const void* params) {
  return plan_int8(conv_of<Params>(params)).units();
}

template <class Params>
size_t scratch_bytes(const void* params) {
  return plan_int8(conv_of<Params>(params)).scratch_bytes;
}

template <class Params>
size_t packed_bytes(const void* params) {
  return int8_packed_bytes(conv_of<Params>(params));
}

const char* declines(const void* params) { return declines_int(as<MoteConv2dInt>(params).mac); }

void pack(const void* params, const void* weights, void* packed) {
  const MoteIntMac& mac = as<MoteConv2dInt>(params).mac;
  pack_int8(conv_of<MoteConv2dInt>(params), mac.w_type, mac.w_zero, kOnlyBytes, weights, packed);
}

void pack_hybrid(const void* params, const void* weights, void* packed) {
  pack_int8(conv_of<MoteConv2dHybrid>(params), as<MoteConv2dHybrid>(params).mac.w_type, 0,
            kOnlyBytes, weights, packed);
}

int run(const Args& a, int64_t begin, int64_t end) {
  return run_int8(as<MoteConv2dInt>(a.params).mac, a, begin, end);
}

int run_hybrid(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MoteConv2dHybrid>(a.params);
  const int64_t image = int64_t{p.window.out_h} * p.window.out_w;
  return run_int8_hybrid(p.mac, image, a, begin, end);
}

constexpr Kernel kInt[] = {{.name = "conv2d_int__avx2_8bit",
                            .run = run,
                            .declines = declines,
                            .units = units<MoteConv2dInt>,
                            .scratch_bytes = scratch_bytes<MoteConv2dInt>,
                            .pack_input = 1,
                            .packed_bytes = packed_bytes<MoteConv2dInt>,
                            .pack = pack}};

constexpr Kernel kHybrid[] = {{.name = "conv2d_hybrid__avx2",
                               .run = run_hybrid,
                               .units = units<MoteConv2dHybrid>,
                               .scratch_bytes = scratch_bytes<MoteConv2dHybrid>,
                               .pack_input = 1,
                               .packed_bytes = packed_bytes<MoteConv2dHybrid>,
                               .pack = pack_hybrid}};

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
