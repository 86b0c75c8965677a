// The rows of fully_connected for 8-bit activations, for every processor that has products of bytes
// (common/int8_multiply.h). Each one's file includes this once.
#pragma once

#include "kernels/common/fast_rows.h"
#include "kernels/common/int8_hooks-inl.h"
#include "kernels/fully_connected/families.h"
#include "kernels/fully_connected/fully_connected.h"

#if defined(MOTE_HAS_ISA)

namespace mote::kernels::MOTE_ISA {
namespace {

// Rows are batches of one pixel.
template <class Params>
Int8Conv conv_of(const Params& p) {
  const auto n = [](int64_t extent) { return static_cast<int32_t>(extent); };
  return {{n(p.rows), 1, 1, n(p.in_c), 1, 1, n(p.out_c), 1, 1, 1, 1, 1, 1, 0, 0}, 1, 0};
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
  return run_int8(as<MoteFullyConnectedInt>(a.params).mac, plan_of(a), a, begin, end);
}

int run_hybrid(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MoteFullyConnectedHybrid>(a.params);
  return run_int8_hybrid(p.mac, plan_of(a), 1, a, begin, end);
}

constexpr Kernel kIntRows[] = {
    Hooks<MoteFullyConnectedInt>::row(MOTE_ROW_NAME("fully_connected_int") "_8bit", run, declines)};

constexpr Kernel kHybridRows[] = {Hooks<MoteFullyConnectedHybrid>::row(
    MOTE_ROW_NAME("fully_connected_hybrid"), run_hybrid, too_large<MoteFullyConnectedHybrid>)};

constexpr std::span<const Kernel> kInt8Rows = kIntRows, kInt8HybridRows = kHybridRows;

}  // namespace
}  // namespace mote::kernels::MOTE_ISA

#else

namespace mote::kernels::MOTE_ISA {
constexpr std::span<const Kernel> kInt8Rows = {}, kInt8HybridRows = {};
}

#endif
