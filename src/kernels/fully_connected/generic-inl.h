// Faster bodies of fully_connected for any processor: blocks of y, rows x columns, each a matrix
// product.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/common/gemm-inl.h"
#include "kernels/common/patches-inl.h"
#include "kernels/fully_connected/fully_connected.h"

namespace mote::kernels {

inline constexpr int64_t kBlockRows = 64;
inline constexpr int64_t kBlockColumns = 32;

// A block of y: rows [row, row + rows), columns [column, column + columns).
struct Block {
  int64_t row, rows, column, columns;
};

inline int64_t blocks_of(int64_t rows, int64_t columns) {
  return ((rows + kBlockRows - 1) / kBlockRows) * ((columns + kBlockColumns - 1) / kBlockColumns);
}

inline Block block_at(int64_t unit, int64_t rows, int64_t columns) {
  const int64_t across = (columns + kBlockColumns - 1) / kBlockColumns;
  const int64_t row = unit / across * kBlockRows;
  const int64_t column = unit % across * kBlockColumns;
  return {row, std::min(kBlockRows, rows - row), column, std::min(kBlockColumns, columns - column)};
}

inline void fully_connected_f32_generic(const MoteFullyConnectedF32& p, const float* x,
                                        const float* packed, const float* bias, float* y,
                                        int64_t begin, int64_t end) {
  for (int64_t unit = begin; unit < end; ++unit) {
    const Block b = block_at(unit, p.rows, p.out_c);
    gemm_f32(x + b.row * p.in_c, b.rows, p.in_c, p.in_c, 1, packed + b.column * p.in_c, b.columns,
             [&](int64_t m, int64_t n, int64_t columns, const float* sums) {
               float* to = y + (b.row + m) * p.out_c + b.column + n;
               const float* add = bias ? bias + b.column + n : nullptr;
               for (int64_t j = 0; j < columns; ++j) {
                 to[j] = mote_clamp_f32(sums[j] + (add ? add[j] : 0.0f), p.act_min, p.act_max);
               }
             });
  }
}

// `zero_of(row)` is x's zero point; `out(row, column, sum)`. wide_x: [kBlockRows, in_c].
template <bool kWide, class Source, class Weight, class Zero, class Out>
inline void fully_connected_blocks(int64_t rows, int64_t in_c, int64_t out_c, const Source* x,
                                   const Weight* w, const Zero& zero_of, int16_t* wide_x,
                                   int64_t begin, int64_t end, const Out& out) {
  int64_t held = -1;  // the row that wide_x starts with
  for (int64_t unit = begin; unit < end; ++unit) {
    const Block b = block_at(unit, rows, out_c);
    for (int64_t r = 0; held != b.row && r < b.rows; ++r) {
      subtract_zero(x + (b.row + r) * in_c, in_c, zero_of(b.row + r), wide_x + r * in_c);
    }
    held = b.row;
    gemm_int<kWide>(wide_x, b.rows, in_c, in_c, w + b.column * in_c, b.columns, in_c,
                    [&](int64_t m, int64_t n, auto sum) { out(b.row + m, b.column + n, sum); });
  }
}

}  // namespace mote::kernels
