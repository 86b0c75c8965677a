#include "kernels/chosen.h"
#include "kernels/kernel.h"
#include "kernels/lut/families.h"
#include "kernels/lut/ref.h"

#if defined(__AVX2__)

#include "kernels/lut/table16_avx2-inl.h"

namespace mote::kernels::MOTE_ISA {
namespace {

int64_t elements(const void* params) { return static_cast<const MoteLutParams*>(params)->count; }

// --- Bytes. A shuffle looks 4 bits up, and gives 0 where the index is negative. Of the entries
// [0, 128), 16 at a time, the shuffle number i sees index s - 16 i and gives for all s >= 16 i what
// turns piece i - 1 into piece i:
//   s in piece j:  piece_0 ^ (piece_0 ^ piece_1) ^ ... ^ (piece_j-1 ^ piece_j) = piece_j
// The entries [128, 256) likewise for s = x - 128; what belongs to the other half gives 0.

struct Shuffles {
  __m256i change[16];

  explicit Shuffles(const uint8_t* table) {
    for (int half = 0; half < 16; half += 8) {
      __m256i before = _mm256_setzero_si256();
      for (int i = half; i < half + 8; ++i) {
        const __m256i piece = _mm256_broadcastsi128_si256(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(table + 16 * i)));
        change[i] = _mm256_xor_si256(piece, before);
        before = piece;
      }
    }
  }

  template <int kVectors>
  void look_up(const uint8_t* x, uint8_t* y) const {
    const __m256i step = _mm256_set1_epi8(16), sign = _mm256_set1_epi8(-128);
    __m256i low[kVectors], high[kVectors], sum[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      low[v] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x) + v);
      high[v] = _mm256_xor_si256(low[v], sign);
      sum[v] = _mm256_setzero_si256();
    }
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        sum[v] = _mm256_xor_si256(sum[v], _mm256_shuffle_epi8(change[i], low[v]));
        sum[v] = _mm256_xor_si256(sum[v], _mm256_shuffle_epi8(change[8 + i], high[v]));
        low[v] = _mm256_subs_epi8(low[v], step);
        high[v] = _mm256_subs_epi8(high[v], step);
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(y) + v, sum[v]);
    }
  }
};

// Fewer are not worth the preparation.
constexpr int64_t kLeastBytes = 64;

int run_lut_8(const Args& args, int64_t begin, int64_t end) {
  const auto* x = static_cast<const uint8_t*>(args.in[0]);
  const auto* table = static_cast<const uint8_t*>(args.in[1]);
  auto* y = static_cast<uint8_t*>(args.out[0]);
  int64_t i = begin;
  if (end - begin >= kLeastBytes) {
    const Shuffles shuffles(table);
    for (; i + 64 <= end; i += 64) shuffles.look_up<2>(x + i, y + i);
    if (i + 32 <= end) shuffles.look_up<1>(x + i, y + i), i += 32;
  }
  for (; i < end; ++i) y[i] = table[x[i]];
  return kOk;
}

// --- 16 bits: eight at a time.

__m256i load_words(const int16_t* x) {
  return _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x)));
}

// The low halves of the lanes.
void store_words(int16_t* y, __m256i v) {
  const __m256i words =
      _mm256_packs_epi32(_mm256_srai_epi32(_mm256_slli_epi32(v, 16), 16), _mm256_setzero_si256());
  _mm_storeu_si128(reinterpret_cast<__m128i*>(y),
                   _mm256_castsi256_si128(_mm256_permute4x64_epi64(words, 0xd8)));
}

int run_lut_16(const Args& args, int64_t begin, int64_t end) {
  const auto* x = static_cast<const int16_t*>(args.in[0]);
  const auto* table = static_cast<const int16_t*>(args.in[1]);
  auto* y = static_cast<int16_t*>(args.out[0]);
  int64_t i = begin;
  for (; i + 8 <= end; i += 8) store_words(y + i, table_16_values(table, load_words(x + i)));
  for (; i < end; ++i) y[i] = mote_lut_16_value(x[i], table);
  return kOk;
}

// x scaled, its size, and the entries of the table on either side of it: mote_logistic_i16 and
// mote_tanh_i16, whose places have `kBits` bits.
template <int kBits>
struct Scaled {
  __m256i v, first, part, beyond;

