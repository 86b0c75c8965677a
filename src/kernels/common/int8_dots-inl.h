// Four products of bytes added to 32 bits in one instruction (VPDPBUSD), for processors that have
// it.
// A test that emulates it defines MOTE_HAS_DOTS itself.
#pragma once

#if defined(__AVXVNNI__) || defined(__AVX512VNNI__)
#define MOTE_HAS_DOTS
#endif

#if defined(MOTE_HAS_DOTS)

#include <immintrin.h>

namespace mote::kernels::MOTE_ISA {

// Each lane of `sum`, plus its four bytes of `x`, unsigned, times those of `w`, signed.
#if defined(__AVX512VNNI__)
[[gnu::always_inline]] inline __m256i add_dots(__m256i sum, __m256i x, __m256i w) {
  return _mm256_dpbusd_epi32(sum, x, w);
}
#elif defined(__AVXVNNI__)
[[gnu::always_inline]] inline __m256i add_dots(__m256i sum, __m256i x, __m256i w) {
  return _mm256_dpbusd_avx_epi32(sum, x, w);
}
#else  // for tests on processors without it: even and odd bytes as words
[[gnu::always_inline]] inline __m256i add_dots(__m256i sum, __m256i x, __m256i w) {
  const __m256i even = _mm256_madd_epi16(_mm256_and_si256(x, _mm256_set1_epi16(0xff)),
                                         _mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8));
  const __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(x, 8), _mm256_srai_epi16(w, 8));
  return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
}
#endif

}  // namespace mote::kernels::MOTE_ISA

#endif
