// The inner loops of float matrix products for AVX2: up to 6 rows of A against a panel of 16 (or 8)
// columns of B, whose sums stay in registers from the bias to the clamp.
//
//   panel of B, step k:  16 (8) neighbouring elements, one a column; columns past N are zero
//
// A's rows may lie anywhere and need not be in one piece: a row is a list of runs, each `length`
// steps of k without a gap. A window of a convolution is such a row, and its runs are rows of taps
// or single taps, so nothing is gathered; a tap outside the image reads zeros.
//
//   run 0:  rows[0] + offset ... rows[5] + offset   steps [step, step + length) of k
//   run 1:  ...
//
// Compiled for each processor that has a <family>/f32_<isa>.cpp; see kernel.h for what such files
// must not call.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace mote::kernels::MOTE_ISA {

using F8 = __m256;
using Half = uint16_t;  // the bits of a binary16

inline constexpr int kTileRows = 6;
inline constexpr int64_t kTileColumns = 16;

struct Run {
  int64_t offset;  // from the row's pointer, in elements
  int64_t step;
};

// `count` rows of A, and where their outputs go: row r, column c is y[r * y_row + c].
struct Tile {
  const float* const* rows;  // kTileRows pointers, of which `count` are set
  int64_t rows_step;         // from one run's pointers to the next one's: 0 if all have the same
  const Run* runs;
  int64_t run_count;
  int64_t length;  // steps of k in each run
  float* y;
  int count;  // 1 to kTileRows
};

struct Clamp {
  float low, high;
};
inline constexpr Clamp kNoClamp = {-__builtin_inff(), __builtin_inff()};

// Memory that will be wanted soon: a tile fetches `step` bytes of it with each step of k.
struct Ahead {
  const char* at = nullptr;
  int64_t step = 0;
};

// A panel: element (k, c) is data[k * step + c].
template <class W>
struct Panel {
  const W* data;
  int64_t step;
  int64_t first;  // its first column in y
  int columns;    // that are stored: more than 8 of 16, or up to 8 of 8
  Ahead ahead = {};
};

[[gnu::always_inline]] inline F8 load8(const float* p) { return _mm256_loadu_ps(p); }
[[gnu::always_inline]] inline F8 load8(const Half* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}

// The first n of 8 elements; n is 0 to 8.
inline __m256i first_lanes(int64_t n) {
  static constexpr int32_t kLanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kLanes + 8 - n));
}

// mote_clamp_f32: a NaN passes.
[[gnu::always_inline]] inline F8 clamp8(F8 x, F8 low, F8 high) {
  return _mm256_min_ps(high, _mm256_max_ps(low, x));
}

using AnyFloats = float[4096];  // tells the compiler that what is behind a pointer is read

// c += a[kAt + k] * b for 16 columns. In assembly, a row at a time, so that no compiler loads rows
// ahead and runs out of registers: 12 sums, 2 of b, 1 of a.
template <int kAt = 0>
[[gnu::always_inline]] inline void add_row(const float* a, int64_t k, F8 b0, F8 b1, F8& c0,
                                           F8& c1) {
  F8 v;
  asm volatile(
      "vbroadcastss %c[at](%[a],%[k],4), %[v]\n\t"
      "vfmadd231ps %[b0], %[v], %[c0]\n\t"
      "vfmadd231ps %[b1], %[v], %[c1]"
      : [c0] "+x"(c0), [c1] "+x"(c1), [v] "=&x"(v)
      : [a] "r"(a), [k] "r"(k), [at] "i"(kAt * 4), [b0] "x"(b0), [b1] "x"(b1),
        "m"(*reinterpret_cast<const AnyFloats*>(a)));
}

