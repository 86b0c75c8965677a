// Pooling, channels side by side. A row of channels that is no whole number of vectors ends with a
// vector that begins earlier and computes some channels twice; fewer channels than that are left to
// the portable rows.
#include "kernels/chosen.h"
#include "kernels/pool2d/rows_avx2.h"

#if defined(__AVX2__)

#include <immintrin.h>

#include "kernels/pool2d/ref.h"

namespace mote::kernels {
namespace {

struct Max8 {  // of int8
  using Element = int8_t;
  static __m256i least() { return _mm256_set1_epi8(INT8_MIN); }
  static __m256i max(__m256i a, __m256i b) { return _mm256_max_epi8(a, b); }
  static __m256i min(__m256i a, __m256i b) { return _mm256_min_epi8(a, b); }
  static __m256i all(int32_t v) { return _mm256_set1_epi8(static_cast<char>(v)); }
};
struct MaxU8 {
  using Element = uint8_t;
  static __m256i least() { return _mm256_setzero_si256(); }
  static __m256i max(__m256i a, __m256i b) { return _mm256_max_epu8(a, b); }
  static __m256i min(__m256i a, __m256i b) { return _mm256_min_epu8(a, b); }
  static __m256i all(int32_t v) { return _mm256_set1_epi8(static_cast<char>(v)); }
};
struct Max16 {  // of int16
  using Element = int16_t;
  static __m256i least() { return _mm256_set1_epi16(INT16_MIN); }
  static __m256i max(__m256i a, __m256i b) { return _mm256_max_epi16(a, b); }
  static __m256i min(__m256i a, __m256i b) { return _mm256_min_epi16(a, b); }
  static __m256i all(int32_t v) { return _mm256_set1_epi16(static_cast<int16_t>(v)); }
};

// 8, 16 or 32 bytes.
template <int kBytes>
__m256i load(const void* p) {
  if constexpr (kBytes == 32) return _mm256_loadu_si256(static_cast<const __m256i*>(p));
  if constexpr (kBytes == 16) {
    return _mm256_castsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(p)));
  }
  return _mm256_castsi128_si256(_mm_loadl_epi64(static_cast<const __m128i*>(p)));
}
template <int kBytes>
void store(void* p, __m256i v) {
  if constexpr (kBytes == 32) {
    _mm256_storeu_si256(static_cast<__m256i*>(p), v);
  } else if constexpr (kBytes == 16) {
    _mm_storeu_si128(static_cast<__m128i*>(p), _mm256_castsi256_si128(v));
  } else {
    _mm_storel_epi64(static_cast<__m128i*>(p), _mm256_castsi256_si128(v));
  }
}

// A window's pixels in x.
template <class Element>
struct Window {
  const Element* first;
  int64_t rows, columns;
  int64_t row_step, column_step;  // in elements
};

template <class Element, class Visit>
inline void each_pixel(const Window<Element>& w, const Visit& visit) {
  for (int64_t r = 0; r < w.rows; ++r) {
    const Element* x = w.first + r * w.row_step;
    for (int64_t c = 0; c < w.columns; ++c, x += w.column_step) visit(x);
  }
}

// Calls body(channel) for vectors of `lanes` channels, the last of which may overlap.
template <class Body>
inline void each_vector(int64_t channels, int64_t lanes, const Body& body) {
  int64_t c = 0;
  for (; c + lanes <= channels; c += lanes) body(c);
  if (c < channels) body(channels - lanes);
}

// Calls body(window, area, output pixel) for the pixels of output rows [begin, end).
template <class Element, class Body>
inline void each_window(const MoteWindow& g, const Element* x, int64_t begin, int64_t end,
                        const Body& body) {
  const int64_t channels = g.in_c, row_step = channels * g.in_w;
  for (int64_t row = begin; row < end; ++row) {
    const Element* image = x + row / g.out_h * g.in_h * row_step;
    for (int32_t ox = 0; ox < g.out_w; ++ox) {
      const MotePoolArea a = mote_pool_area(&g, static_cast<int32_t>(row % g.out_h), ox);
      const Window<Element> w = {image + a.y0 * row_step + a.x0 * channels, a.y1 - a.y0,
                                 a.x1 - a.x0, row_step, channels};
      body(w, row * g.out_w + ox);
    }
  }
}

