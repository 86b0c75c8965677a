// The vector layer: bodies written once over these types are compiled for each processor that a
// file is compiled for. Registers are 256 bits with AVX, 128 bits elsewhere; what a processor has
// an instruction for uses it, the rest is the compilers' vector arithmetic (+ - * / << >> & | ^ ~
// and comparisons, whose results are masks of all ones or zeros).
//
// Everything lives in a namespace that MOTE_ISA names, so that no two files share a body that was
// compiled for different processors.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__AVX2__) || defined(__SSE4_1__) || defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#ifndef MOTE_ISA
#define MOTE_ISA portable
#endif

namespace mote::simd::MOTE_ISA {

#if defined(__AVX2__)
inline constexpr int kBytes = 32;
#else
inline constexpr int kBytes = 16;
#endif
inline constexpr int kLanes = kBytes / 4;  // of 32 bits

using F32 = float __attribute__((vector_size(kBytes)));
using I32 = int32_t __attribute__((vector_size(kBytes)));
using U32 = uint32_t __attribute__((vector_size(kBytes)));
using I16 = int16_t __attribute__((vector_size(kBytes)));
using I8 = int8_t __attribute__((vector_size(kBytes)));
using U8 = uint8_t __attribute__((vector_size(kBytes)));

// --- Memory; addresses need not be aligned

template <class V, class T>
inline V load_as(const T* from) {
  V v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
inline F32 load(const float* from) { return load_as<F32>(from); }
inline I32 load(const int32_t* from) { return load_as<I32>(from); }

template <class V, class T>
inline void store(T* to, V v) {
  std::memcpy(to, &v, sizeof v);
}

inline F32 splat(float x) {
#if defined(__AVX2__)
  return _mm256_set1_ps(x);
#else
  return F32{x, x, x, x};
#endif
}
inline I32 splat(int32_t x) {
#if defined(__AVX2__)
  return reinterpret_cast<I32>(_mm256_set1_epi32(x));
#else
  return I32{x, x, x, x};
#endif
}

// --- Bits and choices

// All ones in the first n lanes, 0 <= n <= kLanes.
inline I32 first_lanes(int64_t n) {
#if defined(__AVX2__)
  const I32 lane = {0, 1, 2, 3, 4, 5, 6, 7};
#else
  const I32 lane = {0, 1, 2, 3};
#endif
  return lane < splat(static_cast<int32_t>(n));
}

// The first n lanes; the others are zero, and their memory is not touched.
inline F32 load_part(const float* from, int64_t n) {
#if defined(__AVX2__)
  return _mm256_maskload_ps(from, reinterpret_cast<__m256i>(first_lanes(n)));
#else
  F32 x{};
  for (int i = 0; i < n; ++i) x[i] = from[i];
  return x;
#endif
}
inline void store_part(float* to, F32 x, int64_t n) {
#if defined(__AVX2__)
  _mm256_maskstore_ps(to, reinterpret_cast<__m256i>(first_lanes(n)), x);
#else
  for (int i = 0; i < n; ++i) to[i] = x[i];
#endif
}

inline I32 bits_of(F32 x) { return reinterpret_cast<I32>(x); }
inline F32 float_of(I32 x) { return reinterpret_cast<F32>(x); }

// mask ? a : b; mask lanes are all ones or all zeros.
inline F32 select(I32 mask, F32 a, F32 b) {
#if defined(__AVX2__)
  return _mm256_blendv_ps(b, a, float_of(mask));
#elif defined(__SSE4_1__)
  return _mm_blendv_ps(b, a, float_of(mask));
#else
  return float_of((bits_of(a) & mask) | (bits_of(b) & ~mask));
#endif
}
inline I32 select(I32 mask, I32 a, I32 b) {
#if defined(__AVX2__) || defined(__SSE4_1__)
  return bits_of(select(mask, float_of(a), float_of(b)));
#else
  return (a & mask) | (b & ~mask);
#endif
}

// sign < 0 ? a : b
inline I32 select_negative(I32 sign, I32 a, I32 b) {
#if defined(__AVX2__) || defined(__SSE4_1__)
  return select(sign, a, b);  // the processor looks at sign bits only
#else
  return select(sign >> 31, a, b);
#endif
}

// a < b ? a : b and a > b ? a : b; where one is NaN, b.
inline F32 min(F32 a, F32 b) {
#if defined(__AVX2__)
  return _mm256_min_ps(a, b);
#elif defined(__SSE2__)
  return _mm_min_ps(a, b);
#else
  return select(reinterpret_cast<I32>(a < b), a, b);
#endif
}
inline F32 max(F32 a, F32 b) {
#if defined(__AVX2__)
  return _mm256_max_ps(a, b);
#elif defined(__SSE2__)
  return _mm_max_ps(a, b);
#else
  return select(reinterpret_cast<I32>(a > b), a, b);
#endif
}
inline I32 min(I32 a, I32 b) {
#if defined(__AVX2__)
  return reinterpret_cast<I32>(
      _mm256_min_epi32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#else
  return select(reinterpret_cast<I32>(a < b), a, b);
#endif
}
inline I32 max(I32 a, I32 b) {
#if defined(__AVX2__)
  return reinterpret_cast<I32>(
      _mm256_max_epi32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#else
  return select(reinterpret_cast<I32>(a > b), a, b);
#endif
}
template <class V>
inline V clamp(V x, V low, V high) {
  return min(max(x, low), high);
}

inline F32 abs(F32 x) { return float_of(bits_of(x) & splat(0x7fffffff)); }
inline F32 with_sign_of(F32 size, F32 sign) {
  return float_of(bits_of(size) | (bits_of(sign) & splat(INT32_MIN)));
}

// --- Arithmetic

// a * b + c, rounded once where the processor can.
inline F32 fma(F32 a, F32 b, F32 c) {
#if defined(__AVX2__)
  return _mm256_fmadd_ps(a, b, c);
#elif defined(__ARM_NEON) && defined(__aarch64__)
  return vfmaq_f32(c, a, b);
#else
  return a * b + c;
#endif
}

inline F32 sqrt(F32 x) {
#if defined(__AVX2__)
  return _mm256_sqrt_ps(x);
#elif defined(__SSE2__)
  return _mm_sqrt_ps(x);
#elif defined(__aarch64__)
  return vsqrtq_f32(x);
#else
  F32 y;
  for (int i = 0; i < kLanes; ++i) y[i] = __builtin_sqrtf(x[i]);
  return y;
#endif
}

// To the nearest integer, halves to even.
inline F32 round(F32 x) {
#if defined(__AVX2__)
  return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__SSE4_1__)
  return _mm_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__aarch64__)
  return vrndnq_f32(x);
#else
  // 2^23 has no fraction bits left: adding it rounds. Larger numbers are integers already.
  const F32 rounder = with_sign_of(splat(8388608.0f), x);
  const F32 rounded = with_sign_of(abs((x + rounder) - rounder), x);
  return select(reinterpret_cast<I32>(abs(x) < splat(8388608.0f)), rounded, x);
#endif
}

inline F32 to_float(I32 x) { return __builtin_convertvector(x, F32); }
// Rounded to nearest, halves to even; what does not fit is INT32_MIN or the nearest int32.
inline I32 to_int_rounded(F32 x) {
#if defined(__AVX2__)
  return reinterpret_cast<I32>(_mm256_cvtps_epi32(x));
#elif defined(__SSE2__)
  return reinterpret_cast<I32>(_mm_cvtps_epi32(x));
#elif defined(__aarch64__)
  return vcvtnq_s32_f32(x);
#else
  return __builtin_convertvector(round(x), I32);
#endif
}
inline I32 to_int_truncated(F32 x) {
#if defined(__AVX2__)
  return reinterpret_cast<I32>(_mm256_cvttps_epi32(x));
#elif defined(__SSE2__)
  return reinterpret_cast<I32>(_mm_cvttps_epi32(x));
#else
  return __builtin_convertvector(x, I32);
#endif
}

// (a * b + 2^30) >> 31 in 64 bits; a = b = INT32_MIN is excluded.
inline I32 mul_high(I32 a, I32 b) {
#if defined(__AVX2__)
  const __m256i x = reinterpret_cast<__m256i>(a), y = reinterpret_cast<__m256i>(b);
  const __m256i half = _mm256_set1_epi64x(1 << 30);
  const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x, y), half);
  const __m256i odd =
      _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(y, 32)), half);
  return reinterpret_cast<I32>(
      _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xaa));
