// What becomes of the sums of int8_gemm-inl.h: bytes by the fixed-point scales, or whatever else
// MoteIntMac and MoteHybridMac say. The results are those of mac.h.
//
// Lanes: 16 channels lie in two registers as 0 2 1 3, 8 10 9 11 | 4 6 5 7, 12 14 13 15; 8 channels
// in one, as 0 2 1 3, 4 6 5 7.
#pragma once

#if defined(__AVX2__)

#include "kernels/common/int8_gemm-inl.h"
#include "kernels/common/requantize_avx2-inl.h"

namespace mote::kernels::MOTE_ISA {

// `count` values from `from` (null: zeros), in the lanes' order.
template <int kRegs>
inline void load_lanes(const int32_t* from, int64_t count, __m256i* lanes) {
  alignas(32) int32_t values[8 * kRegs];
  const int32_t* source = from;
  if (!from || count < 8 * kRegs) {
    for (int64_t i = 0; i < 8 * kRegs; ++i) values[i] = 0;
    for (int64_t i = 0; from && i < count; ++i) values[i] = from[i];
    source = values;
  }
  const auto quarter = [&](int i) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(source + 4 * i));
  };
  if constexpr (kRegs == 2) {
    lanes[0] = _mm256_shuffle_epi32(_mm256_set_m128i(quarter(2), quarter(0)), 0xd8);
    lanes[1] = _mm256_shuffle_epi32(_mm256_set_m128i(quarter(3), quarter(1)), 0xd8);
  } else {
    lanes[0] = _mm256_shuffle_epi32(_mm256_set_m128i(quarter(1), quarter(0)), 0xd8);
  }
}

// Channels 8 * part .. 8 * part + 7 of a row's sums, in order.
template <int kRegs>
inline __m256i in_order(const __m256i* lanes, int part) {
  if constexpr (kRegs == 1) return _mm256_shuffle_epi32(lanes[0], 0xd8);
  const __m256i v = part == 0 ? _mm256_permute2x128_si256(lanes[0], lanes[1], 0x20)
                              : _mm256_permute2x128_si256(lanes[0], lanes[1], 0x31);
  return _mm256_shuffle_epi32(v, 0xd8);
}

inline __m256i load_sums(const PanelInfo& info, int reg) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(info.sums + 8 * reg));
}

[[gnu::always_inline]] inline void store_first(uint8_t* to, __m128i v, int64_t count) {
  if (count == 16) return _mm_storeu_si128(reinterpret_cast<__m128i*>(to), v);
  if (count == 8) return _mm_storel_epi64(reinterpret_cast<__m128i*>(to), v);
  if (count == 1) {
    *to = static_cast<uint8_t>(_mm_cvtsi128_si32(v));
    return;
  }
  alignas(16) uint8_t bytes[16];
  _mm_store_si128(reinterpret_cast<__m128i*>(bytes), v);
  for (int64_t i = 0; i < count; ++i) to[i] = bytes[i];
}

// sum (x - x_zero) * w = sum x * w - x_zero * sum w.
template <int kRegs>
inline void start_sums(const IntJob& job, const PanelInfo& info, int64_t channel, int64_t channels,
                       __m256i* start) {
  load_lanes<kRegs>(job.bias ? job.bias + channel : nullptr, channels, start);
  for (int j = 0; j < kRegs; ++j) {
    const __m256i share = _mm256_mullo_epi32(load_sums(info, j), _mm256_set1_epi32(job.x_zero));
    start[j] = _mm256_sub_epi32(start[j], share);
  }
}

inline const int32_t* terms_of(const IntJob& job, const PanelInfo& info) {
  return info.centre == job.mac->w_zero ? nullptr : job.row_terms;
}

template <int kRows, int kRegs>
[[gnu::always_inline]] inline void add_terms(const int32_t* terms, int64_t row,
                                             Sums<kRows, kRegs>& sums) {
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int j = 0; j < kRegs; ++j) {
      sums.v[r][j] = _mm256_add_epi32(sums.v[r][j], _mm256_set1_epi32(terms[row + r]));
    }
  }
}

inline void store16(uint8_t* to, __m128i v) { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), v); }