template <class Type, int kBytes>
void max_channels(const MotePoolInt& p, const void* x, void* y, int64_t begin, int64_t end) {
  using Element = typename Type::Element;
  constexpr int64_t kLanes = kBytes / static_cast<int64_t>(sizeof(Element));
  const __m256i low = Type::all(p.act_min), high = Type::all(p.act_max);
  const int64_t channels = p.window.in_c;
  auto* out = static_cast<Element*>(y);
  each_window(p.window, static_cast<const Element*>(x), begin, end,
              [&](const Window<Element>& w, int64_t pixel) {
                each_vector(channels, kLanes, [&](int64_t c) {
                  __m256i v = Type::least();
                  each_pixel(w, [&](const Element* at) { v = Type::max(v, load<kBytes>(at + c)); });
                  store<kBytes>(out + pixel * channels + c, Type::min(Type::max(v, low), high));
                });
              });
}

template <class Type>
void max_int(const MotePoolInt& p, const void* x, void* y, int64_t begin, int64_t end) {
  const int64_t bytes = p.window.in_c * static_cast<int64_t>(sizeof(typename Type::Element));
  if (bytes >= 32) return max_channels<Type, 32>(p, x, y, begin, end);
  if (bytes >= 16) return max_channels<Type, 16>(p, x, y, begin, end);
  max_channels<Type, 8>(p, x, y, begin, end);
}

int run_max_int(const Args& a, int64_t begin, int64_t end) {
  const auto& p = *static_cast<const MotePoolInt*>(a.params);
  if (p.type == kMoteI8) {
    max_int<Max8>(p, a.in[0], a.out[0], begin, end);
  } else if (p.type == kMoteU8) {
    max_int<MaxU8>(p, a.in[0], a.out[0], begin, end);
  } else {
    max_int<Max16>(p, a.in[0], a.out[0], begin, end);
  }
  return kOk;
}

// 16 bytes as 16-bit numbers.
inline __m256i widen(const int8_t* p) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline __m256i widen(const uint8_t* p) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
// 8 16-bit numbers as 32-bit ones.
inline __m256i widen(const int16_t* p) {
  return _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}

// 16 channels' sums.
struct Sums16 {
  __m256i low, high;
};

// Adds up 16 * kGroups channels of bytes from c on, in 16 bits as long as they fit.
template <int kGroups, class Element>
inline void sum_bytes(const Window<Element>& w, int64_t c, Sums16* totals) {
  constexpr int64_t kMostPixels = 128;  // of 255 or -128
  for (int g = 0; g < kGroups; ++g) totals[g] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
  const int64_t columns = w.columns < kMostPixels ? w.columns : kMostPixels;
  const int64_t rows = kMostPixels / columns;
  Window<Element> part = w;
  for (int64_t row = 0; row < w.rows; row += rows) {
    part.rows = rows < w.rows - row ? rows : w.rows - row;
    for (int64_t column = 0; column < w.columns; column += columns) {
      part.columns = columns < w.columns - column ? columns : w.columns - column;
      part.first = w.first + row * w.row_step + column * w.column_step;
      __m256i sums[kGroups];
      for (int g = 0; g < kGroups; ++g) sums[g] = _mm256_setzero_si256();
      each_pixel(part, [&](const Element* at) {
        for (int g = 0; g < kGroups; ++g) {
          sums[g] = _mm256_add_epi16(sums[g], widen(at + c + 16 * g));
        }
      });
      for (int g = 0; g < kGroups; ++g) {
        const __m256i low = _mm256_cvtepi16_epi32(_mm256_castsi256_si128(sums[g]));
        const __m256i high = _mm256_cvtepi16_epi32(_mm256_extracti128_si256(sums[g], 1));
        totals[g].low = _mm256_add_epi32(totals[g].low, low);
        totals[g].high = _mm256_add_epi32(totals[g].high, high);
      }
    }
  }
}

template <int kGroups>
inline void sum_shorts(const Window<int16_t>& w, int64_t c, Sums16* totals) {
  for (int g = 0; g < kGroups; ++g) totals[g] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
  each_pixel(w, [&](const int16_t* at) {
    for (int g = 0; g < kGroups; ++g) {
      totals[g].low = _mm256_add_epi32(totals[g].low, widen(at + c + 16 * g));
      totals[g].high = _mm256_add_epi32(totals[g].high, widen(at + c + 16 * g + 8));
    }
  });
}

