// Copies of short runs without a call: the loops around them copy runs of one length, so that every
// branch below is foreseen.
#pragma once

#include <cstdint>
#include <cstring>

namespace mote::kernels {

// Beyond this the library's way for long runs is faster.
inline constexpr int64_t kLongRunBytes = 1024;

// n bytes in two pieces that overlap, kPiece <= n <= 2 * kPiece.
template <int kPiece>
inline void copy_both_ends(unsigned char* to, const unsigned char* from, int64_t n) {
  unsigned char first[kPiece], last[kPiece];
  std::memcpy(first, from, kPiece);
  std::memcpy(last, from + n - kPiece, kPiece);
  std::memcpy(to, first, kPiece);
  std::memcpy(to + n - kPiece, last, kPiece);
}

// n bytes that do not overlap.
inline void copy_run(void* target, const void* source, int64_t n) {
  auto* to = static_cast<unsigned char*>(target);
  const auto* from = static_cast<const unsigned char*>(source);
  if (n >= kLongRunBytes) {
    std::memcpy(to, from, static_cast<size_t>(n));
  } else if (n > 32) {
    int64_t i = 0;
    for (; i + 32 <= n; i += 32) std::memcpy(to + i, from + i, 32);
    if (i < n) std::memcpy(to + n - 32, from + n - 32, 32);
  } else if (n >= 16) {
    copy_both_ends<16>(to, from, n);
  } else if (n >= 8) {
    copy_both_ends<8>(to, from, n);
  } else if (n >= 4) {
    copy_both_ends<4>(to, from, n);
  } else {
    for (int64_t i = 0; i < n; ++i) to[i] = from[i];
  }
}

}  // namespace mote::kernels