// Two steps of k for 8 columns, each into a sum of its own.
[[gnu::always_inline]] inline void add_two_steps(const float* a, F8 b0, F8 b1, F8& c0, F8& c1) {
  F8 v;
  asm volatile(
      "vbroadcastss %[a0], %[v]\n\t"
      "vfmadd231ps %[b0], %[v], %[c0]\n\t"
      "vbroadcastss %[a1], %[v]\n\t"
      "vfmadd231ps %[b1], %[v], %[c1]"
      : [c0] "+x"(c0), [c1] "+x"(c1), [v] "=&x"(v)
      : [a0] "m"(a[0]), [a1] "m"(a[1]), [b0] "x"(b0), [b1] "x"(b1));
}

[[gnu::always_inline]] inline void add_one_step(const float* a, F8 b, F8& c) {
  c = _mm256_fmadd_ps(_mm256_broadcast_ss(a), b, c);
}

// The first n of 8 elements of v; n is 1 to 8. Masked stores are slow on some processors.
inline void store_first(float* y, F8 v, int n) {
  if (n == 8) return _mm256_storeu_ps(y, v);
  __m128 part = _mm256_castps256_ps128(v);
  if (n & 4) {
    _mm_storeu_ps(y, part);
    y += 4, part = _mm256_extractf128_ps(v, 1);
  }
  if (n & 2) {
    _mm_storel_pi(reinterpret_cast<__m64*>(y), part);
    y += 2, part = _mm_movehl_ps(part, part);
  }
  if (n & 1) _mm_store_ss(y, part);
}

// The first n columns of rows of 8.
[[gnu::noinline]] inline void store_part(const F8* rows, int count, int n, float* y,
                                         int64_t y_row) {
  for (int r = 0; r < count; ++r, y += y_row) store_first(y, rows[r], n);
}

struct Store16 {
  F8 low, high;
  int columns;

  Store16(Clamp clamp, int n)
      : low(_mm256_set1_ps(clamp.low)), high(_mm256_set1_ps(clamp.high)), columns(n) {}

  [[gnu::always_inline]] void operator()(float* y, F8 c0, F8 c1) const {
    const F8 y0 = clamp8(c0, low, high), y1 = clamp8(c1, low, high);
    _mm256_storeu_ps(y, y0);
    if (columns == 16) {
      _mm256_storeu_ps(y + 8, y1);
    } else {
      store_first(y + 8, y1, columns - 8);
    }
  }
};

// bias: 16 values.
template <int kRows, class W>
void tile16(const Tile& tile, const Panel<W>& panel, const float* bias, Clamp clamp,
            int64_t y_row) {
  const F8 bias0 = load8(bias), bias1 = load8(bias + 8);
  F8 c00 = bias0, c01 = bias1, c10 = bias0, c11 = bias1, c20 = bias0, c21 = bias1;
  F8 c30 = bias0, c31 = bias1, c40 = bias0, c41 = bias1, c50 = bias0, c51 = bias1;
  const int64_t length = tile.length;
  const char* ahead = panel.ahead.at;
  const float* const* rows = tile.rows;
  for (const Run *run = tile.runs, *last = run + tile.run_count; run != last;
       ++run, rows += tile.rows_step) {
    const int64_t offset = run->offset;
    const auto row = [&](int r) { return r < kRows ? rows[r] + offset : nullptr; };
    const float *a0 = row(0), *a1 = row(1), *a2 = row(2), *a3 = row(3), *a4 = row(4), *a5 = row(5);
    const W* b = panel.data + run->step * panel.step;
    for (int64_t k = 0; k < length; ++k, b += panel.step, ahead += panel.ahead.step) {
      _mm_prefetch(ahead, _MM_HINT_T0);
      const F8 b0 = load8(b), b1 = load8(b + 8);
      add_row(a0, k, b0, b1, c00, c01);
      if constexpr (kRows > 1) add_row(a1, k, b0, b1, c10, c11);
      if constexpr (kRows > 2) add_row(a2, k, b0, b1, c20, c21);
      if constexpr (kRows > 3) add_row(a3, k, b0, b1, c30, c31);
      if constexpr (kRows > 4) add_row(a4, k, b0, b1, c40, c41);
      if constexpr (kRows > 5) add_row(a5, k, b0, b1, c50, c51);
    }
  }
  const Store16 store(clamp, panel.columns);
  float* y = tile.y + panel.first;
  store(y, c00, c01);
  if constexpr (kRows > 1) store(y + y_row, c10, c11);
  if constexpr (kRows > 2) store(y + 2 * y_row, c20, c21);
  if constexpr (kRows > 3) store(y + 3 * y_row, c30, c31);
  if constexpr (kRows > 4) store(y + 4 * y_row, c40, c41);
  if constexpr (kRows > 5) store(y + 5 * y_row, c50, c51);
}

