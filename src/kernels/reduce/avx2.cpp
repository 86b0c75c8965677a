// Sums and means for AVX2: lines of up to 64 outputs side by side, or runs that become one output
// each.
#include "kernels/chosen.h"
#include "kernels/kernel.h"
#include "kernels/reduce/families.h"
#include "kernels/reduce/reduce.h"

#if defined(__AVX2__)

#include <immintrin.h>

#include "kernels/common/requantize_avx2-inl.h"

namespace mote::kernels::MOTE_ISA {
namespace {

constexpr int64_t kBlock = 64;

const MoteReduceParams& params_of(const void* params) {
  return *static_cast<const MoteReduceParams*>(params);
}

int64_t outputs(const void* params) { return params_of(params).outputs; }

bool ends_in_neighbours(const MoteAxes& axes) {
  return axes.rank > 0 && axes.stride[axes.rank - 1] == 1;
}

// Offset in x of the index-th place.
int64_t offset_of(const MoteAxes& axes, int64_t index) {
  int64_t offset = 0;
  for (int k = axes.rank - 1; k >= 0; --k) {
    offset += index % axes.extent[k] * axes.stride[k];
    index /= axes.extent[k];
  }
  return offset;
}

const char* no_runs(const void* params) {
  const MoteReduceParams& p = params_of(params);
  if (p.reduced == 0) return "there is nothing to add up";
  const bool has_runs = ends_in_neighbours(p.kept) || ends_in_neighbours(p.over);
  return has_runs ? nullptr : "there is one element";
}

const char* declines(const void* params) {
  const MoteReduceParams& p = params_of(params);
  if (p.multiplier < 0 || p.shift < -31 || p.shift > 31) return "the multiplier is out of range";
  return no_runs(params);
}

// Lines are all places but those of the innermost axis, which is walked by its stride.
struct Lines {
  MoteAxes outer;
  int64_t outer_count = 1, count = 1, stride = 0;

  explicit Lines(const MoteAxes& axes) : outer(axes) {
    if (axes.rank == 0) return;
    count = axes.extent[axes.rank - 1];
    stride = axes.stride[axes.rank - 1];
    --outer.rank;
    for (int k = 0; k < outer.rank; ++k) outer_count *= outer.extent[k];
  }
};

__m128i load16(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
__m256i add_to(const int32_t* sums, __m256i v) {
  return _mm256_add_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums)), v);
}
void store_sums(int32_t* sums, __m256i v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums), v);
}

// How 16 elements become words, those words' sums 32 bits, and how many fit before.
struct SignedBytes {
  using X = int8_t;
  static constexpr int32_t kLow = INT8_MIN, kHigh = INT8_MAX;
  static constexpr int64_t kMostLines = 255;
  static __m256i words(const X* x) { return _mm256_cvtepi8_epi16(load16(x)); }
  static __m256i wide(__m128i v) { return _mm256_cvtepi16_epi32(v); }
};
struct UnsignedBytes {
  using X = uint8_t;
  static constexpr int32_t kLow = 0, kHigh = UINT8_MAX;
  static constexpr int64_t kMostLines = 257;
  static __m256i words(const X* x) { return _mm256_cvtepu8_epi16(load16(x)); }
  static __m256i wide(__m128i v) { return _mm256_cvtepu16_epi32(v); }
};

// sums += lines, 16 * kVectors columns.
template <class Bytes, int kVectors>
void add_columns(const typename Bytes::X* x, int64_t lines, int64_t stride, int32_t* sums) {
  while (lines > 0) {
    const int64_t some = lines < Bytes::kMostLines ? lines : Bytes::kMostLines;
    __m256i words[kVectors];
    for (int v = 0; v < kVectors; ++v) words[v] = _mm256_setzero_si256();
    for (int64_t i = 0; i < some; ++i, x += stride) {
      for (int v = 0; v < kVectors; ++v) {
        words[v] = _mm256_add_epi16(words[v], Bytes::words(x + 16 * v));
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      int32_t* to = sums + 16 * v;
      store_sums(to, add_to(to, Bytes::wide(_mm256_castsi256_si128(words[v]))));
      store_sums(to + 8, add_to(to + 8, Bytes::wide(_mm256_extracti128_si256(words[v], 1))));
    }
    lines -= some;
  }
}

template <class Element>
void add_rest(const Element* x, int64_t lines, int64_t stride, int64_t n, int32_t* sums) {
  for (int64_t i = 0; i < lines; ++i, x += stride) {
    for (int64_t j = 0; j < n; ++j) sums[j] = mote_add_wrap(sums[j], x[j]);
  }
}

template <class Bytes>
struct ByteSums : Bytes {
  using typename Bytes::X;
  using Sum = int32_t;

  static void add_lines(const X* x, int64_t lines, int64_t stride, int64_t n, int32_t* sums) {
    int64_t j = 0;
    if (n == kBlock) return add_columns<Bytes, 4>(x, lines, stride, sums);
    for (; j + 32 <= n; j += 32) add_columns<Bytes, 2>(x + j, lines, stride, sums + j);
    for (; j + 16 <= n; j += 16) add_columns<Bytes, 1>(x + j, lines, stride, sums + j);
    if (j < n) add_rest(x + j, lines, stride, n - j, sums + j);
  }

  // The sum of n neighbours: differences to the lowest value are added up by eights.
  static int32_t sum_run(const X* x, int64_t n) {
    const __m256i flip = _mm256_set1_epi8(static_cast<char>(Bytes::kLow));
    __m256i sums = _mm256_setzero_si256();
    int64_t i = 0;
    for (; i + 32 <= n; i += 32) {
      const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i));
      sums = _mm256_add_epi64(sums,
                              _mm256_sad_epu8(_mm256_xor_si256(v, flip), _mm256_setzero_si256()));
    }
    const __m128i two =
        _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    int64_t sum = _mm_cvtsi128_si64(two) + _mm_extract_epi64(two, 1) + i * Bytes::kLow;
    for (; i < n; ++i) sum += x[i];
    return static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(sum)));
  }
};