// Plain jobs (IntJob). uint8 outputs are computed as int8 ones, 128 lower.
template <int kRegs>
struct ByteOutput {
  static constexpr bool kIsRare = false;
  using Element = uint8_t;
  __m256i first[kRegs];
  PairScale8 scale[kRegs];
  __m256i low, high, flip;
  bool only_positive;  // what is below real zero is clamped to it
  const int32_t* terms;
  uint8_t* y;
  int64_t y_pitch, channels;

  __m256i start(int j) const { return first[j]; }

  template <bool kOnlyPositive, int kRows>
  [[gnu::always_inline]] inline void rescale(Sums<kRows, kRegs>& sums) const {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
      for (int j = 0; j < kRegs; ++j) {
        sums.v[r][j] = rescale_pairs<kOnlyPositive>(sums.v[r][j], scale[j]);
      }
    }
  }

  [[gnu::always_inline]] inline __m256i bytes(__m256i a, __m256i b) const {
    const __m256i v = _mm256_packs_epi16(a, b);
    return _mm256_xor_si256(_mm256_min_epi8(_mm256_max_epi8(v, low), high), flip);
  }

  template <int kRows>
  [[gnu::always_inline]] inline void store(int64_t row, Sums<kRows, kRegs>& sums) const {
    if (terms) add_terms(terms, row, sums);
    uint8_t* to[kRows];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) to[r] = at(row + r);
    store_at(to, sums);
  }

  uint8_t* at(int64_t pixel) const { return y + pixel * y_pitch; }

  template <int kRows>
  [[gnu::always_inline]] inline void store_at(uint8_t* const (&to)[kRows],
                                              Sums<kRows, kRegs>& sums) const {
    if (only_positive) {
      rescale<true>(sums);
    } else {
      rescale<false>(sums);
    }
    if constexpr (kRegs == 2) {
      store_wide(to, sums);
    } else {
      store_narrow(to, sums);
    }
  }

  template <int kRows>
  [[gnu::always_inline]] inline void store_wide(uint8_t* const (&to)[kRows],
                                                const Sums<kRows, kRegs>& sums) const {
    __m128i rows[kRows + 1];
#pragma GCC unroll 4
    for (int r = 0; r < kRows; r += 2) {
      const int next = r + 1 < kRows ? r + 1 : r;
      const __m256i b =
          _mm256_permute4x64_epi64(bytes(_mm256_packs_epi32(sums.v[r][0], sums.v[r][1]),
                                         _mm256_packs_epi32(sums.v[next][0], sums.v[next][1])),
                                   0xd8);
      rows[r] = _mm256_castsi256_si128(b);
      rows[r + 1] = _mm256_extracti128_si256(b, 1);
    }
    if (channels == 16) {
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) store16(to[r], rows[r]);
    } else {
      for (int r = 0; r < kRows; ++r) store_first(to[r], rows[r], channels);
    }
  }

  // Per 128 bits: four channels of each of four rows.
  template <int kRows>
  [[gnu::always_inline]] inline void store_narrow(uint8_t* const (&to)[kRows],
                                                  const Sums<kRows, kRegs>& sums) const {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    constexpr int kLast = kRows - 1;
#pragma GCC unroll 2
    for (int r = 0; r < kRows; r += 4) {
      const __m256i pair =
          _mm256_packs_epi32(sums.v[r][0], sums.v[r + 1 < kLast ? r + 1 : kLast][0]);
      const __m256i pair2 = _mm256_packs_epi32(sums.v[r + 2 < kLast ? r + 2 : kLast][0],
                                               sums.v[r + 3 < kLast ? r + 3 : kLast][0]);
      const __m256i rows = _mm256_permutevar8x32_epi32(bytes(pair, pair2), order);
      const __m128i low2 = _mm256_castsi256_si128(rows);
      const __m128i high2 = _mm256_extracti128_si256(rows, 1);
      store_first(to[r], low2, channels);
      if (r + 1 < kRows) store_first(to[r + 1], _mm_unpackhi_epi64(low2, low2), channels);
      if (r + 2 < kRows) store_first(to[r + 2], high2, channels);
      if (r + 3 < kRows) store_first(to[r + 3], _mm_unpackhi_epi64(high2, high2), channels);
    }
  }
};