// bias: 8 values. Even and odd steps of k have sums of their own, so that few rows still keep the
// multipliers busy.
template <int kRows, class W>
void tile8(const Tile& tile, const Panel<W>& panel, const float* bias, Clamp clamp, int64_t y_row) {
  const F8 bias0 = load8(bias), zero = _mm256_setzero_ps();
  F8 c00 = bias0, c01 = zero, c10 = bias0, c11 = zero, c20 = bias0, c21 = zero;
  F8 c30 = bias0, c31 = zero, c40 = bias0, c41 = zero, c50 = bias0, c51 = zero;
  const int64_t length = tile.length, step = panel.step;
  const float* const* rows = tile.rows;
  for (const Run *run = tile.runs, *last = run + tile.run_count; run != last;
       ++run, rows += tile.rows_step) {
    const int64_t offset = run->offset;
    const auto row = [&](int r) { return r < kRows ? rows[r] + offset : nullptr; };
    const float *a0 = row(0), *a1 = row(1), *a2 = row(2), *a3 = row(3), *a4 = row(4), *a5 = row(5);
    const W* b = panel.data + run->step * step;
    int64_t k = 0;
    for (; k + 2 <= length; k += 2, b += 2 * step) {
      const F8 b0 = load8(b), b1 = load8(b + step);
      add_two_steps(a0 + k, b0, b1, c00, c01);
      if constexpr (kRows > 1) add_two_steps(a1 + k, b0, b1, c10, c11);
      if constexpr (kRows > 2) add_two_steps(a2 + k, b0, b1, c20, c21);
      if constexpr (kRows > 3) add_two_steps(a3 + k, b0, b1, c30, c31);
      if constexpr (kRows > 4) add_two_steps(a4 + k, b0, b1, c40, c41);
      if constexpr (kRows > 5) add_two_steps(a5 + k, b0, b1, c50, c51);
    }
    if (k == length) continue;
    const F8 b0 = load8(b);
    add_one_step(a0 + k, b0, c00);
    if constexpr (kRows > 1) add_one_step(a1 + k, b0, c10);
    if constexpr (kRows > 2) add_one_step(a2 + k, b0, c20);
    if constexpr (kRows > 3) add_one_step(a3 + k, b0, c30);
    if constexpr (kRows > 4) add_one_step(a4 + k, b0, c40);
    if constexpr (kRows > 5) add_one_step(a5 + k, b0, c50);
  }
  const F8 low = _mm256_set1_ps(clamp.low), high = _mm256_set1_ps(clamp.high);
  float* y = tile.y + panel.first;
  const auto put_all = [&](const auto& put) {
    put(0, clamp8(_mm256_add_ps(c00, c01), low, high));
    if constexpr (kRows > 1) put(1, clamp8(_mm256_add_ps(c10, c11), low, high));
    if constexpr (kRows > 2) put(2, clamp8(_mm256_add_ps(c20, c21), low, high));
    if constexpr (kRows > 3) put(3, clamp8(_mm256_add_ps(c30, c31), low, high));
    if constexpr (kRows > 4) put(4, clamp8(_mm256_add_ps(c40, c41), low, high));
    if constexpr (kRows > 5) put(5, clamp8(_mm256_add_ps(c50, c51), low, high));
  };
  if (panel.columns == 8) {
    put_all([&](int64_t r, F8 v) { _mm256_storeu_ps(y + r * y_row, v); });
  } else {
    F8 sums[kRows];
    put_all([&](int64_t r, F8 v) { sums[r] = v; });
    store_part(sums, kRows, panel.columns, y, y_row);
  }
}

