// Weights in panels of columns, and the products of a block of row tiles with a range of panels.
//
//   N = 40:  [K][16] | [K][16] | [K][8]    the last panel is 8 wide where 8 are enough
#pragma once

#include <type_traits>

#include "kernels/common/lines_f32_avx2-inl.h"
#include "kernels/common/tile_f32_avx2-inl.h"

namespace mote::kernels::MOTE_ISA {

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

inline int64_t panel_count(int64_t n) { return ceil_div(n, kTileColumns); }

// The columns that are stored of N, zeros included.
inline int64_t padded_columns(int64_t n) { return ceil_div(n, 8) * 8; }
inline int64_t panel_elements(int64_t n, int64_t k) { return padded_columns(n) * k; }

// Panel p of N columns.
template <class W>
inline Panel<W> panel_at(const W* packed, int64_t n, int64_t k, int64_t p) {
  const int64_t columns = smaller(kTileColumns, n - p * kTileColumns);
  return {packed + p * kTileColumns * k, columns > 8 ? 16 : 8, p * kTileColumns,
          static_cast<int>(columns)};
}

// Eight steps of eight columns, side by side: to[i * to_step + c] = from[c * step + i].
inline void transpose8(const float* from, int64_t step, float* to, int64_t to_step) {
  const auto load = [&](int64_t c) { return _mm256_loadu_ps(from + c * step); };
  const auto pair = [](__m256 a, __m256 b, bool half) {
    return _mm256_castps_pd(half ? _mm256_unpackhi_ps(a, b) : _mm256_unpacklo_ps(a, b));
  };
  const auto quad = [](__m256d a, __m256d b, bool half) {
    return _mm256_castpd_ps(half ? _mm256_unpackhi_pd(a, b) : _mm256_unpacklo_pd(a, b));
  };
  // Steps i and i + 4 of columns 0-3 and of columns 4-7.
  __m256 four[2][4];
  for (int64_t side = 0; side < 2; ++side) {
    const __m256 a = load(4 * side), b = load(4 * side + 1);
    const __m256 c = load(4 * side + 2), d = load(4 * side + 3);
    for (int i = 0; i < 4; ++i) {
      four[side][i] = quad(pair(a, b, i >= 2), pair(c, d, i >= 2), i % 2 == 1);
    }
  }
  for (int64_t i = 0; i < 4; ++i) {
    _mm256_storeu_ps(to + i * to_step, _mm256_permute2f128_ps(four[0][i], four[1][i], 0x20));
    _mm256_storeu_ps(to + (i + 4) * to_step, _mm256_permute2f128_ps(four[0][i], four[1][i], 0x31));
  }
}

// Steps that are done by eights; columns whose steps are neighbours, a multiple of 8 of them.
inline int64_t pack_steps8(const float* b, int64_t columns, int64_t k, int64_t column_step,
                           float* packed) {
  int64_t i = 0;
  for (; i + 8 <= k; i += 8) {
    for (int64_t c = 0; c < columns; c += 8) {
      transpose8(b + c * column_step + i, column_step, packed + i * columns + c, columns);
    }
  }
  return i;
}

// Packs element (c, i) = b[c * column_step + i * k_step] of N columns by K.
template <class W>
inline void pack_panels16(const W* b, int64_t n, int64_t k, int64_t column_step, int64_t k_step,
                          W* packed) {
  for (int64_t first = 0; first < n; first += kTileColumns) {
    const int64_t columns = smaller(kTileColumns, n - first), width = columns > 8 ? 16 : 8;
    int64_t done = 0;
    if constexpr (std::is_same_v<W, float>) {
      if (k_step == 1 && columns == width) {
        done = pack_steps8(b + first * column_step, columns, k, column_step, packed);
      }
    }
    for (int64_t c = 0; c < width; ++c) {
      const W* from = b + (first + c) * column_step;
      for (int64_t i = done; i < k; ++i) {
        packed[i * width + c] = c < columns ? from[i * k_step] : W{};
      }
    }
    packed += width * k;
  }
}

// The bias of one panel: 8 or 16 values, zeros past its columns or where there is none.
struct PanelBias {
  alignas(32) float padded[kTileColumns];
  const float* value;

