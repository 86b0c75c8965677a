// 3 x 3 convolutions of stride 1 by Winograd's F(4 x 4, 3 x 3), in integers and exact: 36 products
// where 144 would be, for each 4 x 4 outputs and pair of channels.
//
//   V = B' d B   of each 6 x 6 inputs d,   |V| <= 100 * 255
//   U = H g H'   of each filter g,         |U| <= 49 * 128             both 16 bits
//   M = sum of V U over the channels, element by element               modulo 2^32
//   C' M C = 9 * 2^s y, s by place         modulo 2^32
//
// H and C are the usual G and A with each row and column times what makes it whole. 9 has an
// inverse modulo 2^32, and a shift divides by 2^s <= 64: y is exact if |y| < 2^25, which is proved
// from the weights when they are packed.
//
// Transformed filters would take eight times what the weights do, so they are made when they are
// needed, from bytes, for `chunk` channels and one panel, and used for all tiles of a unit.
//
//   scratch:  V [36, tiles, in_c] words | M [36, tiles, 16] sums | U [36, chunk / 2, 16, 2] words
//             each of the 36 planes followed by 64 bytes, so that their lines share no cache sets
//   a panel:  g [in_c / 2, 9] rows of 16 (8) lanes of two bytes, lanes as in int8_panels.h
#pragma once

#if defined(__AVX2__)

#include "kernels/common/int8_winograd_job-inl.h"

namespace mote::kernels::MOTE_ISA {

// B' of six.
[[gnu::always_inline]] inline void transform_six(const __m256i* d, __m256i* v) {
  const auto twice = [](__m256i a) { return _mm256_add_epi16(a, a); };
  const auto minus_4 = [](__m256i a, __m256i b) {
    return _mm256_sub_epi16(a, _mm256_slli_epi16(b, 2));
  };
  const __m256i d42 = _mm256_sub_epi16(d[4], d[2]), d13 = _mm256_sub_epi16(d[1], d[3]);
  const __m256i even = minus_4(d[4], d[2]), odd = minus_4(d[3], d[1]), d31 = twice(d13);
  v[0] = _mm256_add_epi16(_mm256_slli_epi16(_mm256_sub_epi16(d[0], d[2]), 2), d42);
  v[1] = _mm256_add_epi16(even, odd);
  v[2] = _mm256_sub_epi16(even, odd);
  v[3] = _mm256_sub_epi16(d42, d31);
  v[4] = _mm256_add_epi16(d42, d31);
  v[5] = _mm256_add_epi16(twice(d31), _mm256_sub_epi16(d[5], d[3]));
}

// H of three.
[[gnu::always_inline]] inline void transform_three(__m256i a, __m256i b, __m256i c, __m256i* u) {
  const __m256i six = _mm256_set1_epi16(6);
  const __m256i ac = _mm256_add_epi16(a, c), b2 = _mm256_add_epi16(b, b);
  const __m256i ac4 = _mm256_add_epi16(a, _mm256_slli_epi16(c, 2));
  u[0] = _mm256_mullo_epi16(a, six);
  u[1] = _mm256_add_epi16(ac, b);
  u[2] = _mm256_sub_epi16(ac, b);
  u[3] = _mm256_add_epi16(ac4, b2);
  u[4] = _mm256_sub_epi16(ac4, b2);
  u[5] = _mm256_mullo_epi16(c, six);
}

// C' of six: 3 * 2^s of what the usual A' gives, s = kShifts4.
inline constexpr int kShifts4[] = {3, 2, 1, 1};
[[gnu::always_inline]] inline void transform_sums(const __m256i* m, __m256i* y) {
  const auto twice = [](__m256i a) { return _mm256_add_epi32(a, a); };
  const __m256i p = _mm256_add_epi32(m[1], m[2]), q = _mm256_sub_epi32(m[1], m[2]);
  const __m256i r = _mm256_add_epi32(m[3], m[4]), s = _mm256_sub_epi32(m[3], m[4]);
  y[0] = _mm256_add_epi32(m[0], _mm256_sub_epi32(r, _mm256_slli_epi32(p, 2)));
  y[1] = _mm256_sub_epi32(s, twice(q));
  y[2] = _mm256_sub_epi32(r, p);
  y[3] = _mm256_add_epi32(_mm256_sub_epi32(twice(s), q), m[5]);
}

// One column of six inputs, 16 channels, transformed downwards.
struct Column6 {
  __m256i v[6];
};

template <bool kSigned>
[[gnu::always_inline]] inline void transform_column6(const uint8_t* const (&rows)[6], int64_t at,
                                                     Column6* column) {
  __m256i d[6];
#pragma GCC unroll 6
  for (int i = 0; i < 6; ++i) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[i] + at));
    d[i] = kSigned ? _mm256_cvtepi8_epi16(v) : _mm256_cvtepu8_epi16(v);
  }
  transform_six(d, column->v);
}