struct WordSums {
  using X = int16_t;
  using Sum = int32_t;
  static constexpr int32_t kLow = INT16_MIN, kHigh = INT16_MAX;

  static void add_lines(const X* x, int64_t lines, int64_t stride, int64_t n, int32_t* sums) {
    int64_t j = 0;
    for (; j + 16 <= n; j += 16) {
      const X* from = x + j;
      __m256i first = _mm256_setzero_si256(), second = first;
      for (int64_t i = 0; i < lines; ++i, from += stride) {
        first = _mm256_add_epi32(first, _mm256_cvtepi16_epi32(load16(from)));
        second = _mm256_add_epi32(second, _mm256_cvtepi16_epi32(load16(from + 8)));
      }
      store_sums(sums + j, add_to(sums + j, first));
      store_sums(sums + j + 8, add_to(sums + j + 8, second));
    }
    if (j < n) add_rest(x + j, lines, stride, n - j, sums + j);
  }

  static int32_t sum_run(const X* x, int64_t n) {
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sums = _mm256_setzero_si256();
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
      const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i));
      sums = _mm256_add_epi32(sums, _mm256_madd_epi16(v, ones));
    }
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1));
    int32_t sum = _mm_cvtsi128_si32(four);
    for (; i < n; ++i) sum = mote_add_wrap(sum, x[i]);
    return sum;
  }
};

template <bool kMean>
struct FloatSums {
  using X = float;
  using Sum = float;
  static constexpr bool kIsMean = kMean;

  template <int kVectors>
  static void add_columns(const float* x, int64_t lines, int64_t stride, float* sums) {
    __m256 all[kVectors];
    for (int v = 0; v < kVectors; ++v) all[v] = _mm256_loadu_ps(sums + 8 * v);
    for (int64_t i = 0; i < lines; ++i, x += stride) {
      for (int v = 0; v < kVectors; ++v) {
        all[v] = _mm256_add_ps(all[v], _mm256_loadu_ps(x + 8 * v));
      }
    }
    for (int v = 0; v < kVectors; ++v) _mm256_storeu_ps(sums + 8 * v, all[v]);
  }

  static void add_lines(const float* x, int64_t lines, int64_t stride, int64_t n, float* sums) {
    int64_t j = 0;
    if (n == kBlock) return add_columns<8>(x, lines, stride, sums);
    for (; j + 16 <= n; j += 16) add_columns<2>(x + j, lines, stride, sums + j);
    for (; j + 8 <= n; j += 8) add_columns<1>(x + j, lines, stride, sums + j);
    for (int64_t i = 0; i < lines; ++i, x += stride) {
      for (int64_t k = j; k < n; ++k) sums[k] += x[k];
    }
  }

  static float sum_run(const float* x, int64_t n) {
    __m256 all[4];
    for (__m256& a : all) a = _mm256_setzero_ps();
    int64_t i = 0;
    for (; i + 32 <= n; i += 32) {
      for (int v = 0; v < 4; ++v) all[v] = _mm256_add_ps(all[v], _mm256_loadu_ps(x + i + 8 * v));
    }
    for (; i + 8 <= n; i += 8) all[0] = _mm256_add_ps(all[0], _mm256_loadu_ps(x + i));
    const __m256 eight =
        _mm256_add_ps(_mm256_add_ps(all[0], all[1]), _mm256_add_ps(all[2], all[3]));
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    float sum = _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
    for (; i < n; ++i) sum += x[i];
    return sum;
  }
};

