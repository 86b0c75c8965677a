// Products of int16 activations and int8 (or int4) weights, exact: pairs of steps are multiplied
// and added in 32 bits, and before those can overflow the sums move to 64 bits.
//
//   panel of 16 channels, one cell = 2 steps of a channel (past K and N: 0), 32 bytes for each
//   pair:
//     | c0 c1 c2 c3  c8 c9 c10 c11 | c4 c5 c6 c7  c12 c13 c14 c15 |
#pragma once

#if defined(__AVX2__)

#include "kernels/common/lanes16_avx2-inl.h"
#include "kernels/common/requantize_avx2-inl.h"

namespace mote::kernels::MOTE_ISA {

inline constexpr int64_t kShortRows = 4;     // of a tile
inline constexpr int64_t kExactPairs = 255;  // 255 * 2 * 2^15 * 2^7 < 2^31

inline int64_t short_panels(int64_t n) { return (n + 15) / 16; }
inline int64_t short_pairs(int64_t k) { return (k + 1) / 2; }
inline int64_t short_panel_bytes(int64_t k) { return short_pairs(k) * 32; }

// Row n of the weights begins at element first + n * k.
inline void pack_short_panels(const void* weights, int32_t type, int64_t first, int64_t n,
                              int64_t k, int8_t* packed) {
  for (int64_t panel = 0; panel < short_panels(n); ++panel) {
    for (int64_t pair = 0; pair < short_pairs(k); ++pair) {
      for (int64_t i = 0; i < 32; ++i) {
        const int64_t quad = i / 8, lane = (quad == 1 ? 8 : quad == 2 ? 4 : quad * 4) + i % 8 / 2;
        const int64_t channel = panel * 16 + lane, step = 2 * pair + i % 2;
        const bool inside = channel < n && step < k;
        *packed++ = inside
                        ? static_cast<int8_t>(mote_load(weights, first + channel * k + step, type))
                        : int8_t{0};
      }
    }
  }
}

// Rows of activations, `pitch` elements apart; row by row an even number of elements can be read
// (the last one is then multiplied by 0).
struct ShortRows {
  const int16_t* data;
  int64_t pitch, count;
};

// 16 weights as words.
inline __m256i short_words(const int8_t* w) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
}
inline __m256i short_words(const int16_t* w) { return load256(w); }

// Sums of kRows rows and 16 channels over some pairs, whose weights are `step` elements apart.
template <int kRows, class Weight>
inline void sum_short_pairs(const int16_t* x, int64_t pitch, const Weight* w, int64_t step,
                            int64_t pairs, Lanes16* sums) {
  __m256i low[kRows], high[kRows];
  for (int r = 0; r < kRows; ++r) low[r] = high[r] = _mm256_setzero_si256();
  for (; pairs > 0; --pairs, x += 2, w += step) {
    const __m256i w_low = short_words(w), w_high = short_words(w + 16);
    for (int r = 0; r < kRows; ++r) {
      int32_t pair = 0;
      __builtin_memcpy(&pair, x + r * pitch, sizeof pair);
      const __m256i v = _mm256_set1_epi32(pair);
      low[r] = _mm256_add_epi32(low[r], _mm256_madd_epi16(v, w_low));
      high[r] = _mm256_add_epi32(high[r], _mm256_madd_epi16(v, w_high));
    }
  }
  for (int r = 0; r < kRows; ++r) sums[r] = {low[r], high[r]};
}

// 16 channels' exact sums, four to a register, in order.
struct WideSums {
  __m256i quad[4];
};

inline WideSums widened(const Lanes16& s) {
  const __m256i first = _mm256_permute2x128_si256(s.low, s.high, 0x20);
  const __m256i second = _mm256_permute2x128_si256(s.low, s.high, 0x31);
  return {{_mm256_cvtepi32_epi64(_mm256_castsi256_si128(first)),
           _mm256_cvtepi32_epi64(_mm256_extracti128_si256(first, 1)),
           _mm256_cvtepi32_epi64(_mm256_castsi256_si128(second)),
           _mm256_cvtepi32_epi64(_mm256_extracti128_si256(second, 1))}};
}

// Calls out(row, sums) for kRows rows against one panel.
template <int kRows, class Out>
inline void multiply_short_tile(const int16_t* x, int64_t pitch, const int8_t* panel, int64_t pairs,
                                int64_t first_row, const Out& out) {
  constexpr int64_t kStep = 32;
  Lanes16 sums[kRows];
  const int64_t first_pairs = pairs < kExactPairs ? pairs : kExactPairs;
  sum_short_pairs<kRows>(x, pitch, panel, kStep, first_pairs, sums);
  WideSums totals[kRows];
  for (int r = 0; r < kRows; ++r) totals[r] = widened(sums[r]);
  for (int64_t done = first_pairs; done < pairs; done += kExactPairs) {
    const int64_t some = pairs - done < kExactPairs ? pairs - done : kExactPairs;
    sum_short_pairs<kRows>(x + 2 * done, pitch, panel + kStep * done, kStep, some, sums);
    for (int r = 0; r < kRows; ++r) {
      const WideSums more = widened(sums[r]);
      for (int q = 0; q < 4; ++q) {
        totals[r].quad[q] = _mm256_add_epi64(totals[r].quad[q], more.quad[q]);
      }
    }
  }
  for (int r = 0; r < kRows; ++r) out(first_row + r, totals[r]);
}