// The column at x = `ix`; `rows` are where the image's rows start, null outside.
template <bool kSigned>
[[gnu::noinline]] void column6_at(const WinogradJob& job, const uint8_t* const (&rows)[6],
                                  int64_t ix, int64_t c, Column6* column) {
  const MoteWindow& g = job.plan->window;
  const bool inside = ix >= 0 && ix < g.in_w;
  const uint8_t* from[6];
  for (int i = 0; i < 6; ++i) {
    from[i] = inside && rows[i] ? rows[i] + ix * g.in_c + c : job.pad + c;
  }
  transform_column6<kSigned>(from, 0, column);
}

// V of one tile's 16 channels.
[[gnu::always_inline]] inline void store_tile6(const Column6 (&d)[6], int64_t plane, int16_t* to) {
#pragma GCC unroll 6
  for (int i = 0; i < 6; ++i) {
    const __m256i row[6] = {d[0].v[i], d[1].v[i], d[2].v[i], d[3].v[i], d[4].v[i], d[5].v[i]};
    __m256i v[6];
    transform_six(row, v);
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + (6 * i + j) * plane), v[j]);
    }
  }
}

// V of `count` tiles side by side, the first with its corner at (iy, ix); `first` is its number in
// the unit. Neighbours share two columns.
template <bool kSigned>
inline void transform_tiles6(const WinogradJob& job, const uint8_t* image, int64_t iy, int64_t ix,
                             int64_t first, int64_t count) {
  const MoteWindow& g = job.plan->window;
  const int64_t depth = g.in_c, line = int64_t{g.in_w} * depth;
  const uint8_t* rows[6];
  bool all_rows = true;
  for (int64_t i = 0; i < 6; ++i) {
    const bool inside = iy + i >= 0 && iy + i < g.in_h;
    rows[i] = inside ? image + (iy + i) * line : nullptr;
    all_rows = all_rows && inside;
  }
  for (int64_t c = 0; c < depth; c += 16) {
    int16_t* to = job.v + first * depth + c;
    Column6 d[6];
    column6_at<kSigned>(job, rows, ix, c, &d[0]);
    column6_at<kSigned>(job, rows, ix + 1, c, &d[1]);
    for (int64_t tile = 0; tile < count; ++tile, to += depth) {
      const int64_t x = ix + 4 * tile + 2;
      if (all_rows && x >= 0 && x + 3 < g.in_w) {
        for (int j = 0; j < 4; ++j) {
          transform_column6<kSigned>(rows, (x + j) * depth + c, &d[2 + j]);
        }
      } else {
        for (int j = 0; j < 4; ++j) column6_at<kSigned>(job, rows, x + j, c, &d[2 + j]);
      }
      store_tile6(d, job.v_plane, to);
      d[0] = d[4];
      d[1] = d[5];
    }
  }
}

// U of `depth` channels of a panel from its packed weights.
template <int kRegs>
inline void transform_filters(const WinogradJob& job, const int8_t* g, int64_t depth) {
  constexpr int64_t kTap = 16 * kRegs;  // bytes
  for (int64_t c = 0; c < depth; c += 2, g += 9 * kTap) {
#pragma GCC unroll 2
    for (int j = 0; j < kRegs; ++j) {
      __m256i columns[3][6];
#pragma GCC unroll 3
      for (int x = 0; x < 3; ++x) {
        const int8_t* from = g + x * kTap + 16 * j;
        transform_three(load_widened(from), load_widened(from + 3 * kTap),
                        load_widened(from + 6 * kTap), columns[x]);
      }
      int16_t* to = job.u + c * 8 * kRegs + 16 * j;
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) {
        __m256i u[6];
        transform_three(columns[0][i], columns[1][i], columns[2][i], u);
#pragma GCC unroll 6
        for (int k = 0; k < 6; ++k) {
          _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + (6 * i + k) * job.u_plane), u[k]);
        }
      }
    }
  }
}

