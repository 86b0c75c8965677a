// logistic and tanh of 16-bit fixed point, sixteen at a time: the same bits as q15.h, which has the
// formulas. For files that are compiled for AVX2.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/common/q15.h"

namespace mote::kernels::MOTE_ISA {

using Words = __m256i;  // sixteen int16

inline Words words(int x) { return _mm256_set1_epi16(static_cast<int16_t>(x)); }

// mote_q15_mul; a = b = INT16_MIN is excluded.
inline Words mul_words(Words a, Words b) { return _mm256_mulhrs_epi16(a, b); }

// a < 0 ? -1 : 0
inline Words sign_of(Words a) { return _mm256_srai_epi16(a, 15); }

// mote_q15_exp_quarter. x^4 is not negative, so that a half is rounded up.
inline Words exp_quarter_words(Words a) {
  const Words exp_eighth = words(28918), third = words(10923);
  const Words x = _mm256_add_epi16(a, words(1 << 12));
  const Words x2 = mul_words(x, x), x3 = mul_words(x2, x), x4 = mul_words(x2, x2);
  const Words quarter = _mm256_srai_epi16(_mm256_add_epi16(x4, words(2)), 2);
  const Words high = mul_words(_mm256_add_epi16(quarter, x3), third);
  const Words sum = _mm256_add_epi16(high, x2);
  const Words away = _mm256_add_epi16(_mm256_add_epi16(sum, words(1)), sign_of(sum));
  const Words tail = _mm256_srai_epi16(away, 1);
  return _mm256_adds_epi16(exp_eighth, mul_words(exp_eighth, _mm256_add_epi16(x, tail)));
}

// mote_q15_exp, a <= 0.
inline Words exp_words(Words a, int bits) {
  constexpr int16_t kExp[7] = {25520, 19875, 12055, 4435, 600, 11, 0};
  const int fraction = 15 - bits;
  const Words quarter = words(1 << (fraction - 2));
  const Words low =
      _mm256_sub_epi16(_mm256_and_si256(a, words((1 << (fraction - 2)) - 1)), quarter);
  Words y = exp_quarter_words(_mm256_slli_epi16(low, bits));
  const Words rest = _mm256_sub_epi16(low, a);
  for (int k = -2; k < bits && k <= 4; ++k) {
    const Words bit = words(1 << (fraction + k));
    const Words has_bit = _mm256_cmpeq_epi16(_mm256_and_si256(rest, bit), bit);
    y = _mm256_blendv_epi8(y, mul_words(y, words(kExp[k + 2])), has_bit);
  }
  if (bits > 5) {  // below -32
    y = _mm256_andnot_si256(_mm256_cmpgt_epi16(words(-(1 << (20 - bits))), a), y);
  }
  return _mm256_blendv_epi8(y, words(INT16_MAX), _mm256_cmpeq_epi16(a, _mm256_setzero_si256()));
}

// mote_q15_reciprocal, 0 <= a.
inline Words reciprocal_words(Words a) {
  const Words d = _mm256_avg_epu16(a, words(INT16_MAX)), one = words(1 << 13);
  Words x = _mm256_add_epi16(words(23130), mul_words(d, words(-15420)));
  for (int i = 0; i < 3; ++i) {
    const Words error = _mm256_sub_epi16(one, mul_words(d, x));
    const Words change = mul_words(x, error);
    const Words twice = _mm256_adds_epi16(change, change);
    x = _mm256_add_epi16(x, _mm256_adds_epi16(twice, twice));
  }
  return x;
}

// -|a|, which every int16 has.
inline Words minus_magnitude(Words a) {
  return _mm256_min_epi16(a, _mm256_sub_epi16(_mm256_setzero_si256(), a));
}

// mote_q15_logistic
inline Words logistic_words(Words a) {
  const Words x = reciprocal_words(exp_words(minus_magnitude(a), 3));
  const Words y = _mm256_adds_epi16(x, x);
  const Words above = _mm256_cmpgt_epi16(a, _mm256_setzero_si256());
  const Words either = _mm256_blendv_epi8(_mm256_sub_epi16(words(INT16_MAX), y), y, above);
  return _mm256_blendv_epi8(either, words(1 << 14), _mm256_cmpeq_epi16(a, _mm256_setzero_si256()));
}

// mote_q15_tanh
inline Words tanh_words(Words a, int bits) {
  const Words e = exp_words(minus_magnitude(a), bits + 1);
  const Words part = _mm256_sub_epi16(reciprocal_words(e), words(1 << 13));
  const Words twice = _mm256_adds_epi16(part, part);
  return _mm256_sign_epi16(_mm256_adds_epi16(twice, twice), a);
}

}  // namespace mote::kernels::MOTE_ISA
