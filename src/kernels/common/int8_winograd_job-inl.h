// What both integer Winograd convolutions (int8_winograd2-inl.h, int8_winograd4-inl.h) have in
// common.
#pragma once

#if defined(__AVX2__)

#include "kernels/common/int8_conv.h"
#include "kernels/common/int8_copy-inl.h"
#include "kernels/common/int8_outputs-inl.h"
#include "kernels/common/int8_unit-inl.h"

namespace mote::kernels::MOTE_ISA {

// What the units of one convolution share.
struct WinogradJob {
  const Int8Plan* plan;
  const uint8_t* x;
  bool is_signed;
  uint8_t* pad;  // in_c bytes that are real zero
  int16_t* v;
  int32_t* m;
  int64_t tiles;  // of a unit, at most; a multiple of 4

  // int8_winograd4-inl.h only: where U is, channels of it, tiles of M, elements from plane to
  // plane.
  int16_t* u;
  int64_t chunk, m_tiles, v_plane, m_plane, u_plane;
};

// Where a unit's tiles and their outputs lie.
struct WinogradUnit {
  int64_t tiles_x, tiles;  // in a row, in all
  int64_t first;           // output pixel of the corner
  int64_t w, h;            // pixels of the unit
};

// M of 4 tiles at one place, `depth` channels. pitch: words of V from tile to tile. adds: to the
// sums that M holds.
template <int kRegs>
[[gnu::always_inline]] inline void multiply_place(const int16_t* v, int64_t pitch, int64_t depth,
                                                  const int16_t* u, int32_t* m, bool adds) {
  Sums<4, kRegs> sums;
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) {
#pragma GCC unroll 2
    for (int j = 0; j < kRegs; ++j) {
      sums.v[r][j] = adds ? load_bytes(m + 16 * r + 8 * j) : _mm256_setzero_si256();
    }
  }
  for (int64_t c = 0; c < depth; c += 2, u += 16 * kRegs) {
    __m256i w[kRegs];
#pragma GCC unroll 2
    for (int j = 0; j < kRegs; ++j) w[j] = load_bytes(u + 16 * j);
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      const __m256i x = four_bytes(v + r * pitch + c);
#pragma GCC unroll 2
      for (int j = 0; j < kRegs; ++j) {
        sums.v[r][j] = add_sums(sums.v[r][j], _mm256_madd_epi16(x, w[j]));
      }
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) {
#pragma GCC unroll 2
    for (int j = 0; j < kRegs; ++j) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(m + 16 * r + 8 * j), sums.v[r][j]);
    }
  }
}

}  // namespace mote::kernels::MOTE_ISA

#endif