#elif defined(__SSE4_1__)
  const __m128i x = reinterpret_cast<__m128i>(a), y = reinterpret_cast<__m128i>(b);
  const __m128i half = _mm_set1_epi64x(1 << 30);
  const __m128i even = _mm_add_epi64(_mm_mul_epi32(x, y), half);
  const __m128i odd =
      _mm_add_epi64(_mm_mul_epi32(_mm_srli_epi64(x, 32), _mm_srli_epi64(y, 32)), half);
  return reinterpret_cast<I32>(
      _mm_blend_epi16(_mm_srli_epi64(even, 31), _mm_slli_epi64(odd, 1), 0xcc));
#elif defined(__ARM_NEON)
  return vqrdmulhq_s32(a, b);
#else
  I32 y;
  for (int i = 0; i < kLanes; ++i) {
    y[i] = static_cast<int32_t>((int64_t{a[i]} * b[i] + (int64_t{1} << 30)) >> 31);
  }
  return y;
#endif
}

// --- Between element sizes

// kLanes elements of T.
template <class T>
struct NarrowOf;
template <>
struct NarrowOf<int8_t> {
  using Type = int8_t __attribute__((vector_size(kLanes)));
};
template <>
struct NarrowOf<uint8_t> {
  using Type = uint8_t __attribute__((vector_size(kLanes)));
};
template <>
struct NarrowOf<int16_t> {
  using Type = int16_t __attribute__((vector_size(kLanes * 2)));
};