  PanelBias(const float* bias, int64_t first, int columns) : value(padded) {
    if (bias && columns % 8 == 0) {
      value = bias + first;
      return;
    }
    for (int c = 0; c < kTileColumns; ++c) padded[c] = bias && c < columns ? bias[first + c] : 0.0f;
  }
};

// What follows the panel, for `tiles` tiles to fetch.
template <class W>
inline Ahead ahead_of(const Panel<W>& panel, int64_t k, int64_t tiles) {
  return {reinterpret_cast<const char*>(panel.data + k * panel.step), tiles < 4 ? 32 : 16};
}

// Every tile with panels [begin, end) of N columns.
template <class W>
inline void multiply_block(const Tile* tiles, int64_t count, const W* packed, int64_t n, int64_t k,
                           int64_t begin, int64_t end, const float* bias, Clamp clamp,
                           int64_t y_row) {
  for (int64_t p = begin; p < end; ++p) {
    Panel<W> panel = panel_at(packed, n, k, p);
    panel.ahead = ahead_of(panel, k, count);
    const PanelBias add(bias, panel.first, panel.columns);
    const auto* products = panel.columns > 8 ? kTiles16<W> : kTiles8<W>;
    for (int64_t t = 0; t < count; ++t) {
      products[tiles[t].count - 1](tiles[t], panel, add.value, clamp, y_row);
      panel.ahead.at += k * panel.ahead.step;
    }
  }
}

// How M rows by N columns are split into units: blocks of tiles, whose rows number alike, by groups
// of panels. A block reads each panel once, so more tiles in it read less of the weights; groups
// are there so that threads can share what has few rows. Units count groups first.
struct Split {
  int64_t rows, tiles, blocks, panels, group_panels, groups;
  int64_t block_tiles;  // at most
  int64_t tile_rows;    // or one more
  // The tiles with a row more come first, in each half of the tiles, so that two threads that share
  // the blocks have as many rows each.
  int64_t half_tiles, longer_tiles, longer_of_half;  // of the first half; of all; of the first half

  int64_t units() const { return blocks * groups; }
  int64_t first_tile(int64_t block) const { return block * tiles / blocks; }
  int64_t first_row(int64_t tile) const { return tile * tile_rows + longer_before(tile); }
  int64_t longer_before(int64_t tile) const {
    const int64_t in_second = tile - half_tiles, second = longer_tiles - longer_of_half;
    if (in_second <= 0) return smaller(tile, longer_of_half);
    return longer_of_half + smaller(in_second, second);
  }
};

inline constexpr int64_t kMostTiles = 8;

// `shared`: threads share its units; else the tiles are computed one after the other.
inline Split split_product(int64_t rows, int64_t n, int64_t most_tiles, bool shared = true) {
  constexpr int64_t kUnits = 8;  // as many as threads may want
  Split s{};
  if (rows == 0 || n == 0) return s;  // no units
  s.rows = rows;
  s.tiles = ceil_div(rows, kTileRows);
  // Few tiles or blocks halve badly where they are odd, and one more costs little.
  if (shared && s.tiles > most_tiles && s.tiles < 16) s.tiles += s.tiles % 2;
  s.tile_rows = rows / s.tiles;
  s.longer_tiles = rows - s.tile_rows * s.tiles;
  s.panels = panel_count(n);
  s.blocks = ceil_div(s.tiles, most_tiles);
  if (s.blocks > 1 && s.blocks < 16) s.blocks += s.blocks % 2;
  s.group_panels = ceil_div(s.panels, ceil_div(kUnits, s.blocks));
  s.groups = ceil_div(s.panels, s.group_panels);
  s.blocks = larger(s.blocks, smaller(s.tiles, ceil_div(kUnits, s.groups)));
  s.block_tiles = ceil_div(s.tiles, s.blocks);
  // No block may lie in both halves.
  s.half_tiles = !shared || s.blocks % 2 ? s.tiles : s.first_tile(s.blocks / 2);
  s.longer_of_half = s.longer_tiles * s.half_tiles / s.tiles;
  return s;
}

// Rows of x at equal distances, `tiles` tiles of them, of which the first `longer` have a row more
// than the others' `rows`.
struct LineTiles {
  const float* x;
  int64_t x_row, k;
  float* y;
  int64_t y_row;
  int64_t tiles, longer, rows;