struct ByteOutputs {
  const IntJob& job;

  template <int kRegs>
  ByteOutput<kRegs> make(const PanelInfo& info, int64_t channel, int64_t channels) const {
    const MoteIntMac& mac = *job.mac;
    ByteOutput<kRegs> out;
    start_sums<kRegs>(job, info, channel, channels, out.first);
    __m256i multiplier[kRegs], shift[kRegs];
    load_lanes<kRegs>(job.scales.multiplier + channel, channels, multiplier);
    load_lanes<kRegs>(job.scales.shift + channel, channels, shift);
    const int32_t lower = mac.y_type == kMoteU8 ? 128 : 0;
    for (int j = 0; j < kRegs; ++j) {
      out.scale[j] = pair_scale(multiplier[j], shift[j], mac.y_zero - lower);
    }
    out.low = _mm256_set1_epi8(static_cast<char>(mac.act_min - lower));
    out.high = _mm256_set1_epi8(static_cast<char>(mac.act_max - lower));
    out.flip = _mm256_set1_epi8(static_cast<char>(lower));
    out.only_positive = mac.act_min >= mac.y_zero;
    out.terms = terms_of(job, info);
    out.y = static_cast<uint8_t*>(job.y) + job.y_first + channel;
    out.y_pitch = job.y_pitch;
    out.channels = channels;
    return out;
  }
};

// 8-bit outputs by scales in double precision that are at most a half, so that no product leaves 32
// bits (beyond, mote_rescale_exact has a rule of its own).
template <int kRegs>
struct ExactOutput {
  static constexpr bool kIsRare = true;  // fully connected layers, mostly of one row
  __m256i first[kRegs];
  __m256d scale[2 * kRegs];  // in the order of the lanes
  __m128i zero, low, high, flip, order;
  const int32_t* terms;
  uint8_t* y;
  int64_t y_pitch, channels;

  __m256i start(int j) const { return first[j]; }

  // Eight lanes as 16-bit numbers.
  [[gnu::always_inline]] inline __m128i words(__m256i v, int j) const {
    const __m256d low4 = _mm256_cvtepi32_pd(_mm256_castsi256_si128(v));
    const __m256d high4 = _mm256_cvtepi32_pd(_mm256_extracti128_si256(v, 1));
    return _mm_packs_epi32(round_exact(_mm256_mul_pd(low4, scale[2 * j])),
                           round_exact(_mm256_mul_pd(high4, scale[2 * j + 1])));
  }

  template <int kRows>
  [[gnu::always_inline]] inline void store(int64_t row, Sums<kRows, kRegs>& sums) const {
    if (terms) add_terms(terms, row, sums);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const __m128i a = _mm_adds_epi16(words(sums.v[r][0], 0), zero);
      const __m128i b =
          kRegs == 1 ? a : _mm_adds_epi16(words(sums.v[r][kRegs - 1], kRegs - 1), zero);
      const __m128i v = _mm_min_epi8(_mm_max_epi8(_mm_packs_epi16(a, b), low), high);
      uint8_t* to = y + (row + r) * y_pitch;
      store_first(to, _mm_shuffle_epi8(_mm_xor_si128(v, flip), order), channels);
    }
  }
};

struct ExactOutputs {
  const IntJob& job;

  template <int kRegs>
  ExactOutput<kRegs> make(const PanelInfo& info, int64_t channel, int64_t channels) const {
    const MoteIntMac& mac = *job.mac;
    ExactOutput<kRegs> out;
    start_sums<kRegs>(job, info, channel, channels, out.first);
    const double* from = job.scales.exact + channel;
    const auto four = [&](int64_t c) {
      const __m256d v = c < channels ? load4d(from + c, channels - c) : _mm256_setzero_pd();
      return _mm256_permute4x64_pd(v, 0xd8);
    };
    out.scale[0] = four(0);
    out.scale[1] = four(kRegs == 2 ? 8 : 4);
    if constexpr (kRegs == 2) {
      out.scale[2] = four(4);
      out.scale[3] = four(12);
    }
    const int32_t lower = mac.y_type == kMoteU8 ? 128 : 0;
    out.zero = _mm_set1_epi16(static_cast<int16_t>(mac.y_zero - lower));
    out.low = _mm_set1_epi8(static_cast<char>(mac.act_min - lower));
    out.high = _mm_set1_epi8(static_cast<char>(mac.act_max - lower));
    out.flip = _mm_set1_epi8(static_cast<char>(lower));
    out.order = kRegs == 2 ? _mm_setr_epi8(0, 2, 1, 3, 8, 10, 9, 11, 4, 6, 5, 7, 12, 14, 13, 15)
                           : _mm_setr_epi8(0, 2, 1, 3, 4, 6, 5, 7, 0, 2, 1, 3, 4, 6, 5, 7);
    out.terms = terms_of(job, info);
    out.y = static_cast<uint8_t*>(job.y) + job.y_first + channel;
    out.y_pitch = job.y_pitch;
    out.channels = channels;
    return out;
  }
};

