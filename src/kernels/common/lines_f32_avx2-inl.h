// Products of rows that lie at equal distances (a matrix, or patches that were gathered) with a
// panel: one loop over the tiles, so that between two of them lies no more than the stores.
//
//   x        | row 0: k floats | ... x_row apart | row 1 | ...     tile t: rows [t kRows, ...)
//   panel    as in tile_f32_avx2-inl.h
#pragma once

#include "kernels/common/tile_f32_avx2-inl.h"

namespace mote::kernels::MOTE_ISA {

// Tiles of the same number of rows.
struct Lines {
  const float* x;
  int64_t x_row, k;  // k >= 1
  float* y;          // of the first row's column 0
  int64_t y_row;
  int64_t tiles;
  bool fetch_next;  // the last tile fetches the panel that follows, a line of it with each step
};

// The first `columns` of rows of `width`, 8 or 16.
[[gnu::noinline]] inline void copy_part(const float* part, int width, int rows, int columns,
                                        float* y, int64_t y_row) {
  for (int r = 0; r < rows; ++r, part += width, y += y_row) {
    if (width == 16) _mm256_storeu_ps(y, load8(part));
    store_first(y + width - 8, load8(part + width - 8), columns - (width - 8));
  }
}

// bias: 16 values.
template <int kRows, class W>
void lines16(const Lines& l, const Panel<W>& panel, const float* bias, Clamp clamp) {
  static_assert(kRows >= 3);  // fewer have too few sums
  const int64_t x_row = l.x_row, y_row = l.y_row, depth = l.k, step = panel.step;
  const int columns = panel.columns;
  const W* weights = panel.data;
  alignas(32) float part[kRows * 16];
  const int64_t to_row = columns == 16 ? y_row : 16;
  const float* x = l.x + depth;
  float* y = l.y + panel.first;
  for (int64_t t = l.tiles; t > 0; --t, x += kRows * x_row) {
    const float *a0 = x, *a1 = a0 + x_row, *a2 = a1 + x_row, *a3 = a2 + x_row, *a4 = a3 + x_row,
                *a5 = a4 + x_row;
    // So that neither stays in registers while the sums need them.
    const Clamp* limits = &clamp;
    asm volatile("" : "+r"(bias), "+r"(limits) : "m"(clamp));
    const F8 bias0 = load8(bias), bias1 = load8(bias + 8);
    F8 c00 = bias0, c01 = bias1, c10 = bias0, c11 = bias1, c20 = bias0, c21 = bias1;
    F8 c30 = bias0, c31 = bias1, c40 = bias0, c41 = bias1, c50 = bias0, c51 = bias1;
    const W* b = weights;
    const int64_t ahead = t == 1 && l.fetch_next ? depth * step : 0;
    int64_t k = -depth;
    do {
      _mm_prefetch(reinterpret_cast<const char*>(b + ahead), _MM_HINT_T0);
      const F8 b0 = load8(b), b1 = load8(b + 8);
      add_row(a0, k, b0, b1, c00, c01);
      add_row(a1, k, b0, b1, c10, c11);
      add_row(a2, k, b0, b1, c20, c21);
      if constexpr (kRows > 3) add_row(a3, k, b0, b1, c30, c31);
      if constexpr (kRows > 4) add_row(a4, k, b0, b1, c40, c41);
      if constexpr (kRows > 5) add_row(a5, k, b0, b1, c50, c51);
      b += step;
    } while (++k != 0);
    const F8 low = _mm256_broadcast_ss(&limits->low), high = _mm256_broadcast_ss(&limits->high);
    float* to = columns == 16 ? y : part;
    const auto put = [&](F8 c0, F8 c1) __attribute__((always_inline)) {
      _mm256_storeu_ps(to, clamp8(c0, low, high));
      _mm256_storeu_ps(to + 8, clamp8(c1, low, high));
      to += to_row;
    };
    put(c00, c01), put(c10, c11), put(c20, c21);
    if constexpr (kRows > 3) put(c30, c31);
    if constexpr (kRows > 4) put(c40, c41);
    if constexpr (kRows > 5) put(c50, c51);
    if (columns != 16) copy_part(part, 16, kRows, columns, y, y_row);
    y += kRows * y_row;
  }
}

// bias: 8 values. Even and odd steps of k have sums of their own.
template <int kRows, class W>
void lines8(const Lines& l, const Panel<W>& panel, const float* bias, Clamp clamp) {
  static_assert(kRows >= 3);
  const int64_t x_row = l.x_row, y_row = l.y_row, depth = l.k, step = panel.step;
  const int columns = panel.columns;
  const W* weights = panel.data;
  alignas(32) float part[kRows * 8];
  const int64_t to_row = columns == 8 ? y_row : 8;
  const float* x = l.x;
  float* y = l.y + panel.first;
  for (int64_t t = l.tiles; t > 0; --t, x += kRows * x_row) {
    const float *a0 = x, *a1 = a0 + x_row, *a2 = a1 + x_row, *a3 = a2 + x_row, *a4 = a3 + x_row,
                *a5 = a4 + x_row;
    const Clamp* limits = &clamp;
    asm volatile("" : "+r"(bias), "+r"(limits) : "m"(clamp));
    const F8 bias0 = load8(bias), zero = _mm256_setzero_ps();
    F8 c00 = bias0, c01 = zero, c10 = bias0, c11 = zero, c20 = bias0, c21 = zero;
    F8 c30 = bias0, c31 = zero, c40 = bias0, c41 = zero, c50 = bias0, c51 = zero;
    const W* b = weights;
    int64_t k = 0;
    for (; k + 2 <= depth; k += 2, b += 2 * step) {
      const F8 b0 = load8(b), b1 = load8(b + step);
      add_two_steps(a0 + k, b0, b1, c00, c01);
      add_two_steps(a1 + k, b0, b1, c10, c11);
      add_two_steps(a2 + k, b0, b1, c20, c21);
      if constexpr (kRows > 3) add_two_steps(a3 + k, b0, b1, c30, c31);
      if constexpr (kRows > 4) add_two_steps(a4 + k, b0, b1, c40, c41);
      if constexpr (kRows > 5) add_two_steps(a5 + k, b0, b1, c50, c51);
    }
    if (k < depth) {
      const F8 b0 = load8(b);
      add_one_step(a0 + k, b0, c00);
      add_one_step(a1 + k, b0, c10);
      add_one_step(a2 + k, b0, c20);
      if constexpr (kRows > 3) add_one_step(a3 + k, b0, c30);
      if constexpr (kRows > 4) add_one_step(a4 + k, b0, c40);
      if constexpr (kRows > 5) add_one_step(a5 + k, b0, c50);
    }
    const F8 low = _mm256_broadcast_ss(&limits->low), high = _mm256_broadcast_ss(&limits->high);
    float* to = columns == 8 ? y : part;
    const auto put = [&](F8 c0, F8 c1) __attribute__((always_inline)) {
      _mm256_storeu_ps(to, clamp8(_mm256_add_ps(c0, c1), low, high));
      to += to_row;
    };
    put(c00, c01), put(c10, c11), put(c20, c21);
    if constexpr (kRows > 3) put(c30, c31);
    if constexpr (kRows > 4) put(c40, c41);
    if constexpr (kRows > 5) put(c50, c51);
    if (columns != 8) copy_part(part, 8, kRows, columns, y, y_row);
    y += kRows * y_row;
  }
}

template <class W>
using LinesProduct = void (*)(const Lines&, const Panel<W>&, const float*, Clamp);

// By rows less kLeastLines.
inline constexpr int kLeastLines = 3;
template <class W>
inline constexpr LinesProduct<W> kLines16[4] = {lines16<3, W>, lines16<4, W>, lines16<5, W>,
                                                lines16<6, W>};
template <class W>
inline constexpr LinesProduct<W> kLines8[4] = {lines8<3, W>, lines8<4, W>, lines8<5, W>,
                                               lines8<6, W>};

}  // namespace mote::kernels::MOTE_ISA