#if defined(__AVX2__)
inline I32 load_wide(const int8_t* from) {
  return reinterpret_cast<I32>(
      _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
}
inline I32 load_wide(const uint8_t* from) {
  return reinterpret_cast<I32>(
      _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
}
inline I32 load_wide(const int16_t* from) {
  return reinterpret_cast<I32>(
      _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
}
#else
template <class T>
inline I32 load_wide(const T* from) {
  return __builtin_convertvector(load_as<typename NarrowOf<T>::Type>(from), I32);
}
#endif
inline I32 load_wide(const int32_t* from) { return load(from); }

// Stores kLanes * 4 / sizeof(T) elements, from as many vectors as T goes into 32 bits, each held
// within [low, high], which must be numbers of T.
#if defined(__AVX2__)
inline __m256i packed_words(I32 a, I32 b) {  // by halves: a b | a b
  return _mm256_packs_epi32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b));
}
inline __m256i in_order(__m256i packed) {  // from a b c d | a b c d
  return _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}
inline void store_clamped(int8_t* to, const I32* v, int32_t low, int32_t high) {
  const __m256i all = _mm256_packs_epi16(packed_words(v[0], v[1]), packed_words(v[2], v[3]));
  const __m256i held =
      _mm256_min_epi8(_mm256_max_epi8(all, _mm256_set1_epi8(static_cast<char>(low))),
                      _mm256_set1_epi8(static_cast<char>(high)));
  store(to, in_order(held));
}
inline void store_clamped(uint8_t* to, const I32* v, int32_t low, int32_t high) {
  const __m256i all = _mm256_packus_epi16(packed_words(v[0], v[1]), packed_words(v[2], v[3]));
  const __m256i held =
      _mm256_min_epu8(_mm256_max_epu8(all, _mm256_set1_epi8(static_cast<char>(low))),
                      _mm256_set1_epi8(static_cast<char>(high)));
  store(to, in_order(held));
}
inline void store_clamped(int16_t* to, const I32* v, int32_t low, int32_t high) {
  const __m256i held = _mm256_min_epi16(
      _mm256_max_epi16(packed_words(v[0], v[1]), _mm256_set1_epi16(static_cast<int16_t>(low))),
      _mm256_set1_epi16(static_cast<int16_t>(high)));
  store(to, _mm256_permute4x64_epi64(held, 0xd8));
}
#else
template <class T>
inline void store_clamped(T* to, const I32* v, int32_t low, int32_t high) {
  for (size_t i = 0; i < 4 / sizeof(T); ++i) {
    const I32 held = clamp(v[i], splat(low), splat(high));
    store(to + i * kLanes, __builtin_convertvector(held, typename NarrowOf<T>::Type));
  }
}
#endif

// --- Across lanes

inline float sum_lanes(F32 x) {
#if defined(__AVX2__)
  const __m128 half = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  const __m128 pair = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)));
#else
  return (x[0] + x[2]) + (x[1] + x[3]);
#endif
}
inline int32_t sum_lanes(I32 x) {
  uint32_t sum = 0;
  for (int i = 0; i < kLanes; ++i) sum += static_cast<uint32_t>(x[i]);
  return static_cast<int32_t>(sum);
}
inline float max_lanes(F32 x) {
  float most = x[0];
  for (int i = 1; i < kLanes; ++i) most = x[i] > most ? x[i] : most;
  return most;
}
inline int32_t max_lanes(I32 x) {
  int32_t most = x[0];
  for (int i = 1; i < kLanes; ++i) most = x[i] > most ? x[i] : most;
  return most;
}
// By way of 32 bits: g++ 12 at -O3 gets a loop over the bytes of a vector wrong.
inline int32_t max_lanes(I8 x) {
  int8_t bytes[kBytes];
  store(bytes, x);
  I32 most = load_wide(bytes);
  for (int i = kLanes; i < kBytes; i += kLanes) most = max(most, load_wide(bytes + i));
  return max_lanes(most);
}

}  // namespace mote::simd::MOTE_ISA