// Any rounding of 32-bit sums, any shift, any output type; `at` and `store_at` are for 8-bit ones.
template <int kRegs>
struct AnyOutput {
  static constexpr bool kIsRare = true;
  using Element = uint8_t;
  __m256i first[kRegs];
  const IntJob* job;
  const int32_t* terms;
  int64_t channel, channels;

  __m256i start(int j) const { return first[j]; }

  __m256i rescaled(__m256i sum, int64_t c, int64_t count) const {
    const MoteScales& s = job->scales;
    if (job->mac->rounding == kMoteTwice) {
      return rescale_any(sum, load8(s.multiplier + c, count), load8(s.shift + c, count));
    }
    return rescale_exact(sum, load4d(s.exact + c, count),
                         count > 4 ? load4d(s.exact + c + 4, count - 4) : _mm256_setzero_pd());
  }

  template <int kRows>
  [[gnu::noinline]] void store(int64_t row, Sums<kRows, kRegs>& sums) const {
    const MoteIntMac& mac = *job->mac;
    const Finish8 finish(mac);
    if (terms) add_terms(terms, row, sums);
    for (int r = 0; r < kRows; ++r) {
      for (int part = 0; part < kRegs; ++part) {
        const int64_t c = channel + 8 * part;
        const int64_t left = channels - 8 * part;
        const int64_t count = left < 8 ? left : 8;
        const __m256i value = rescaled(in_order<kRegs>(sums.v[r], part), c, count);
        store8(job->y, job->y_first + (row + r) * job->y_pitch + c, mac.y_type, finish(value),
               count);
      }
    }
  }

  uint8_t* at(int64_t pixel) const {
    return static_cast<uint8_t*>(job->y) + job->y_first + pixel * job->y_pitch + channel;
  }

  template <int kRows>
  [[gnu::noinline]] void store_at(uint8_t* const (&to)[kRows], Sums<kRows, kRegs>& sums) const {
    const Finish8 finish(*job->mac);
    for (int r = 0; r < kRows; ++r) {
      for (int part = 0; part < kRegs; ++part) {
        const int64_t left = channels - 8 * part, count = left < 8 ? left : 8;
        const __m256i value = rescaled(in_order<kRegs>(sums.v[r], part), channel + 8 * part, count);
        store_first(to[r] + 8 * part, bytes_of(finish(value)), count);
      }
    }
  }
};

struct AnyOutputs {
  const IntJob& job;

  template <int kRegs>
  AnyOutput<kRegs> make(const PanelInfo& info, int64_t channel, int64_t channels) const {
    AnyOutput<kRegs> out;
    start_sums<kRegs>(job, info, channel, channels, out.first);
    out.job = &job;
    out.terms = terms_of(job, info);
    out.channel = channel;
    out.channels = channels;
    return out;
  }
};

// `store_at` is for uniform jobs.
template <int kRegs>
struct HybridOutput {
  static constexpr bool kIsRare = false;
  using Element = float;
  __m256i first[kRegs];
  __m256 scale[kRegs], bias[kRegs];  // in order; scales times x's unless the product is split
  __m256 low, high;
  const HybridJob* job;
  __m256i sums_w[kRegs];
  int64_t channel, channels;

  __m256i start(int j) const { return first[j]; }

  float* at(int64_t pixel) const { return job->y + job->y_first + pixel * job->y_pitch + channel; }