// mote_pool_mean of eight sums. A quotient of 32-bit integers that is not whole is further from the
// next whole number than a double's rounding goes.
inline __m256i mean8(__m256i sum, int32_t count) {
  const __m256i sign = _mm256_cmpgt_epi32(_mm256_set1_epi32(1), sum);  // sum <= 0
  const __m256i half = _mm256_set1_epi32(count / 2);
  const __m256i nudged =
      _mm256_add_epi32(sum, _mm256_sub_epi32(_mm256_xor_si256(half, sign), sign));
  const __m256d divisor = _mm256_set1_pd(count);
  const __m256d low = _mm256_cvtepi32_pd(_mm256_castsi256_si128(nudged));
  const __m256d high = _mm256_cvtepi32_pd(_mm256_extracti128_si256(nudged, 1));
  return _mm256_set_m128i(_mm256_cvttpd_epi32(_mm256_div_pd(high, divisor)),
                          _mm256_cvttpd_epi32(_mm256_div_pd(low, divisor)));
}

// 16 outputs, clamped, in order, as 16 bits.
inline __m256i means16(const MotePoolInt& p, const Sums16& sums, int32_t count) {
  const __m256i v = _mm256_permute4x64_epi64(
      _mm256_packs_epi32(mean8(sums.low, count), mean8(sums.high, count)), 0xd8);
  const __m256i low = _mm256_set1_epi16(static_cast<int16_t>(p.act_min));
  const __m256i high = _mm256_set1_epi16(static_cast<int16_t>(p.act_max));
  return _mm256_min_epi16(_mm256_max_epi16(v, low), high);
}

inline void store16(int8_t* y, __m256i v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(y),
                   _mm_packs_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)));
}
inline void store16(uint8_t* y, __m256i v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(y),
                   _mm_packus_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)));
}
inline void store16(int16_t* y, __m256i v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), v);
}

template <class Element, int kGroups>
void average_channels(const MotePoolInt& p, const Args& a, int64_t begin, int64_t end) {
  const int64_t channels = p.window.in_c;
  auto* y = static_cast<Element*>(a.out[0]);
  each_window(p.window, static_cast<const Element*>(a.in[0]), begin, end,
              [&](const Window<Element>& w, int64_t pixel) {
                const auto count = static_cast<int32_t>(w.rows * w.columns);
                each_vector(channels, 16 * kGroups, [&](int64_t c) {
                  Sums16 sums[kGroups];
                  if constexpr (sizeof(Element) == 2) {
                    sum_shorts<kGroups>(w, c, sums);
                  } else {
                    sum_bytes<kGroups>(w, c, sums);
                  }
                  Element* to = y + pixel * channels + c;
                  for (int g = 0; g < kGroups; ++g) {
                    store16(to + 16 * g, means16(p, sums[g], count));
                  }
                });
              });
}

template <class Element>
void average(const MotePoolInt& p, const Args& a, int64_t begin, int64_t end) {
  if (p.window.in_c >= 64) return average_channels<Element, 4>(p, a, begin, end);
  average_channels<Element, 1>(p, a, begin, end);
}

int run_average_int(const Args& a, int64_t begin, int64_t end) {
  const auto& p = *static_cast<const MotePoolInt*>(a.params);
  if (p.type == kMoteI8) {
    average<int8_t>(p, a, begin, end);
  } else if (p.type == kMoteU8) {
    average<uint8_t>(p, a, begin, end);
  } else {
    average<int16_t>(p, a, begin, end);
  }
  return kOk;
}

template <int kKind>
struct FoldF32 {
  static __m256 start() { return _mm256_set1_ps(kKind == kMotePoolMax ? -3.402823466e+38f : 0.0f); }
  static __m256 add(__m256 sum, __m256 x) {
    if constexpr (kKind == kMotePoolMax) return _mm256_max_ps(x, sum);  // a NaN is passed over
    if constexpr (kKind == kMotePoolL2) return _mm256_add_ps(sum, _mm256_mul_ps(x, x));
    return _mm256_add_ps(sum, x);
  }
  static __m256 end(__m256 sum, __m256 count) {
    if constexpr (kKind == kMotePoolMax) return sum;
    const __m256 mean = _mm256_div_ps(sum, count);
    return kKind == kMotePoolL2 ? _mm256_sqrt_ps(mean) : mean;
  }
};