// What a stream of weights that is read once fetches ahead, in bytes: also the next page, where the
// processor's own prefetch ends.
inline constexpr int64_t kThinAhead = 2048;

// One or two rows: 4 or 2 steps of k at once, so that there are 8 independent sums.
template <int kRows, class W>
void tile16_thin(const Tile& tile, const Panel<W>& panel, const float* bias, Clamp clamp,
                 int64_t y_row) {
  constexpr int kSteps = kRows == 1 ? 4 : 2;
  const int64_t length = tile.length, step = panel.step;
  const F8 zero = _mm256_setzero_ps();
  F8 c00 = load8(bias), c01 = load8(bias + 8), c10 = zero, c11 = zero;
  F8 c20 = kRows == 1 ? zero : c00, c21 = kRows == 1 ? zero : c01, c30 = zero, c31 = zero;
  const float* const* rows = tile.rows;
  for (const Run *run = tile.runs, *last = run + tile.run_count; run != last;
       ++run, rows += tile.rows_step) {
    const float *a0 = rows[0] + run->offset, *a1 = rows[1] + run->offset;
    const W* b = panel.data + run->step * step;
    int64_t k = 0;
    for (; k + kSteps <= length; k += kSteps, b += kSteps * step) {
      for (int i = 0; i < kSteps; ++i)
        _mm_prefetch(reinterpret_cast<const char*>(b + i * step) + kThinAhead, _MM_HINT_T0);
      F8 b0 = load8(b), b1 = load8(b + 8);
      add_row(a0, k, b0, b1, c00, c01);
      if constexpr (kRows == 2) add_row(a1, k, b0, b1, c20, c21);
      b0 = load8(b + step), b1 = load8(b + step + 8);
      add_row<1>(a0, k, b0, b1, c10, c11);
      if constexpr (kRows == 2) {
        add_row<1>(a1, k, b0, b1, c30, c31);
      } else {
        add_row<2>(a0, k, load8(b + 2 * step), load8(b + 2 * step + 8), c20, c21);
        add_row<3>(a0, k, load8(b + 3 * step), load8(b + 3 * step + 8), c30, c31);
      }
    }
    for (; k < length; ++k, b += step) {
      const F8 b0 = load8(b), b1 = load8(b + 8);
      add_row(a0, k, b0, b1, c00, c01);
      if constexpr (kRows == 2) add_row(a1, k, b0, b1, c20, c21);
    }
  }
  c00 = _mm256_add_ps(c00, c10), c01 = _mm256_add_ps(c01, c11);
  c20 = _mm256_add_ps(c20, c30), c21 = _mm256_add_ps(c21, c31);
  const Store16 store(clamp, panel.columns);
  float* y = tile.y + panel.first;
  if constexpr (kRows == 1) {
    store(y, _mm256_add_ps(c00, c20), _mm256_add_ps(c01, c21));
  } else {
    store(y, c00, c01);
    store(y + y_row, c20, c21);
  }
}

template <class W>
using TileProduct = void (*)(const Tile&, const Panel<W>&, const float*, Clamp, int64_t);

// By rows less one.
template <class W>
inline constexpr TileProduct<W> kTiles16[kTileRows] = {
    tile16_thin<1, W>, tile16_thin<2, W>, tile16<3, W>, tile16<4, W>, tile16<5, W>, tile16<6, W>};
template <class W>
inline constexpr TileProduct<W> kTiles8[kTileRows] = {tile8<1, W>, tile8<2, W>, tile8<3, W>,
                                                      tile8<4, W>, tile8<5, W>, tile8<6, W>};

}  // namespace mote::kernels::MOTE_ISA
