// Copies of short runs without a call: the loops around them copy runs of one length, so that every
// branch below is foreseen. And where such runs lie.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/movement/movement.h"

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

// One element over and over.
class Filling {
 public:
  Filling(const void* element, int64_t size_bytes) {
    for (int64_t i = 0; i < kBytes; i += size_bytes) {
      std::memcpy(pattern_ + i, element, static_cast<size_t>(size_bytes));
    }
  }

  // n bytes, whole elements.
  void fill(void* target, int64_t n) const {
    auto* to = static_cast<unsigned char*>(target);
    for (; n >= kBytes; n -= kBytes, to += kBytes) std::memcpy(to, pattern_, kBytes);
    copy_run(to, pattern_, n);
  }

 private:
  static constexpr int64_t kBytes = 32;  // a multiple of every element's size
  unsigned char pattern_[kBytes];
};

// The rows of a padded y along the last axis, from number `row` on: where each one lies in x.
class PadRows {
 public:
  PadRows(const MotePad& p, int64_t row) : p_(p), last_(p.rank - 1) {
    int64_t scale = 1;
    for (int d = last_ - 1; d >= 0; --d) {
      index_[d] = row % p.out_extent[d];
      row /= p.out_extent[d];
      scale_[d] = scale;
      scale *= p.in_extent[d];
    }
  }

  // The row of x; -1 where it is outside.
  int64_t source() const {
    int64_t from = 0;
    for (int d = 0; d < last_; ++d) {
      const int64_t i = index_[d] - p_.before[d];
      if (i < 0 || i >= p_.in_extent[d]) return -1;
      from += i * scale_[d];
    }
    return from;
  }

  void next() {
    for (int d = last_ - 1; d >= 0 && ++index_[d] == p_.out_extent[d]; --d) index_[d] = 0;
  }

 private:
  const MotePad& p_;
  int last_;
  int64_t index_[kMoteMoveRank], scale_[kMoteMoveRank];
};

// `count` runs of `bytes`, `step` bytes apart in x, side by side in y.
inline void gather_runs(const char* x, int64_t step, int64_t count, int64_t bytes, char* y) {
  if (bytes == 4) {
    for (int64_t i = 0; i < count; ++i) std::memcpy(y + 4 * i, x + i * step, 4);
  } else if (bytes == 1) {
    for (int64_t i = 0; i < count; ++i) y[i] = x[i * step];
  } else {
    for (int64_t i = 0; i < count; ++i) copy_run(y + i * bytes, x + i * step, bytes);
  }
}

}  // namespace mote::kernels