  // Eight channels of a pixel, x's scale applied already or `s_x`.
  template <bool kSplit>
  [[gnu::always_inline]] inline void store_part(float* to, __m256i sum, __m256 s_w, __m256 s_x,
                                                int part) const {
    __m256 v = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), s_w);
    if constexpr (kSplit) v = _mm256_mul_ps(v, s_x);
    v = _mm256_min_ps(high, _mm256_max_ps(low, _mm256_add_ps(v, bias[part])));
    const int64_t left = channels - 8 * part;
    if (left >= 8) return _mm256_storeu_ps(to + 8 * part, v);
    store8(to, 8 * part, kMoteI32, _mm256_castps_si256(v), left);
  }

  template <bool kSplit>
  [[gnu::always_inline]] inline void store_uniform(float* to, const __m256i* sums) const {
    const __m256 s_x = _mm256_set1_ps(job->scale_of_all);
#pragma GCC unroll 2
    for (int part = 0; part < kRegs; ++part) {
      store_part<kSplit>(to, in_order<kRegs>(sums, part), scale[part], s_x, part);
    }
  }

  [[gnu::noinline]] void store_row(int64_t row, const __m256i* sums) const {
    const __m256i zero = _mm256_set1_epi32(mote_add_wrap(job->x_zero[row], 128));
    const __m256 s_x = _mm256_set1_ps(job->x_scale[row]);
    __m256i less[kRegs];
    for (int j = 0; j < kRegs; ++j) {
      less[j] = _mm256_sub_epi32(sums[j], _mm256_mullo_epi32(sums_w[j], zero));
    }
    for (int part = 0; part < kRegs; ++part) {
      const __m256i sum = in_order<kRegs>(less, part);
      if (job->mac->split) {
        store_part<true>(at(row), sum, scale[part], s_x, part);
      } else {
        store_part<false>(at(row), sum, _mm256_mul_ps(s_x, scale[part]), s_x, part);
      }
    }
  }

  template <int kRows>
  [[gnu::always_inline]] inline void store(int64_t row, Sums<kRows, kRegs>& sums) const {
    if (!job->is_uniform) {
      for (int r = 0; r < kRows; ++r) store_row(row + r, sums.v[r]);
      return;
    }
    float* to[kRows];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) to[r] = at(row + r);
    store_at(to, sums);
  }

  template <int kRows>
  [[gnu::always_inline]] inline void store_at(float* const (&to)[kRows],
                                              Sums<kRows, kRegs>& sums) const {
    if (job->mac->split) {
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) store_uniform<true>(to[r], sums.v[r]);
    } else {
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) store_uniform<false>(to[r], sums.v[r]);
    }
  }
};

struct HybridOutputs {
  const HybridJob& job;

  static __m256 load(const float* from, int64_t count) {
    if (!from || count <= 0) return _mm256_setzero_ps();
    return _mm256_castsi256_ps(
        load8(reinterpret_cast<const int32_t*>(from), count < 8 ? count : 8));
  }

  template <int kRegs>
  HybridOutput<kRegs> make(const PanelInfo& info, int64_t channel, int64_t channels) const {
    HybridOutput<kRegs> out;
    const __m256i zero = _mm256_set1_epi32(job.zero_of_all);
    for (int j = 0; j < kRegs; ++j) {
      out.sums_w[j] = load_sums(info, j);
      const __m256i share = _mm256_mullo_epi32(out.sums_w[j], zero);
      out.first[j] =
          job.is_uniform ? _mm256_sub_epi32(_mm256_setzero_si256(), share) : _mm256_setzero_si256();
      const int64_t c = channel + 8 * j, left = channels - 8 * j;
      out.scale[j] = load(job.w_scale + c, left);
      if (job.is_uniform && !job.mac->split) {
        out.scale[j] = _mm256_mul_ps(_mm256_set1_ps(job.scale_of_all), out.scale[j]);
      }
      out.bias[j] = load(job.bias ? job.bias + c : nullptr, left);
    }
    out.low = _mm256_set1_ps(job.mac->act_min);
    out.high = _mm256_set1_ps(job.mac->act_max);
    out.job = &job;
    out.channel = channel;
    out.channels = channels;
    return out;
  }
};

}  // namespace mote::kernels::MOTE_ISA

#endif