template <int kKind, int kVectors>
void pool_channels_f32(const MotePoolF32& p, const Args& a, int64_t begin, int64_t end) {
  using Fold = FoldF32<kKind>;
  const int64_t channels = p.window.in_c;
  auto* y = static_cast<float*>(a.out[0]);
  const __m256 low = _mm256_set1_ps(p.act_min), high = _mm256_set1_ps(p.act_max);
  each_window(p.window, static_cast<const float*>(a.in[0]), begin, end,
              [&](const Window<float>& w, int64_t pixel) {
                const __m256 count = _mm256_set1_ps(static_cast<float>(w.rows * w.columns));
                each_vector(channels, 8 * kVectors, [&](int64_t c) {
                  __m256 sums[kVectors];
                  for (int v = 0; v < kVectors; ++v) sums[v] = Fold::start();
                  each_pixel(w, [&](const float* at) {
                    for (int v = 0; v < kVectors; ++v) {
                      sums[v] = Fold::add(sums[v], _mm256_loadu_ps(at + c + 8 * v));
                    }
                  });
                  float* to = y + pixel * channels + c;
                  for (int v = 0; v < kVectors; ++v) {
                    const __m256 raised = _mm256_max_ps(low, Fold::end(sums[v], count));
                    _mm256_storeu_ps(to + 8 * v, _mm256_min_ps(high, raised));
                  }
                });
              });
}

template <int kKind>
int run_f32(const Args& a, int64_t begin, int64_t end) {
  const auto& p = *static_cast<const MotePoolF32*>(a.params);
  if (p.window.in_c >= 32) {
    pool_channels_f32<kKind, 4>(p, a, begin, end);
  } else if (p.window.in_c >= 16) {
    pool_channels_f32<kKind, 2>(p, a, begin, end);
  } else {
    pool_channels_f32<kKind, 1>(p, a, begin, end);
  }
  return kOk;
}

template <class Params>
int64_t rows(const void* params) {
  const MoteWindow& g = static_cast<const Params*>(params)->window;
  return int64_t{g.batches} * g.out_h;
}

const char* f32_declines(const void* params) {
  const auto& p = *static_cast<const MotePoolF32*>(params);
  return p.window.in_c < 8 ? "fewer channels than a vector" : nullptr;
}

const char* max_int_declines(const void* params) {
  const auto& p = *static_cast<const MotePoolInt*>(params);
  const int64_t bytes = int64_t{p.window.in_c} * (p.type == kMoteI16 ? 2 : 1);
  return bytes < 8 ? "fewer channels than a vector" : nullptr;
}

const char* average_int_declines(const void* params) {
  const auto& p = *static_cast<const MotePoolInt*>(params);
  if (p.window.in_c < 16) return "fewer channels than a vector";
  const bool fits = int64_t{p.window.filter_h} * p.window.filter_w < 32768;
  return fits ? nullptr : "the window has more pixels than a 32-bit sum holds";
}

constexpr Kernel kAverageF32[] = {{.name = "average_pool_f32__avx2",
                                   .run = run_f32<kMotePoolAverage>,
                                   .declines = f32_declines,
                                   .units = rows<MotePoolF32>}};
constexpr Kernel kMaxF32[] = {{.name = "max_pool_f32__avx2",
                               .run = run_f32<kMotePoolMax>,
                               .declines = f32_declines,
                               .units = rows<MotePoolF32>}};
constexpr Kernel kL2F32[] = {{.name = "l2_pool_f32__avx2",
                              .run = run_f32<kMotePoolL2>,
                              .declines = f32_declines,
                              .units = rows<MotePoolF32>}};
constexpr Kernel kAverageInt[] = {{.name = "average_pool_int__avx2",
                                   .run = run_average_int,
                                   .declines = average_int_declines,
                                   .units = rows<MotePoolInt>}};
constexpr Kernel kMaxInt[] = {{.name = "max_pool_int__avx2",
                               .run = run_max_int,
                               .declines = max_int_declines,
                               .units = rows<MotePoolInt>}};

}  // namespace

const ProcessorRows kAveragePoolF32Avx2 = {simd::Isa::avx2, chosen<kAverageF32>};
const ProcessorRows kMaxPoolF32Avx2 = {simd::Isa::avx2, chosen<kMaxF32>};
const ProcessorRows kL2PoolF32Avx2 = {simd::Isa::avx2, chosen<kL2F32>};
const ProcessorRows kAveragePoolIntAvx2 = {simd::Isa::avx2, chosen<kAverageInt>};
const ProcessorRows kMaxPoolIntAvx2 = {simd::Isa::avx2, chosen<kMaxInt>};

}  // namespace mote::kernels

#else

namespace mote::kernels {

const ProcessorRows kAveragePoolF32Avx2 = {simd::Isa::avx2, {}};
const ProcessorRows kMaxPoolF32Avx2 = {simd::Isa::avx2, {}};
const ProcessorRows kL2PoolF32Avx2 = {simd::Isa::avx2, {}};
const ProcessorRows kAveragePoolIntAvx2 = {simd::Isa::avx2, {}};
const ProcessorRows kMaxPoolIntAvx2 = {simd::Isa::avx2, {}};

}  // namespace mote::kernels

#endif
