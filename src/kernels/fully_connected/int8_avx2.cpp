#include "kernels/common/int8_hooks-inl.h"
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
Int8Conv conv_of(const Params& p) {
  const auto n = [](int64_t extent) { return static_cast<int32_t>(extent); };
  return {{n(p.rows), 1, 1, n(p.in_c), 1, 1, n(p.out_c), 1, 1, 1, 1, 1, 1, 0, 0}, 1, false};
}

template <class Params>
using Hooks = Int8Hooks<Params, conv_of<Params>>;

template <class Params>
const char* too_large(const void* params) {
  const Params& p = as<Params>(params);
  const bool fits = p.rows <= INT32_MAX && p.in_c <= INT32_MAX && p.out_c <= INT32_MAX;
  return fits ? nullptr : "an extent has more than 31 bits";
}

const char* declines(const void* params) {
  const char* reason = declines_int(as<MoteFullyConnectedInt>(params).mac);
  return reason ? reason : too_large<MoteFullyConnectedInt>(params);
}

int run(const Args& a, int64_t begin, int64_t end) {
  return run_int8(as<MoteFullyConnectedInt>(a.params).mac, a, begin, end);
}

int run_hybrid(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MoteFullyConnectedHybrid>(a.params);
  return run_int8_hybrid(p.mac, 1, a, begin, end);
}

constexpr Kernel kInt[] = {
    Hooks<MoteFullyConnectedInt>::row("fully_connected_int__avx2_8bit", run, declines)};

constexpr Kernel kHybrid[] = {Hooks<MoteFullyConnectedHybrid>::row(
    "fully_connected_hybrid__avx2", run_hybrid, too_large<MoteFullyConnectedHybrid>)};

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
