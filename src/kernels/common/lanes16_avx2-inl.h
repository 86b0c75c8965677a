// From sums to outputs, 16 channels at a time, for rows that keep *twice* the sum in 32 bits
// because their packed weights are doubled: the high half of twice the sum times the multiplier is
// the first rounding of mote_rescale, without a shift.
//
//   sums of lanes 0-15, in the order that unpacking leaves them:
//   low  0 1 2 3 | 8 9 10 11
//   high 4 5 6 7 | 12 13 14 15
//
// With p = x * multiplier and e = -shift > 0,
//   mote_mul_high:      h = floor((p + 2^30) / 2^31)
//   mote_shift_right:   y = floor((h + 2^(e-1) - [h < 0]) / 2^e)
// 2^(e-1) can be added before the first floor. [x < 0] does for [h < 0]: they differ only where
// h = 0, and there floor((2^(e-1) - 1) / 2^e) is 0 too. mote_rescale_i64 is the same without the
// first rounding and without [h < 0].
#pragma once

#if defined(__AVX2__)

#include <immintrin.h>

#include <cstdint>

#include "kernels/common/mac.h"

namespace mote::kernels::MOTE_ISA {

inline __m256i load256(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline void store256(void* p, __m256i v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }

// The first n <= 64 bytes of `from`.
inline void store_bytes(void* to, const void* from, int64_t n) {
  auto* t = static_cast<uint8_t*>(to);
  const auto* f = static_cast<const uint8_t*>(from);
  for (; n >= 16; n -= 16, t += 16, f += 16) __builtin_memcpy(t, f, 16);
  if (n & 8) __builtin_memcpy(t, f, 8), t += 8, f += 8;
  if (n & 4) __builtin_memcpy(t, f, 4), t += 4, f += 4;
  if (n & 2) __builtin_memcpy(t, f, 2), t += 2, f += 2;
  if (n & 1) *t = *f;
}

// Lanes in order <-> the two registers of sums.
struct Lanes16 {
  __m256i low, high;
};
inline Lanes16 load_lanes(const int32_t* p) {
  const __m256i a = load256(p), b = load256(p + 8);
  return {_mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31)};
}
inline void store_lanes(int32_t* p, const Lanes16& v) {
  store256(p, _mm256_permute2x128_si256(v.low, v.high, 0x20));
  store256(p + 8, _mm256_permute2x128_si256(v.low, v.high, 0x31));
}

// What 16 lanes are scaled by. A lane without a channel has bias 0, multiplier 0 and shift -1.
struct LaneScales {
  int32_t bias[16], multiplier[16], shift[16];
};

struct Rescale8 {
  __m256i even, odd;          // multipliers in the low halves of 64-bit lanes
  __m256i add_even, add_odd;  // 2^31 (Twice) + 2^(31+e)
  __m256i shift;              // e
};

// kTwice: rounded twice, otherwise (Wide) once.
template <bool kTwice>
struct Rescale16 {
  Rescale8 low, high;

  // False if a lane needs the general way. Sums without bias must be less than 2^29.
  bool set(const LaneScales& s) {
    const Lanes16 shifts = load_lanes(s.shift), biases = load_lanes(s.bias);
    Lanes16 multipliers = load_lanes(s.multiplier);
    const __m256i bad = _mm256_or_si256(bad_lanes(shifts.low, multipliers.low, biases.low),
                                        bad_lanes(shifts.high, multipliers.high, biases.high));
    if (!_mm256_testz_si256(bad, bad)) return false;
    if constexpr (!kTwice) {
      multipliers.low = reduced(multipliers.low);
      multipliers.high = reduced(multipliers.high);
    }
    low = scale(multipliers.low, shifts.low);
    high = scale(multipliers.high, shifts.high);
    return true;
  }

  static __m256i apply(__m256i twice_x, const Rescale8& r) {
    const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(twice_x, r.even), r.add_even);
    const __m256i odd =
        _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(twice_x, 32), r.odd), r.add_odd);
    __m256i y = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
    if constexpr (kTwice) y = _mm256_add_epi32(y, _mm256_srai_epi32(twice_x, 31));
    return _mm256_srav_epi32(y, r.shift);
  }

  // 16 outputs without their zero point, saturated to 16 bits, in order.
  __m256i apply(const Lanes16& sums) const {
    return _mm256_packs_epi32(apply(sums.low, low), apply(sums.high, high));
  }
  __m256i apply(const int32_t* sums) const {
    return apply(Lanes16{load256(sums), load256(sums + 8)});
  }

 private:
  static __m256i bad_lanes(__m256i shift, __m256i multiplier, __m256i bias) {
    const __m256i limit = _mm256_set1_epi32(1 << 29);
    const __m256i left = _mm256_cmpgt_epi32(shift, _mm256_set1_epi32(-1));
    const __m256i far = _mm256_cmpgt_epi32(_mm256_set1_epi32(-30), shift);
    const __m256i large =
        _mm256_or_si256(_mm256_cmpgt_epi32(bias, limit),
                        _mm256_cmpgt_epi32(_mm256_sub_epi32(_mm256_setzero_si256(), limit), bias));
    return _mm256_or_si256(_mm256_or_si256(left, far),
                           _mm256_or_si256(large, _mm256_srai_epi32(multiplier, 31)));
  }

  // The multiplier's upper 16 bits, rounded, as mote_rescale_i64 has it.
  static __m256i reduced(__m256i m) {
    const __m256i most = _mm256_set1_epi32(0x7fff0000);
    const __m256i up = _mm256_add_epi32(_mm256_min_epi32(m, most), _mm256_set1_epi32(1 << 15));
    return _mm256_and_si256(up, _mm256_set1_epi32(-65536));
  }

  static Rescale8 scale(__m256i multiplier, __m256i shift) {
    const __m256i one = _mm256_set1_epi32(1);
    const __m256i e = _mm256_sub_epi32(_mm256_setzero_si256(), shift);
    const __m256i half = _mm256_sllv_epi32(one, _mm256_sub_epi32(e, one));
    const __m256i first = kTwice ? _mm256_set1_epi64x(int64_t{1} << 31) : _mm256_setzero_si256();
    return {multiplier, _mm256_srli_epi64(multiplier, 32),
            _mm256_or_si256(_mm256_slli_epi64(half, 32), first),
            _mm256_blend_epi32(first, half, 0xaa), e};
  }
};

}  // namespace mote::kernels::MOTE_ISA

#endif
