#include "kernels/common/int8_run-inl.h"
#include "kernels/fully_connected/families.h"
#include "kernels/fully_connected/fully_connected.h"

#if defined(__AVX2__)

namespace mote::kernels::MOTE_ISA {
namespace {

template <class Params>
const Params& as(const void* params) {
  return *static_cast<const Params*>(params);
}

// Rows are batches of one pixel.
template <class Params>
Int8Conv conv_of(const void* params) {
  const Params& p = as<Params>(params);
  const auto n = [](int64_t extent) { return static_cast<int32_t>(extent); };
  return {{n(p.rows), 1, 1, n(p.in_c), 1, 1, n(p.out_c), 1, 1, 1, 1, 1, 1, 0, 0}, 1, false};
}

template <class Params>
const char* too_large(const void* params) {
  const Params& p = as<Params>(params);
  const bool fits = p.rows <= INT32_MAX && p.in_c <= INT32_MAX && p.out_c <= INT32_MAX;
  return fits ? nullptr : "an extent has more than 31 bits";
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

const char* declines(const void* params) {
  const char* reason = declines_int(as<MoteFullyConnectedInt>(params).mac);
  return reason ? reason : too_large<MoteFullyConnectedInt>(params);
}

void pack(const void* params, const void* weights, void* packed) {
  const MoteIntMac& mac = as<MoteFullyConnectedInt>(params).mac;
  pack_int8(conv_of<MoteFullyConnectedInt>(params), mac.w_type, mac.w_zero, kOnlyBytes, weights,
            packed);
}

void pack_hybrid(const void* params, const void* weights, void* packed) {
  pack_int8(conv_of<MoteFullyConnectedHybrid>(params),
            as<MoteFullyConnectedHybrid>(params).mac.w_type, 0, kOnlyBytes, weights, packed);
}

int run(const Args& a, int64_t begin, int64_t end) {
  return run_int8(as<MoteFullyConnectedInt>(a.params).mac, a, begin, end);
}

int run_hybrid(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MoteFullyConnectedHybrid>(a.params);
  return run_int8_hybrid(p.mac, 1, a, begin, end);
}

constexpr Kernel kInt[] = {{.name = "fully_connected_int__avx2_8bit",
                            .run = run,
                            .declines = declines,
                            .units = units<MoteFullyConnectedInt>,
                            .scratch_bytes = scratch_bytes<MoteFullyConnectedInt>,
                            .pack_input = 1,
                            .packed_bytes = packed_bytes<MoteFullyConnectedInt>,
                            .pack = pack}};

constexpr Kernel kHybrid[] = {{.name = "fully_connected_hybrid__avx2",
                               .run = run_hybrid,
                               .declines = too_large<MoteFullyConnectedHybrid>,
                               .units = units<MoteFullyConnectedHybrid>,
                               .scratch_bytes = scratch_bytes<MoteFullyConnectedHybrid>,
                               .pack_input = 1,
                               .packed_bytes = packed_bytes<MoteFullyConnectedHybrid>,
                               .pack = pack_hybrid}};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA

namespace mote::kernels {
const ProcessorRows kFullyConnectedInt8Avx2 = {simd::Isa::avx2, MOTE_ISA::kInt};
const ProcessorRows kFullyConnectedHybridAvx2 = {simd::Isa::avx2, MOTE_ISA::kHybrid};
}  // namespace mote::kernels

#else

namespace mote::kernels {
const ProcessorRows kFullyConnectedInt8Avx2 = {simd::Isa::avx2, {}};
const ProcessorRows kFullyConnectedHybridAvx2 = {simd::Isa::avx2, {}};
}  // namespace mote::kernels

#endif