  Scaled(const MoteLutParams& p, const uint16_t* table, __m256i x) {
    const int32_t half = p.shift > 0 ? 1 << (p.shift - 1) : 0;
    const __m256i product = _mm256_mullo_epi32(x, _mm256_set1_epi32(p.multiplier));
    v = _mm256_sra_epi32(_mm256_add_epi32(product, _mm256_set1_epi32(half)),
                         _mm_cvtsi32_si128(p.shift));
    const __m256i size = _mm256_abs_epi32(v), most = _mm256_set1_epi32(254);
    const __m256i interval = _mm256_srli_epi32(size, kBits);
    beyond = _mm256_cmpgt_epi32(interval, most);
    const __m256i pair = gather_pairs(table, _mm256_min_epi32(interval, most));
    const __m256i low = _mm256_set1_epi32(0xffff);
    const __m256i begin = _mm256_and_si256(pair, low);
    const __m256i place = _mm256_and_si256(size, _mm256_set1_epi32((1 << kBits) - 1));
    const __m256i slope = _mm256_sub_epi32(_mm256_srli_epi32(pair, 16), begin);
    first = _mm256_slli_epi32(begin, kBits);
    part = _mm256_mullo_epi32(place, slope);
  }

  // On the line, or `end` past the table.
  __m256i sum(int32_t end) const {
    return _mm256_blendv_epi8(_mm256_add_epi32(first, part), _mm256_set1_epi32(end), beyond);
  }
  __m256i by_sign(__m256i positive, __m256i negative) const {
    return _mm256_blendv_epi8(positive, negative, _mm256_srai_epi32(v, 31));
  }
};

struct Logistic {
  static __m256i eight(const MoteLutParams& p, const uint16_t* table, __m256i x) {
    const Scaled<9> s(p, table, x);
    const __m256i sum = s.sum(0x7fff << 10);
    const __m256i up = _mm256_add_epi32(sum, _mm256_set1_epi32(1 << 9));
    const __m256i down = _mm256_sub_epi32(_mm256_set1_epi32((1 << 25) + (1 << 9) - 1), sum);
    return _mm256_srli_epi32(s.by_sign(up, down), 10);
  }
  static int16_t one(const MoteLutParams& p, const uint16_t* table, int16_t x) {
    return mote_logistic_i16(&p, x, table);
  }
};

struct Tanh {
  static __m256i eight(const MoteLutParams& p, const uint16_t* table, __m256i x) {
    const Scaled<8> s(p, table, x);
    const __m256i sum = s.sum(0xffff << 8);
    const __m256i up = _mm256_sub_epi32(sum, _mm256_set1_epi32((1 << 23) - (1 << 7)));
    const __m256i down = _mm256_sub_epi32(_mm256_set1_epi32((1 << 23) + (1 << 7) - 1), sum);
    return _mm256_srai_epi32(s.by_sign(up, down), 8);
  }
  static int16_t one(const MoteLutParams& p, const uint16_t* table, int16_t x) {
    return mote_tanh_i16(&p, x, table);
  }
};

template <class Function>
int run_sigmoid(const Args& args, int64_t begin, int64_t end) {
  const auto& p = *static_cast<const MoteLutParams*>(args.params);
  const auto* x = static_cast<const int16_t*>(args.in[0]);
  const auto* table = static_cast<const uint16_t*>(args.in[1]);
  auto* y = static_cast<int16_t*>(args.out[0]);
  int64_t i = begin;
  for (; i + 8 <= end; i += 8) store_words(y + i, Function::eight(p, table, load_words(x + i)));
  for (; i < end; ++i) y[i] = Function::one(p, table, x[i]);
  return kOk;
}

constexpr Kernel kLut8[] = {{.name = "lut_8__avx2", .run = run_lut_8, .units = elements}};
constexpr Kernel kLut16[] = {{.name = "lut_16__avx2", .run = run_lut_16, .units = elements}};
constexpr Kernel kLogistic[] = {
    {.name = "logistic_qi16__avx2", .run = run_sigmoid<Logistic>, .units = elements}};
constexpr Kernel kTanh[] = {
    {.name = "tanh_qi16__avx2", .run = run_sigmoid<Tanh>, .units = elements}};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA

namespace mote::kernels {
const ProcessorRows kLut8Avx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kLut8>};
const ProcessorRows kLut16Avx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kLut16>};
const ProcessorRows kLogisticAvx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kLogistic>};
const ProcessorRows kTanhAvx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kTanh>};
}  // namespace mote::kernels

#else

namespace mote::kernels {
const ProcessorRows kLut8Avx2 = {simd::Isa::avx2, {}};
const ProcessorRows kLut16Avx2 = {simd::Isa::avx2, {}};
const ProcessorRows kLogisticAvx2 = {simd::Isa::avx2, {}};
const ProcessorRows kTanhAvx2 = {simd::Isa::avx2, {}};
}  // namespace mote::kernels

#endif