// The 4 x 4 sums of a tile, row by row.
template <int kRegs>
inline void transform_outputs6(const int32_t* m, int64_t plane, const __m256i* start,
                               Sums<4, kRegs> (&y)[4]) {
  const __m256i ninth = _mm256_set1_epi32(0x38e38e39);  // times 9: 1 modulo 2^32
#pragma GCC unroll 2
  for (int j = 0; j < kRegs; ++j) {
    __m256i columns[6][4];
#pragma GCC unroll 6
    for (int x = 0; x < 6; ++x) {
      __m256i column[6];
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) column[i] = load_bytes(m + (6 * i + x) * plane + 8 * j);
      transform_sums(column, columns[x]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const __m256i row[6] = {columns[0][i], columns[1][i], columns[2][i],
                              columns[3][i], columns[4][i], columns[5][i]};
      __m256i sums[4];
      transform_sums(row, sums);
#pragma GCC unroll 4
      for (int k = 0; k < 4; ++k) {
        const __m256i v = _mm256_mullo_epi32(sums[k], ninth);
        y[i].v[k][j] = _mm256_add_epi32(_mm256_srai_epi32(v, kShifts4[i] + kShifts4[k]), start[j]);
      }
    }
  }
}

template <int kRegs, class Out>
inline void store_outputs6(const WinogradJob& job, const WinogradUnit& unit, int64_t tile,
                           const int32_t* m, const Out& out) {
  const MoteWindow& g = job.plan->window;
  Sums<4, kRegs> y[4];
  transform_outputs6<kRegs>(m, job.m_plane, out.first, y);
  const int64_t oy = tile / unit.tiles_x * 4, ox = tile % unit.tiles_x * 4;
  alignas(16) typename Out::Element outside[16];
  for (int64_t i = 0; i < 4 && oy + i < unit.h; ++i) {
    const int64_t pixel = unit.first + (oy + i) * g.out_w + ox;
    typename Out::Element* const to[4] = {out.at(pixel),
                                          ox + 1 < unit.w ? out.at(pixel + 1) : outside,
                                          ox + 2 < unit.w ? out.at(pixel + 2) : outside,
                                          ox + 3 < unit.w ? out.at(pixel + 3) : outside};
    out.store_at(to, y[i]);
  }
}

// Some tiles at a time where one chunk is all channels, otherwise all of them.
template <int kRegs, class Out>
inline void multiply_winograd4_panel(const WinogradJob& job, const WinogradUnit& unit,
                                     const int8_t* weights, const Out& out) {
  const int64_t depth = job.plan->window.in_c;
  for (int64_t first = 0; first < unit.tiles; first += job.m_tiles) {
    const int64_t left = unit.tiles - first, tiles = left < job.m_tiles ? left : job.m_tiles;
    for (int64_t c = 0; c < depth; c += job.chunk) {
      const int64_t channels = depth - c < job.chunk ? depth - c : job.chunk;
      if (first == 0) {
        transform_filters<kRegs>(job, weights + c * 9 * 8 * kRegs, channels);
      }
      for (int64_t place = 0; place < 36; ++place) {
        const int16_t* v = job.v + place * job.v_plane + first * depth + c;
        for (int64_t tile = 0; tile < tiles; tile += 4) {
          multiply_place<kRegs>(v + tile * depth, depth, channels, job.u + place * job.u_plane,
                                job.m + place * job.m_plane + tile * 16, c > 0);
        }
      }
    }
    for (int64_t tile = 0; tile < tiles; ++tile) {
      store_outputs6<kRegs>(job, unit, first + tile, job.m + tile * 16, out);
    }
  }
}

}  // namespace mote::kernels::MOTE_ISA

#endif
