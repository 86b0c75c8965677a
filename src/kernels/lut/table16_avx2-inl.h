// Tables of 513 entries of int16 read eight at a time (lut/ref.h: mote_lut_16_value).
#pragma once

#if defined(__AVX2__)

#include <immintrin.h>

#include <cstdint>

namespace mote::kernels::MOTE_ISA {

// Neighbouring entries of `table` at eight places: the first in the low halves.
inline __m256i gather_pairs(const void* table, __m256i place) {
  return _mm256_i32gather_epi32(static_cast<const int*>(table), place, 2);
}

// Values for x in [-2^15, 2^15); 32-bit lanes that hold int16 values.
inline __m256i table_16_values(const int16_t* table, __m256i x) {
  const __m256i interval = _mm256_add_epi32(_mm256_srai_epi32(x, 7), _mm256_set1_epi32(256));
  const __m256i pair = gather_pairs(table, interval);
  const __m256i first = _mm256_srai_epi32(_mm256_slli_epi32(pair, 16), 16);
  // slope * place + 64 * 1; the slope wraps in 16 bits.
  const __m256i slope = _mm256_sub_epi16(_mm256_srli_epi32(pair, 16), first);
  const __m256i with_half = _mm256_blend_epi16(slope, _mm256_set1_epi32(64 << 16), 0xaa);
  const __m256i place =
      _mm256_or_si256(_mm256_and_si256(x, _mm256_set1_epi32(0x7f)), _mm256_set1_epi32(1 << 16));
  const __m256i y =
      _mm256_add_epi32(first, _mm256_srai_epi32(_mm256_madd_epi16(with_half, place), 7));
  return _mm256_srai_epi32(_mm256_slli_epi32(y, 16), 16);
}

}  // namespace mote::kernels::MOTE_ISA

#endif
