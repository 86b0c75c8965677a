// Copies activations as the kernels read them: bytes q + 128 (or q), and 16-bit words.
#pragma once

#if defined(MOTE_HAS_ISA)

#include <cstdint>

#include "kernels/common/mac.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace mote::kernels::MOTE_ISA {

// What makes bytes of activations unsigned.
inline uint64_t flip_of(int32_t type) { return type == kMoteU8 ? 0 : 0x8080808080808080u; }

#if defined(__AVX2__)

// Pieces that overlap copy what is left of a run: `kBytes` at its start and its end.
template <int kBytes>
inline void copy_ends(const uint8_t* from, int64_t n, uint64_t flip, uint8_t* to) {
  const auto piece = [&](int64_t at) {
    if constexpr (kBytes == 16) {
      const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + at),
                       _mm_xor_si128(v, _mm_set1_epi64x(static_cast<int64_t>(flip))));
    } else {
      uint64_t v = 0;
      __builtin_memcpy(&v, from + at, kBytes);
      v ^= flip;
      __builtin_memcpy(to + at, &v, kBytes);
    }
  };
  piece(0);
  piece(n - kBytes);
}

// Copies n >= 0 bytes, each xor'd with `flip`'s.
inline void copy_bytes(const uint8_t* from, int64_t n, uint64_t flip, uint8_t* to) {
  if (n >= 32) {
    const __m256i mask = _mm256_set1_epi64x(static_cast<int64_t>(flip));
    const auto piece = [&](int64_t at) {
      const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + at));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + at), _mm256_xor_si256(v, mask));
    };
    int64_t i = 0;
    for (; i + 32 <= n; i += 32) piece(i);
    if (i < n) piece(n - 32);
  } else if (n >= 16) {
    copy_ends<16>(from, n, flip, to);
  } else if (n >= 8) {
    copy_ends<8>(from, n, flip, to);
  } else if (n >= 4) {
    copy_ends<4>(from, n, flip, to);
  } else {
    for (int64_t i = 0; i < n; ++i) to[i] = static_cast<uint8_t>(from[i] ^ (flip & 0xff));
  }
}

#else

inline void copy_bytes(const uint8_t* __restrict from, int64_t n, uint64_t flip,
                       uint8_t* __restrict to) {
  const auto mask = static_cast<uint8_t>(flip);
  for (int64_t i = 0; i < n; ++i) to[i] = from[i] ^ mask;
}

#endif

inline void fill_bytes(uint8_t* to, int64_t n, uint8_t value) {
  for (int64_t i = 0; i < n; ++i) to[i] = value;
}

#if defined(__AVX2__)

// Bytes as 16-bit words, up to a multiple of 16: both buffers have room for that.
inline void widen_bytes(const uint8_t* from, int64_t n, int16_t* to) {
  for (int64_t i = 0; i < n; i += 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), _mm256_cvtepu8_epi16(v));
  }
}

#else

inline void widen_bytes(const uint8_t*, int64_t, int16_t*) {}  // no panel holds words

#endif

}  // namespace mote::kernels::MOTE_ISA

#endif
