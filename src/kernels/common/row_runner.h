// For tests: runs one row of a family as the runtime would (packed weights, scratch, units split in
// uneven ranges), and makes seeded random tensors.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/kernel.h"

namespace mote::kernels {

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}

  int64_t between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine_);
  }
  float real(float low, float high) {
    return std::uniform_real_distribution<float>(low, high)(engine_);
  }
  bool coin() { return between(0, 1) == 1; }

  std::vector<float> floats(int64_t n, float low = -2, float high = 2) {
    std::vector<float> v(static_cast<size_t>(n));
    for (float& x : v) x = real(low, high);
    return v;
  }
  // The extremes come up often.
  template <class T>
  std::vector<T> ints(int64_t n, int64_t low, int64_t high) {
    std::vector<T> v(static_cast<size_t>(n));
    for (T& x : v) {
      const int64_t kind = between(0, 9);
      x = static_cast<T>(kind == 0 ? low : kind == 1 ? high : between(low, high));
    }
    return v;
  }

 private:
  std::mt19937 engine_;
};

// Runs `row`; returns its code. `guard` bytes after the scratch and the packed weights must stay
// untouched: false in `intact` if not.
inline int run_row(const Kernel& row, const void* params, std::vector<const void*> in,
                   std::vector<void*> out, bool* intact) {
  constexpr size_t kGuard = 64;
  constexpr unsigned char kMark = 0x5a;
  const auto guarded = [&](size_t bytes) {
    return std::vector<uint64_t>((bytes + kGuard + 7) / 8, 0x5a5a5a5a5a5a5a5aull);
  };
  const auto untouched = [&](const std::vector<uint64_t>& buffer, size_t bytes) {
    const auto* p = reinterpret_cast<const unsigned char*>(buffer.data());
    for (size_t i = bytes; i < buffer.size() * 8; ++i) {
      if (p[i] != kMark) return false;
    }
    return true;
  };
  *intact = true;
  size_t packed_bytes = 0;
  std::vector<uint64_t> packed;
  if (row.pack_input >= 0) {
    packed_bytes = row.packed_bytes(params);
    packed = guarded(packed_bytes);
    row.pack(params, in[static_cast<size_t>(row.pack_input)], packed.data());
    in[static_cast<size_t>(row.pack_input)] = packed.data();
    // Half of the cases as if the weights had been packed for another image.
    if (row.packed_image_bytes && packed_bytes / 64 % 2 == 0)
      std::memset(packed.data(), 0, row.packed_image_bytes);
  }
  const size_t scratch_bytes = row.scratch_bytes ? row.scratch_bytes(params) : 0;
  const int64_t units = row.units ? row.units(params) : 1;
  int64_t begin = 0;
  int code = 0;
  for (int64_t step = 1; begin < units && code == 0; ++step) {
    const int64_t end = begin + step < units ? begin + step : units;
    std::vector<uint64_t> scratch = guarded(scratch_bytes);
    const Args args = {params, in.data(), out.data(), scratch.data()};
    code = row.run(args, begin, end);
    *intact = *intact && untouched(scratch, scratch_bytes);
    begin = end;
  }
  *intact = *intact && untouched(packed, packed_bytes);
  return code;
}

}  // namespace mote::kernels