  LineTiles(const Split& s, int64_t first, int64_t count)
      : tiles(count),
        longer(s.longer_before(first + count) - s.longer_before(first)),
        rows(s.tile_rows) {}
};

// bias: 16 values, or 8 for a panel of 8.
template <class W>
inline void multiply_panel(const LineTiles& l, const Panel<W>& panel, bool fetch_next,
                           const float* bias, Clamp clamp) {
  const auto* products = panel.columns > 8 ? kLines16<W> : kLines8<W>;
  if (l.longer > 0) {
    const bool last = l.longer == l.tiles;
    products[l.rows + 1 - kLeastLines](
        {l.x, l.x_row, l.k, l.y, l.y_row, l.longer, fetch_next && last}, panel, bias, clamp);
  }
  if (l.longer < l.tiles) {
    const int64_t before = l.longer * (l.rows + 1);
    products[l.rows - kLeastLines]({l.x + before * l.x_row, l.x_row, l.k, l.y + before * l.y_row,
                                    l.y_row, l.tiles - l.longer, fetch_next},
                                   panel, bias, clamp);
  }
}

// Panels [begin, end) of N columns.
template <class W>
inline void multiply_lines(const LineTiles& l, const W* packed, int64_t n, int64_t begin,
                           int64_t end, const float* bias, Clamp clamp) {
  for (int64_t p = begin; p < end; ++p) {
    const Panel<W> panel = panel_at(packed, n, l.k, p);
    const PanelBias add(bias, panel.first, panel.columns);
    multiply_panel(l, panel, p + 1 < panel_count(n), add.value, clamp);
  }
}

// Whether multiply_lines takes them.
inline bool are_lines(const Split& s, int64_t k) { return s.tile_rows >= kLeastLines && k > 0; }

// Tiles [first, first + count) of the rows x [rows, k] with panels [begin, end): y [rows, n].
template <class W>
inline void multiply_rows(const Split& s, int64_t first, int64_t count, const float* x, int64_t k,
                          const W* packed, int64_t n, int64_t begin, int64_t end, const float* bias,
                          Clamp clamp, float* y) {
  const int64_t first_row = s.first_row(first);
  if (are_lines(s, k)) {
    LineTiles l(s, first, count);
    l.x = x + first_row * k, l.x_row = l.k = k;
    l.y = y + first_row * n, l.y_row = n;
    return multiply_lines(l, packed, n, begin, end, bias, clamp);
  }
  const Run run = {0, 0};
  const float* rows[kMostTiles * kTileRows];
  Tile tiles[kMostTiles];
  for (int64_t t = 0; t < count; ++t) {
    const int64_t row = s.first_row(first + t), next = s.first_row(first + t + 1);
    const float** at = rows + t * kTileRows;
    for (int64_t r = 0; r < kTileRows; ++r) at[r] = x + smaller(row + r, next - 1) * k;
    tiles[t] = {at, 0, &run, 1, k, y + row * n, static_cast<int>(next - row)};
  }
  multiply_block(tiles, count, packed, n, k, begin, end, bias, clamp, n);
}

// One unit of a plain product: x [rows, k], y [rows, n], both without gaps.
template <class W>
inline void multiply_unit(const Split& s, int64_t unit, const float* x, int64_t k, const W* packed,
                          int64_t n, const float* bias, Clamp clamp, float* y) {
  const int64_t first = s.first_tile(unit / s.groups);
  const int64_t count = s.first_tile(unit / s.groups + 1) - first;
  const int64_t panel = unit % s.groups * s.group_panels;
  multiply_rows(s, first, count, x, k, packed, n, panel, smaller(panel + s.group_panels, s.panels),
                bias, clamp, y);
}

// Tiles that a block may have, so that what they need stays in the L1 cache.
inline int64_t tiles_of_bytes(int64_t tile_bytes) {
  constexpr int64_t kTableBytes = 8192;
  return larger(1, smaller(kMostTiles, kTableBytes / larger(1, tile_bytes)));
}

}  // namespace mote::kernels::MOTE_ISA
