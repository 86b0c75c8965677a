// From 32-bit sums to quantized outputs, eight at a time, bit for bit as fixed_point.h and mac.h
// have it. For files that are compiled for AVX2 or better; all of it is in their own namespace.
//
// Twice, shift < 0 (e = -shift): with p = x * multiplier in 64 bits,
//   mote_mul_high:     h = floor((p + 2^30) / 2^31)
//   mote_shift_right:  y = floor((h + 2^(e-1) - [h < 0]) / 2^e)
// Floors of floors join:  y = floor((p + 2^30 + 2^(e+30) - 2^31 [h < 0]) / 2^(31+e)).
// [x < 0] does for [h < 0]: they differ only where h = 0, and there floor((2^(e-1) - 1) / 2^e) is 0
// too. The quotient is the upper half of the 64-bit sum, shifted right by e - 1.
#pragma once

#if defined(__AVX2__)

#include <immintrin.h>

#include <cstdint>

#include "kernels/common/mac.h"

namespace mote::kernels::MOTE_ISA {

// Eight channels' scales (multiplier >= 0) for rescale_right.
struct RightScale8 {
  __m256i even, odd;              // multipliers in the low halves of 64-bit lanes
  __m256i round_even, round_odd;  // 2^30 + 2^(e+30)
  __m256i shift;                  // e - 1
};

// Whether rescale_right can take these channels; with any other shift only rescale_any can.
inline bool all_shift_right(const int32_t* shift, int64_t count) {
  for (int64_t c = 0; c < count; ++c) {
    if (shift[c] >= 0) return false;
  }
  return true;
}

inline RightScale8 right_scale(__m256i multiplier, __m256i shift) {
  const __m256i e = _mm256_sub_epi32(_mm256_setzero_si256(), shift);
  const __m256i half = _mm256_set1_epi64x(int64_t{1} << 30);
  const __m256i low = _mm256_set1_epi64x(0xffffffff);
  RightScale8 s;
  s.even = multiplier;
  s.odd = _mm256_srli_epi64(multiplier, 32);
  s.round_even = _mm256_add_epi64(half, _mm256_sllv_epi64(half, _mm256_and_si256(e, low)));
  s.round_odd = _mm256_add_epi64(half, _mm256_sllv_epi64(half, _mm256_srli_epi64(e, 32)));
  s.shift = _mm256_sub_epi32(e, _mm256_set1_epi32(1));
  return s;
}

// mote_rescale of eight sums, every shift in [-31, -1]. kOnlyPositive: results below 0 matter only
// in that they are not above it.
template <bool kOnlyPositive = false>
inline __m256i rescale_right(__m256i x, const RightScale8& s) {
  const __m256i sign = _mm256_set1_epi64x(int64_t{1} << 31);
  const __m256i x_odd = _mm256_srli_epi64(x, 32);
  const __m256i p_even = _mm256_add_epi64(_mm256_mul_epi32(x, s.even), s.round_even);
  const __m256i p_odd = _mm256_add_epi64(_mm256_mul_epi32(x_odd, s.odd), s.round_odd);
  // Without the share of [x < 0], floor((h + 2^(e-1)) / 2^e) <= 0 for h < 0 all the same.
  const __m256i even = kOnlyPositive ? p_even : _mm256_sub_epi64(p_even, _mm256_and_si256(x, sign));
  const __m256i odd =
      kOnlyPositive ? p_odd : _mm256_sub_epi64(p_odd, _mm256_and_si256(x_odd, sign));
  const __m256i high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
  return _mm256_srav_epi32(high, s.shift);
}

// The same with the output's zero point added and the lanes of each 128 bits in another order: sums
// in as 0 2 1 3, results out as 0 1 2 3. One instruction joins the halves. Shifts in [-20, -1],
// zero points of at most 9 bits: the sum of all is below 2^62 + 2^50 + 2^60.
struct PairScale8 {
  __m256i even, odd;              // multipliers in the low halves of 64-bit lanes
  __m256i round_even, round_odd;  // 2^30 + 2^(e+30) + zero 2^(e+31)
  __m256i shift;                  // e - 1, in the order of the results
};

// Multipliers and shifts in the order of the sums.
inline PairScale8 pair_scale(__m256i multiplier, __m256i shift, int32_t zero) {
  const RightScale8 s = right_scale(multiplier, shift);
  const __m256i offset = _mm256_slli_epi64(_mm256_set1_epi64x(zero), 32);
  const __m256i low = _mm256_set1_epi64x(0xffffffff);
  PairScale8 p;
  p.even = s.even;
  p.odd = s.odd;
  p.round_even =
      _mm256_add_epi64(s.round_even, _mm256_sllv_epi64(offset, _mm256_and_si256(s.shift, low)));
  p.round_odd =
      _mm256_add_epi64(s.round_odd, _mm256_sllv_epi64(offset, _mm256_srli_epi64(s.shift, 32)));
  p.shift = _mm256_shuffle_epi32(s.shift, 0xd8);
  return p;
}

template <bool kOnlyPositive>
[[gnu::always_inline]] inline __m256i rescale_pairs(__m256i x, const PairScale8& s) {
  const __m256i x_odd = _mm256_srli_epi64(x, 32);
  __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x, s.even), s.round_even);
  __m256i odd = _mm256_add_epi64(_mm256_mul_epi32(x_odd, s.odd), s.round_odd);
  if constexpr (!kOnlyPositive) {
    const __m256i sign = _mm256_set1_epi64x(int64_t{1} << 31);
    even = _mm256_sub_epi64(even, _mm256_and_si256(x, sign));
    odd = _mm256_sub_epi64(odd, _mm256_and_si256(x_odd, sign));
  }
  const __m256 high = _mm256_shuffle_ps(_mm256_castsi256_ps(even), _mm256_castsi256_ps(odd), 0xdd);
  return _mm256_srav_epi32(_mm256_castps_si256(high), s.shift);
}

