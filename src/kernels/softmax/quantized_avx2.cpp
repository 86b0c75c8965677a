// Softmax of quantized rows for AVX2: exponentials of differences to the maximum by table.
#include "kernels/chosen.h"
#include "kernels/softmax/families.h"

#if defined(__AVX2__)

#include <cstring>

#include "kernels/common/fast_rows.h"
#include "kernels/common/fixed_vec-inl.h"
#include "kernels/kernel.h"
#include "kernels/lut/table16_avx2-inl.h"
#include "kernels/softmax/ref.h"

namespace mote::kernels::MOTE_ISA {
namespace {

const MoteRowParams& params_of(const void* params) {
  return *static_cast<const MoteRowParams*>(params);
}

int64_t rows(const void* params) { return params_of(params).outer; }

v::I32 lanes_of(__m256i x) { return reinterpret_cast<v::I32>(x); }
__m256i register_of(v::I32 x) { return reinterpret_cast<__m256i>(x); }

// mote_rescale with the parameters' scale, shift in [-31, 31].
v::I32 rescaled(const MoteRowParams& p, v::I32 difference) {
  const v::I32 left = difference << (p.shift > 0 ? p.shift : 0);
  return rounded_right(v::mul_high(left, v::splat(p.multiplier)), p.shift < 0 ? -p.shift : 0);
}

int32_t sum_lanes(__m256i v) {
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1)));
}

// --- Bytes

// exp(-d) in Q0 of the differences d in [0, 256); 0 below diff_min.
void fill_table(const MoteRowParams& p, int32_t* entries) {
  v::I32 d;
  for (int i = 0; i < v::kLanes; ++i) d[i] = -i;
  for (int i = 0; i < 256; i += v::kLanes) {
    const v::I32 e = exp_q5(rescaled(p, d));
    v::store(entries + i, v::select(d < v::splat(p.diff_min), v::splat(int32_t{0}), e));
    d -= v::splat(int32_t{v::kLanes});
  }
}

// Exponentials that are held at once, of one long row or of some short ones, so that the divisions
// of some rows overlap.
constexpr int64_t kHeld = 1024;
constexpr int64_t kMostRows = 8;

// One over a row's sum: y = (e * scale) / 2^(31 + exponent), rounded twice.
struct Scale {
  int32_t scale;
  int exponent;
};

// kFlip and the rest as in ref.h.
template <class X, class Y, int kFlip, int kBits>
struct ByteRows {
  const MoteRowParams& p;
  const int32_t* table;  // null: too few elements for one

  static int32_t value(X x) { return static_cast<int8_t>(static_cast<int8_t>(x) ^ kFlip); }