int32_t add_sums(int32_t a, int32_t b) { return mote_add_wrap(a, b); }
float add_sums(float a, float b) { return a + b; }

template <class Sums>
void write_outputs(const MoteReduceParams& p, const float* sums, int64_t n, float* y) {
  const auto count = static_cast<float>(p.reduced);
  for (int64_t i = 0; i < n; ++i) y[i] = Sums::kIsMean ? sums[i] / count : sums[i];
}

// mote_reduce_output of n sums. sums: room for whole vectors.
template <class Sums>
void write_outputs(const MoteReduceParams& p, const int32_t* sums, int64_t n, typename Sums::X* y) {
  const auto zeros = static_cast<uint32_t>(static_cast<uint64_t>(p.zero_x * p.reduced));
  const __m256i share = _mm256_set1_epi32(static_cast<int32_t>(zeros));
  const __m256i multiplier = _mm256_set1_epi32(p.multiplier), shift = _mm256_set1_epi32(p.shift);
  // The zero point is added last, so that no sum wraps.
  const __m256i low = _mm256_set1_epi32(Sums::kLow - p.zero_y);
  const __m256i high = _mm256_set1_epi32(Sums::kHigh - p.zero_y);
  const int32_t type = sizeof(*y) == 2 ? kMoteI16 : kMoteI8;
  for (int64_t i = 0; i < n; i += 8) {
    const __m256i sum = _mm256_sub_epi32(load8(sums + i), share);
    const __m256i v = _mm256_max_epi32(rescale_any(sum, multiplier, shift), low);
    store8(y, i, type, _mm256_add_epi32(_mm256_min_epi32(v, high), _mm256_set1_epi32(p.zero_y)),
           n - i < 8 ? n - i : 8);
  }
}

// Neighbouring outputs are neighbours in x.
template <class Sums>
void reduce_columns(const MoteReduceParams& p, const typename Sums::X* x, typename Sums::X* y,
                    int64_t begin, int64_t end) {
  const Lines lines(p.over);
  const int64_t row = p.kept.extent[p.kept.rank - 1];
  while (begin < end) {
    const int64_t left = row - begin % row, most = end - begin < left ? end - begin : left;
    const int64_t n = most < kBlock ? most : kBlock;
    const auto* from = x + offset_of(p.kept, begin);
    typename Sums::Sum sums[kBlock] = {};
    for (int64_t i = 0; i < lines.outer_count; ++i) {
      Sums::add_lines(from + offset_of(lines.outer, i), lines.count, lines.stride, n, sums);
    }
    write_outputs<Sums>(p, sums, n, y + begin);
    begin += n;
  }
}

// What is reduced is contiguous.
template <class Sums>
void reduce_rows(const MoteReduceParams& p, const typename Sums::X* x, typename Sums::X* y,
                 int64_t begin, int64_t end) {
  const Lines runs(p.over);
  for (int64_t o = begin; o < end; o += kBlock) {
    const int64_t n = end - o < kBlock ? end - o : kBlock;
    typename Sums::Sum sums[kBlock] = {};
    for (int64_t j = 0; j < n; ++j) {
      const auto* from = x + offset_of(p.kept, o + j);
      for (int64_t i = 0; i < runs.outer_count; ++i) {
        const auto* run = from + offset_of(runs.outer, i);
        sums[j] = add_sums(sums[j], Sums::sum_run(run, runs.count));
      }
    }
    write_outputs<Sums>(p, sums, n, y + o);
  }
}

template <class Sums>
int run(const Args& args, int64_t begin, int64_t end) {
  const MoteReduceParams& p = params_of(args.params);
  const auto* x = static_cast<const typename Sums::X*>(args.in[0]);
  auto* y = static_cast<typename Sums::X*>(args.out[0]);
  ends_in_neighbours(p.kept) ? reduce_columns<Sums>(p, x, y, begin, end)
                             : reduce_rows<Sums>(p, x, y, begin, end);
  return kOk;
}

constexpr Kernel kRows[] = {
    {.name = "sum_f32__avx2", .run = run<FloatSums<false>>, .declines = no_runs, .units = outputs},
    {.name = "mean_f32__avx2", .run = run<FloatSums<true>>, .declines = no_runs, .units = outputs},
    {.name = "sum_qi8__avx2",
     .run = run<ByteSums<SignedBytes>>,
     .declines = declines,
     .units = outputs},
    {.name = "sum_qu8__avx2",
     .run = run<ByteSums<UnsignedBytes>>,
     .declines = declines,
     .units = outputs},
    {.name = "sum_qi16__avx2", .run = run<WordSums>, .declines = declines, .units = outputs},
};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA

namespace mote::kernels {
const ProcessorRows kReduceAvx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kRows>};
}

#else

namespace mote::kernels {
const ProcessorRows kReduceAvx2 = {simd::Isa::avx2, {}};
}

#endif