template <class Out>
inline void multiply_short_panel(const ShortRows& rows, const int8_t* panel, int64_t k,
                                 const Out& out) {
  const int64_t pairs = short_pairs(k);
  int64_t r = 0;
  for (; r + kShortRows <= rows.count; r += kShortRows) {
    multiply_short_tile<kShortRows>(rows.data + r * rows.pitch, rows.pitch, panel, pairs, r, out);
  }
  for (; r < rows.count; ++r) {
    multiply_short_tile<1>(rows.data + r * rows.pitch, rows.pitch, panel, pairs, r, out);
  }
}

// From the sums of one panel to outputs.
class ShortOutputs {
 public:
  // `channel`: the panel's first of the layer; `count` of its channels exist.
  ShortOutputs(const MoteIntMac& mac, const MoteScales& scales, const void* bias, void* y,
               int64_t channel, int64_t count)
      : mac_(mac), finish_(mac), y_(y), count_(count) {
    const bool wide_bias = mac.rounding == kMoteWide || mac.rounding == kMoteExact64;
    for (int64_t i = 0; i < 16; ++i) {
      const bool exists = i < count;
      const int64_t c = channel + i;
      bias_[i] = exists ? mote_bias(bias, mac.rounding, c) : 0;
      if (scales.exact) {
        exact_[i] = exists ? scales.exact[c] : 0.0;
      } else {
        multiplier_[i] = exists ? scales.multiplier[c] : 0;
        shift_[i] = exists ? scales.shift[c] : 0;
      }
    }
    wraps_ = !wide_bias;
    for (int64_t i = 0; i < 16 && mac.rounding == kMoteWide; ++i) {
      const int32_t m = multiplier_[i];
      reduced_[i] = m < 0x7fff0000 ? (m + (1 << 15)) >> 16 : 0x7fff;
      const int total = 15 - shift_[i];
      total_[i] = total;
      round_[i] = int64_t{1} << (total - 1);
    }
  }

  // Element `at` of y is the panel's first channel.
  void write(int64_t at, const WideSums& sums) const {
    for (int half = 0; half < 2; ++half) {
      const int64_t left = count_ - half * 8;
      if (left <= 0) break;
      const __m256i v = _mm256_set_m128i(rescaled(sums.quad[2 * half + 1], 8 * half + 4),
                                         rescaled(sums.quad[2 * half], 8 * half));
      store8(y_, at + half * 8, mac_.y_type, finish_(v), left < 8 ? left : 8);
    }
  }

 private:
  // Four lanes from lane i on.
  __m128i rescaled(__m256i sum, int i) const {
    const __m256i acc = _mm256_add_epi64(sum, load256(bias_ + i));
    if (mac_.rounding == kMoteWide) return rescaled_once(acc, i);
    alignas(32) int64_t lanes[4];
    store256(lanes, acc);
    alignas(16) int32_t y[4];
    if (mac_.rounding == kMoteTwice) {
      for (int j = 0; j < 4; ++j)
        y[j] = mote_rescale(wrapped(lanes[j]), multiplier_[i + j], shift_[i + j]);
      return _mm_load_si128(reinterpret_cast<const __m128i*>(y));
    }
    const __m256d scale = _mm256_load_pd(exact_ + i);
    if (wraps_) {
      const __m128i low = _mm256_castsi256_si128(
          _mm256_permutevar8x32_epi32(acc, _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6)));
      return round_exact(_mm256_mul_pd(_mm256_cvtepi32_pd(low), scale));
    }
    alignas(32) double wide[4];
    for (int j = 0; j < 4; ++j) wide[j] = static_cast<double>(lanes[j]);
    return round_exact(_mm256_mul_pd(_mm256_load_pd(wide), scale));
  }

  static int32_t wrapped(int64_t x) {
    return static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(x)));
  }

  // mote_rescale_i64: (x * reduced + 2^(total-1)) >> total. The upper and lower halves of x are
  // multiplied apart; the arithmetic shift is a logical one of a number moved by 2^63.
  __m128i rescaled_once(__m256i x, int i) const {
    const __m256i reduced = load256(reduced_ + i), total = load256(total_ + i);
    const __m256i upper = _mm256_mul_epi32(_mm256_srli_epi64(x, 32), reduced);
    const __m256i product =
        _mm256_add_epi64(_mm256_mul_epu32(x, reduced), _mm256_slli_epi64(upper, 32));
    const __m256i rounded = _mm256_add_epi64(product, load256(round_ + i));
    const __m256i top = _mm256_set1_epi64x(INT64_MIN);
    const __m256i y = _mm256_sub_epi64(_mm256_srlv_epi64(_mm256_xor_si256(rounded, top), total),
                                       _mm256_srlv_epi64(top, total));
    return _mm256_castsi256_si128(
        _mm256_permutevar8x32_epi32(y, _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6)));
  }

  const MoteIntMac& mac_;
  Finish8 finish_;
  void* y_;
  int64_t count_;
  bool wraps_ = false;
  alignas(32) int64_t bias_[16] = {}, reduced_[16] = {}, total_[16] = {}, round_[16] = {};
  alignas(32) double exact_[16] = {};
  int32_t multiplier_[16] = {}, shift_[16] = {};
};

// Why these can't be int16 rows; null if they can.
inline const char* declines_short(const MoteIntMac& m) {
  if (m.x_type != kMoteI16 || m.x_zero != 0) return "the input is not int16 without a zero point";
  if (m.w_type != kMoteI8 && m.w_type != kMoteI4) return "the weights are neither int8 nor int4";
  return m.w_zero != 0 ? "the weights have a zero point" : nullptr;
}

}  // namespace mote::kernels::MOTE_ISA

#endif