  int32_t max_of(const X* x) const {
    const __m256i flip = _mm256_set1_epi8(static_cast<char>(kFlip));
    __m256i most = _mm256_set1_epi8(-128);
    int64_t c = 0;
    for (; c + 32 <= p.depth; c += 32) {
      const __m256i here = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + c));
      most = _mm256_max_epi8(most, _mm256_xor_si256(here, flip));
    }
    int32_t max = c > 0 ? v::max_lanes(reinterpret_cast<v::I8>(most)) : -128;
    for (; c < p.depth; ++c) max = value(x[c]) > max ? value(x[c]) : max;
    return max;
  }

  // Exponentials of n elements to e, and zeros up to 32; returns the lanes' sums in Q12.
  __m256i exponentials(const X* x, int32_t max, int64_t n, int32_t* e) const {
    const __m256i most = _mm256_set1_epi32(max), half = _mm256_set1_epi32(1 << 11);
    const __m128i flip = _mm_set1_epi8(static_cast<char>(kFlip));
    __m256i sums = _mm256_setzero_si256();
    const auto eight = [&](__m128i bytes, int64_t c) {
      const __m256i q = _mm256_cvtepi8_epi32(_mm_xor_si128(bytes, flip));
      const __m256i d = _mm256_sub_epi32(most, q);
      const __m256i value = table ? _mm256_i32gather_epi32(table, d, 4) : computed(d);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(e + c), value);
      return value;
    };
    const auto add = [&](__m256i value) {  // none is negative
      sums = _mm256_add_epi32(sums, _mm256_srli_epi32(_mm256_add_epi32(value, half), 12));
    };
    int64_t c = 0;
    for (; c + 8 <= n; c += 8) {
      add(eight(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(x + c)), c));
    }
    if (c < n) {
      alignas(16) X rest[16] = {};
      std::memset(rest, (max ^ kFlip) & 0xff, sizeof rest);
      for (int64_t i = c; i < n; ++i) rest[i - c] = x[i];
      eight(_mm_load_si128(reinterpret_cast<const __m128i*>(rest)), c);
      for (int64_t i = n; i < c + 8; ++i) e[i] = 0;
      add(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(e + c)));
      c += 8;
    }
    for (; c % 32 != 0; c += 8) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(e + c), _mm256_setzero_si256());
    }
    return sums;
  }

  __m256i computed(__m256i d) const {
    const v::I32 below = -lanes_of(d);
    const v::I32 e = exp_q5(rescaled(p, below));
    return register_of(v::select(below < v::splat(p.diff_min), v::splat(int32_t{0}), e));
  }

  static Scale scale_of(int32_t sum) {
    const int zeros = sum == 0 ? 32 : __builtin_clz(static_cast<uint32_t>(sum));
    const uint32_t above = (zeros < 32 ? static_cast<uint32_t>(sum) << zeros : 0) - (1u << 31);
    const int over = 12 - zeros;
    return {mote_one_over_one_plus(static_cast<int32_t>(above)), over + 31 - kBits};
  }

  // Eight shares: floor((e scale + 2^30) / 2^31), then half away from zero; neither factor is
  // negative, so that the floors join.
  static __m256i shares(const int32_t* e, __m256i scale, __m256i half, __m128i shift) {
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(e));
    const __m256i even = _mm256_add_epi64(_mm256_mul_epu32(v, scale), half);
    const __m256i odd = _mm256_add_epi64(_mm256_mul_epu32(_mm256_srli_epi64(v, 32), scale), half);
    return _mm256_or_si256(_mm256_srl_epi64(even, shift),
                           _mm256_slli_epi64(_mm256_srl_epi64(odd, shift), 32));
  }

  // 32 outputs, in order.
  static void pack(const __m256i (&four)[4], Y* to) {
    const auto store = [](void* at, __m256i v) {
      _mm256_storeu_si256(static_cast<__m256i*>(at), v);
    };
    const __m256i first = _mm256_packus_epi32(four[0], four[1]);
    const __m256i second = _mm256_packus_epi32(four[2], four[3]);
    if constexpr (kBits == 8) {
      // Beyond 2^15 words would be negative.
      const __m256i most = _mm256_set1_epi16(0xff);
      const __m256i bytes =
          _mm256_packus_epi16(_mm256_min_epu16(first, most), _mm256_min_epu16(second, most));
      const __m256i flip = _mm256_set1_epi8(static_cast<char>(kFlip == 0 ? -128 : 0));
      const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
      store(to, _mm256_xor_si256(_mm256_permutevar8x32_epi32(bytes, order), flip));
    } else {
      const __m256i flip = _mm256_set1_epi16(INT16_MIN);
      store(to, _mm256_xor_si256(_mm256_permute4x64_epi64(first, 0xd8), flip));
      store(to + 16, _mm256_xor_si256(_mm256_permute4x64_epi64(second, 0xd8), flip));
    }
  }

  static void outputs(const int32_t* e, int64_t n, Scale s, Y* y) {
    const bool vanishes = s.exponent > 31;  // so many equal maxima that each one's share is 0
    const int exponent = vanishes ? 31 : s.exponent;
    const __m256i scale = _mm256_set1_epi64x(vanishes ? 0 : s.scale);
    const int64_t nudge = (int64_t{1} << 30) + (exponent > 0 ? int64_t{1} << (30 + exponent) : 0);
    const __m256i half = _mm256_set1_epi64x(vanishes ? 0 : nudge);
    const __m128i shift = _mm_cvtsi32_si128(31 + exponent);
    for (int64_t c = 0; c < n; c += 32) {
      __m256i four[4];
      for (int i = 0; i < 4; ++i) four[i] = shares(e + c + 8 * i, scale, half, shift);
      if (c + 32 <= n) {
        pack(four, y + c);
      } else {
        Y rest[32];
        pack(four, rest);
        std::memcpy(y + c, rest, static_cast<size_t>(n - c) * sizeof(Y));
      }
    }
  }

  // `count` rows whose exponentials fit e together.
  void run_short(const X* x, Y* y, int64_t count, int64_t pitch, int32_t* e) const {
    Scale scales[kMostRows];
    for (int64_t r = 0; r < count; ++r) {
      const X* from = x + r * p.depth;
      scales[r].scale = sum_lanes(exponentials(from, max_of(from), p.depth, e + r * pitch));
    }
    for (int64_t r = 0; r < count; ++r) scales[r] = scale_of(scales[r].scale);
    for (int64_t r = 0; r < count; ++r) outputs(e + r * pitch, p.depth, scales[r], y + r * p.depth);
  }

  // Exponentials are computed twice.
  void run_long(const X* x, Y* y, int32_t* e) const {
    const int32_t max = max_of(x);
    __m256i sums = _mm256_setzero_si256();
    const auto part = [&](int64_t c) { return p.depth - c < kHeld ? p.depth - c : kHeld; };
    for (int64_t c = 0; c < p.depth; c += kHeld) {
      sums = _mm256_add_epi32(sums, exponentials(x + c, max, part(c), e));
    }
    const Scale scale = scale_of(sum_lanes(sums));
    for (int64_t c = 0; c < p.depth; c += kHeld) {
      exponentials(x + c, max, part(c), e);
      outputs(e, part(c), scale, y + c);
    }
  }
};

