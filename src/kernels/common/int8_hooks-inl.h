// What the rows of every family on int8_conv.h's core have in common: all but which parameters make
// which convolution.
#pragma once

#if defined(MOTE_HAS_ISA)

#include "kernels/common/int8_run-inl.h"
#include "kernels/kernel.h"

namespace mote::kernels::MOTE_ISA {

template <class Params>
inline const Params& as(const void* params) {
  return *static_cast<const Params*>(params);
}

inline int32_t weight_zero(const MoteIntMac& mac) { return mac.w_zero; }
inline int32_t weight_zero(const MoteHybridMac&) { return 0; }

// The hooks of a row with these parameters, which `conv_of` reads as a convolution.
template <class Params, Int8Conv (*conv_of)(const Params&)>
struct Int8Hooks {
  static Int8Conv conv(const void* params) { return conv_of(as<Params>(params)); }
  static int64_t units(const void* params) { return plan_int8(conv(params)).units(); }
  static size_t scratch_bytes(const void* params) { return plan_int8(conv(params)).scratch_bytes; }
  static size_t packed_bytes(const void* params) { return int8_packed_bytes(conv(params)); }
  static void pack(const void* params, const void* weights, void* packed) {
    const auto& mac = as<Params>(params).mac;
    pack_int8(conv(params), mac.w_type, weight_zero(mac), kOnlyBytes, weights, packed);
    if constexpr (kJoinsBlocks) join_int8_blocks(packed);
  }

  static constexpr Kernel row(const char* name, Run run, decltype(Kernel::declines) declines,
                              size_t packed_image_bytes = 0) {
    return {.name = name,
            .run = run,
            .declines = declines,
            .units = units,
            .scratch_bytes = scratch_bytes,
            .pack_input = 1,
            .packed_bytes = packed_bytes,
            .pack = pack,
            .packed_image_bytes = packed_image_bytes};
  }
};

}  // namespace mote::kernels::MOTE_ISA

#endif