// mote_rescale of eight sums, any shift in [-31, 31], multiplier >= 0.
inline __m256i rescale_any(__m256i x, __m256i multiplier, __m256i shift) {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i half = _mm256_set1_epi64x(int64_t{1} << 30);
  x = _mm256_sllv_epi32(x, _mm256_max_epi32(shift, zero));
  const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x, multiplier), half);
  const __m256i odd = _mm256_add_epi64(
      _mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(multiplier, 32)), half);
  const __m256i high =
      _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xaa);
  const __m256i e = _mm256_max_epi32(_mm256_sub_epi32(zero, shift), zero);
  const __m256i one = _mm256_set1_epi32(1);
  const __m256i mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, e), one);
  const __m256i threshold =
      _mm256_add_epi32(_mm256_srli_epi32(mask, 1), _mm256_srli_epi32(high, 31));
  const __m256i up = _mm256_cmpgt_epi32(_mm256_and_si256(high, mask), threshold);
  return _mm256_sub_epi32(_mm256_srav_epi32(high, e), up);
}

// mote_rescale_exact of four doubles. The sum with the largest number below a half, cut off, is the
// half-away rounding; what doesn't fit becomes INT32_MIN.
inline __m128i round_exact(__m256d y) {
  const __m256d sign = _mm256_set1_pd(-0.0);
  const __m256d half = _mm256_set1_pd(0.49999999999999994);
  return _mm256_cvttpd_epi32(_mm256_add_pd(y, _mm256_or_pd(_mm256_and_pd(y, sign), half)));
}

// mote_rescale_exact of eight sums; scale_low belongs to the first four.
inline __m256i rescale_exact(__m256i x, __m256d scale_low, __m256d scale_high) {
  const __m256d low = _mm256_cvtepi32_pd(_mm256_castsi256_si128(x));
  const __m256d high = _mm256_cvtepi32_pd(_mm256_extracti128_si256(x, 1));
  return _mm256_set_m128i(round_exact(_mm256_mul_pd(high, scale_high)),
                          round_exact(_mm256_mul_pd(low, scale_low)));
}

// Adds the zero point (wrapping) and clamps, as mote_requantize ends.
struct Finish8 {
  __m256i zero, low, high;

  explicit Finish8(const MoteIntMac& mac)
      : zero(_mm256_set1_epi32(mac.y_zero)),
        low(_mm256_set1_epi32(mac.act_min)),
        high(_mm256_set1_epi32(mac.act_max)) {}

  __m256i operator()(__m256i y) const {
    return _mm256_min_epi32(_mm256_max_epi32(_mm256_add_epi32(y, zero), low), high);
  }
};

// The low bytes or halves of eight values, in order.
inline __m128i bytes_of(__m256i y) {
  const __m256i first = _mm256_set1_epi32(0x0c080400);
  const __m256i b = _mm256_shuffle_epi8(y, first);
  return _mm_unpacklo_epi32(_mm256_castsi256_si128(b), _mm256_extracti128_si256(b, 1));
}
inline __m128i halves_of(__m256i y) {
  const __m256i first = _mm256_set1_epi64x(0x0d0c090805040100);
  const __m256i h = _mm256_shuffle_epi8(y, first);
  return _mm_unpacklo_epi64(_mm256_castsi256_si128(h), _mm256_extracti128_si256(h, 1));
}

// Stores the first `count` <= 8 of eight values that fit the type (mote_store).
inline void store8(void* y, int64_t at, int32_t type, __m256i values, int64_t count = 8) {
  const int64_t size = type == kMoteI16 ? 2 : type == kMoteI32 ? 4 : 1;
  alignas(32) uint8_t lanes[32];
  uint8_t* to = static_cast<uint8_t*>(y) + at * size;
  uint8_t* target = count == 8 ? to : lanes;
  if (size == 1) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(target), bytes_of(values));
  } else if (size == 2) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(target), halves_of(values));
  } else {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(target), values);
  }
  for (int64_t i = 0; target == lanes && i < count * size; ++i) to[i] = lanes[i];
}

// Eight 32-bit values, the last 8 - count of them 0.
inline __m256i load8(const int32_t* from, int64_t count = 8) {
  if (count == 8) return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i inside = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int32_t>(count)), lane);
  return _mm256_maskload_epi32(from, inside);
}

inline __m256d load4d(const double* from, int64_t count = 4) {
  if (count >= 4) return _mm256_loadu_pd(from);
  const __m256i lane = _mm256_setr_epi64x(0, 1, 2, 3);
  return _mm256_maskload_pd(from, _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), lane));
}

}  // namespace mote::kernels::MOTE_ISA

#endif
