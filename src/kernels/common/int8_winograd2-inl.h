// 3 x 3 convolutions of stride 1 by Winograd's F(2 x 2, 3 x 3), in integers and exact: 16 products
// where 36 would be, for each 2 x 2 outputs and pair of channels.
//
//   V = B' d B      of each 4 x 4 inputs d,      |V| <= 4 * 255
//   U = 2G g (2G)'  of each filter g,            |U| <= 9 * 128         both 16 bits
//   M = sum of V U over the channels, element by element                32 bits, may wrap
//   A' M A = 4 y: 32 bits hold it, as |y| <= 9 * 255 * 128 * channels < 2^29; wrapping cancels out
//
//   scratch:  V [16, tiles, in_c] words, M [16, tiles, 16] sums
//   a panel:  U [16, in_c / 2] rows of 16 (8) lanes of two words, lanes as in int8_panels.h
#pragma once

#if defined(__AVX2__)

#include "kernels/common/int8_winograd_job-inl.h"

namespace mote::kernels::MOTE_ISA {

// One column of four inputs, 16 channels, transformed downwards.
struct Column {
  __m256i v[4];
};

template <bool kSigned>
[[gnu::always_inline]] inline Column transform_column(const uint8_t* const (&rows)[4], int64_t at) {
  __m256i d[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[i] + at));
    d[i] = kSigned ? _mm256_cvtepi8_epi16(v) : _mm256_cvtepu8_epi16(v);
  }
  return {{_mm256_sub_epi16(d[0], d[2]), _mm256_add_epi16(d[1], d[2]), _mm256_sub_epi16(d[2], d[1]),
           _mm256_sub_epi16(d[1], d[3])}};
}

// The column at x = `ix`; `rows` are where the image's rows start, null outside.
template <bool kSigned>
[[gnu::always_inline]] inline Column column_at(const WinogradJob& job,
                                               const uint8_t* const (&rows)[4], int64_t ix,
                                               int64_t c) {
  const MoteWindow& g = job.plan->window;
  const bool inside = ix >= 0 && ix < g.in_w;
  const int64_t at = ix * g.in_c + c;
  const uint8_t* from[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) from[i] = inside && rows[i] ? rows[i] + at : job.pad + c;
  return transform_column<kSigned>(from, 0);
}

// V of one tile's 16 channels. plane: words from place to place.
[[gnu::always_inline]] inline void store_tile(const Column& c0, const Column& c1, const Column& c2,
                                              const Column& c3, int64_t plane, int16_t* to) {
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const auto put = [&](int64_t j, __m256i v) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + (4 * i + j) * plane), v);
    };
    put(0, _mm256_sub_epi16(c0.v[i], c2.v[i]));
    put(1, _mm256_add_epi16(c1.v[i], c2.v[i]));
    put(2, _mm256_sub_epi16(c2.v[i], c1.v[i]));
    put(3, _mm256_sub_epi16(c1.v[i], c3.v[i]));
  }
}

// V of `count` tiles side by side, the first with its corner at (iy, ix); `first` is its number in
// the unit. Neighbours share two columns.
template <bool kSigned>
inline void transform_tiles(const WinogradJob& job, const uint8_t* image, int64_t iy, int64_t ix,
                            int64_t first, int64_t count) {
  const MoteWindow& g = job.plan->window;
  const int64_t depth = g.in_c, plane = job.tiles * depth, line = int64_t{g.in_w} * depth;
  const uint8_t* rows[4];
  bool all_rows = true;
  for (int64_t i = 0; i < 4; ++i) {
    const bool inside = iy + i >= 0 && iy + i < g.in_h;
    rows[i] = inside ? image + (iy + i) * line : nullptr;
    all_rows = all_rows && inside;
  }
  for (int64_t c = 0; c < depth; c += 16) {
    int16_t* to = job.v + first * depth + c;
    Column c0 = column_at<kSigned>(job, rows, ix, c), c1 = column_at<kSigned>(job, rows, ix + 1, c);
    for (int64_t tile = 0; tile < count; ++tile, to += depth) {
      const int64_t x = ix + 2 * tile + 2;
      Column c2, c3;
      if (all_rows && x >= 0 && x + 1 < g.in_w) {
        c2 = transform_column<kSigned>(rows, x * depth + c);
        c3 = transform_column<kSigned>(rows, (x + 1) * depth + c);
      } else {
        c2 = column_at<kSigned>(job, rows, x, c);
        c3 = column_at<kSigned>(job, rows, x + 1, c);
      }
      store_tile(c0, c1, c2, c3, plane, to);
      c0 = c2;
      c1 = c3;
    }
  }
}

// y of the 2 x 2 outputs of a tile: rows 0 and 1 of the sums are the upper ones.
template <int kRegs>
[[gnu::always_inline]] inline Sums<4, kRegs> transform_outputs(const int32_t* m, int64_t plane,
                                                               const __m256i* start) {
  Sums<4, kRegs> y;
#pragma GCC unroll 2
  for (int j = 0; j < kRegs; ++j) {
    __m256i upper[4], lower[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const auto place = [&](int row) { return load_bytes(m + (4 * row + i) * plane + 8 * j); };
      const __m256i m1 = place(1), m2 = place(2);
      upper[i] = _mm256_add_epi32(place(0), _mm256_add_epi32(m1, m2));
      lower[i] = _mm256_sub_epi32(_mm256_sub_epi32(m1, m2), place(3));
    }
    const auto finish = [&](__m256i v) {
      return _mm256_add_epi32(_mm256_srai_epi32(v, 2), start[j]);
    };
    y.v[0][j] = finish(_mm256_add_epi32(upper[0], _mm256_add_epi32(upper[1], upper[2])));
    y.v[1][j] = finish(_mm256_sub_epi32(_mm256_sub_epi32(upper[1], upper[2]), upper[3]));
    y.v[2][j] = finish(_mm256_add_epi32(lower[0], _mm256_add_epi32(lower[1], lower[2])));
    y.v[3][j] = finish(_mm256_sub_epi32(_mm256_sub_epi32(lower[1], lower[2]), lower[3]));
  }
  return y;
}

template <int kRegs, class Out>
inline void multiply_winograd2_panel(const WinogradJob& job, const WinogradUnit& unit,
                                     const int16_t* u, const Out& out) {
  const MoteWindow& g = job.plan->window;
  const int64_t depth = g.in_c, plane = job.tiles * 16;
  for (int64_t place = 0; place < 16; ++place) {
    const int16_t* v = job.v + place * job.tiles * depth;
    for (int64_t tile = 0; tile < unit.tiles; tile += 4) {
      multiply_place<kRegs>(v + tile * depth, depth, depth, u + place * depth * 8 * kRegs,
                            job.m + place * plane + tile * 16, false);
    }
  }
  alignas(16) typename Out::Element outside[16];
  for (int64_t tile = 0; tile < unit.tiles; ++tile) {
    Sums<4, kRegs> y = transform_outputs<kRegs>(job.m + tile * 16, plane, out.first);
    const int64_t oy = tile / unit.tiles_x * 2, ox = tile % unit.tiles_x * 2;
    const int64_t pixel = unit.first + oy * g.out_w + ox;
    const bool right = ox + 1 < unit.w, below = oy + 1 < unit.h;
    typename Out::Element* const to[4] = {out.at(pixel), right ? out.at(pixel + 1) : outside,
                                          below ? out.at(pixel + g.out_w) : outside,
                                          right && below ? out.at(pixel + g.out_w + 1) : outside};
    out.store_at(to, y);
  }
}

}  // namespace mote::kernels::MOTE_ISA

#endif