template <class X, class Y, int kFlip, int kBits>
int run_bytes(const Args& args, int64_t begin, int64_t end) {
  const MoteRowParams& p = params_of(args.params);
  const auto* x = static_cast<const X*>(args.in[0]);
  auto* y = static_cast<Y*>(args.out[0]);
  alignas(32) int32_t table[256];
  alignas(32) int32_t e[kHeld];
  const bool worth_it = (end - begin) * p.depth > 256;
  if (worth_it) fill_table(p, table);
  const ByteRows<X, Y, kFlip, kBits> rows{p, worth_it ? table : nullptr};
  const int64_t pitch = (p.depth + 31) / 32 * 32;
  const int64_t fit = pitch > kHeld ? 0 : kHeld / pitch;
  const int64_t most = fit < kMostRows ? fit : kMostRows;
  for (int64_t r = begin; r < end;) {
    const X* from = x + r * p.depth;
    Y* to = y + r * p.depth;
    if (most == 0) {
      rows.run_long(from, to, e);
      ++r;
      continue;
    }
    const int64_t count = end - r < most ? end - r : most;
    rows.run_short(from, to, count, pitch, e);
    r += count;
  }
  return kOk;
}

const char* scale_declines(const void* params) {
  const MoteRowParams& p = params_of(params);
  if (p.multiplier < 0 || p.shift < -31 || p.shift > 31) return "the multiplier is out of range";
  return p.depth < 1 ? "there is nothing to normalize" : nullptr;
}

const char* bytes_decline(const void* params) {
  if (params_of(params).diff_min > 0) return "the scale is too large";
  return scale_declines(params);
}

// --- 16 bits

struct ShortRow {
  const MoteRowParams& p;
  const int16_t* exp_table;
  const int16_t* reciprocal_table;

  int32_t max_of(const int16_t* x) const {
    __m256i most = _mm256_set1_epi16(INT16_MIN);
    int64_t c = 0;
    for (; c + 16 <= p.depth; c += 16) {
      const __m256i here = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + c));
      most = _mm256_max_epi16(most, here);
    }
    alignas(32) int16_t lanes[16];
    _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), most);
    int32_t max = INT16_MIN;
    for (const int16_t lane : lanes) max = lane > max ? lane : max;
    for (; c < p.depth; ++c) max = x[c] > max ? x[c] : max;
    return max;
  }

  static __m256i load_words(const int16_t* x) {
    return _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x)));
  }
  // Eight values that fit 16 bits.
  static void store_words(int16_t* y, __m256i v) {
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(v, v), 0xd8);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y), _mm256_castsi256_si128(words));
  }

  __m256i exponentials(__m256i x, int32_t max) const {
    const v::I32 scaled = rescaled(p, lanes_of(x) - v::splat(max));
    const v::I32 place = scaled + v::splat(int32_t{INT16_MAX});
    const __m256i clamped =
        _mm256_max_epi32(_mm256_min_epi32(register_of(place), _mm256_set1_epi32(INT16_MAX)),
                         _mm256_set1_epi32(INT16_MIN));
    return table_16_values(exp_table, clamped);
  }

  void run(const int16_t* x, int16_t* y) const {
    const int32_t max = max_of(x);
    __m256i sums = _mm256_setzero_si256();
    int16_t rest[8] = {};
    const int64_t whole = p.depth / 8 * 8, left = p.depth - whole;
    for (int64_t c = 0; c < whole; c += 8) {
      const __m256i e = exponentials(load_words(x + c), max);
      sums = _mm256_add_epi32(sums, e);
      store_words(y + c, e);
    }
    int32_t sum = sum_lanes(sums);
    if (left > 0) {
      for (int64_t i = 0; i < left; ++i) rest[i] = x[whole + i];
      store_words(rest, exponentials(load_words(rest), max));
      for (int64_t i = 0; i < left; ++i) sum = mote_add_wrap(sum, rest[i]);
    }
    divide(sum, y, whole, rest);
    for (int64_t i = 0; i < left; ++i) y[whole + i] = rest[i];
  }

  // As mote_softmax_row_qi16 ends.
  void divide(int32_t sum, int16_t* y, int64_t whole, int16_t* rest) const {
    const int zeros = mote_leading_zeros(static_cast<uint32_t>(sum));
    const int64_t shifted = static_cast<int64_t>(sum) << (zeros > 0 ? zeros - 1 : 0);
    const auto fraction = static_cast<int32_t>((shifted + (1 << 13)) >> 14);
    const int32_t place = mote_clamp_i32(fraction - (1 << 15) - (1 << 16), INT16_MIN, INT16_MAX);
    const int32_t scale = mote_lut_16_value(static_cast<int16_t>(place), reciprocal_table);
    const int right = zeros < 31 ? 31 - zeros : 1;
    // Below 0 (no table that is one over a number) the sum with the half may leave 32 bits.
    const bool negative = scale < 0;
    const __m256i factor = _mm256_set1_epi32(scale), half = _mm256_set1_epi32(1 << (right - 1));
    const __m128i shift = _mm_cvtsi32_si128(right);
    const auto share = [&](int16_t* at) {
      if (negative) {
        for (int i = 0; i < 8; ++i) at[i] = one_share(at[i], scale, right);
        return;
      }
      const __m256i product = _mm256_mullo_epi32(load_words(at), factor);
      const __m256i value = _mm256_sra_epi32(_mm256_add_epi32(product, half), shift);
      store_words(at, _mm256_max_epi32(value, _mm256_setzero_si256()));
    };
    for (int64_t c = 0; c < whole; c += 8) share(y + c);
    share(rest);
  }

  static int16_t one_share(int16_t e, int32_t scale, int right) {
    const int64_t value = (int64_t{e} * scale + (int64_t{1} << (right - 1))) >> right;
    return static_cast<int16_t>(mote_clamp_i32(static_cast<int32_t>(value), 0, INT16_MAX));
  }
};

int run_qi16(const Args& args, int64_t begin, int64_t end) {
  const MoteRowParams& p = params_of(args.params);
  const ShortRow row{p, static_cast<const int16_t*>(args.in[1]),
                     static_cast<const int16_t*>(args.in[2])};
  const auto* x = static_cast<const int16_t*>(args.in[0]);
  auto* y = static_cast<int16_t*>(args.out[0]);
  for (int64_t r = begin; r < end; ++r) row.run(x + r * p.depth, y + r * p.depth);
  return kOk;
}

constexpr Kernel kRows[] = {
    {.name = MOTE_ROW_NAME("softmax_qi8_qi8"),
     .run = run_bytes<int8_t, int8_t, 0, 8>,
     .declines = bytes_decline,
     .units = rows},
    {.name = MOTE_ROW_NAME("softmax_qu8_qu8"),
     .run = run_bytes<uint8_t, uint8_t, -128, 8>,
     .declines = bytes_decline,
     .units = rows},
    {.name = MOTE_ROW_NAME("softmax_qi8_qi16"),
     .run = run_bytes<int8_t, int16_t, 0, 16>,
     .declines = bytes_decline,
     .units = rows},
    {.name = MOTE_ROW_NAME("softmax_qu8_qi16"),
     .run = run_bytes<uint8_t, int16_t, -128, 16>,
     .declines = bytes_decline,
     .units = rows},
    {.name = MOTE_ROW_NAME("softmax_qi16_qi16"),
     .run = run_qi16,
     .declines = scale_declines,
     .units = rows},
};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA

namespace mote::kernels {
const ProcessorRows kSoftmaxQuantizedAvx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kRows>};
}

#else

namespace mote::kernels {
const ProcessorRows kSoftmaxQuantizedAvx2 = {simd::Isa::avx2, {}};
}

#endif
