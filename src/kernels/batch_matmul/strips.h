// What the rows for processors share: where matrices and panels of 16 columns lie. Only internal
// functions, as files that are compiled for a processor need.
#pragma once

#include <cstdint>

#include "kernels/batch_matmul/batch_matmul.h"

namespace mote::kernels {
namespace {

inline constexpr int64_t kStripColumns = 16;

// A unit is a strip of one matrix of y.
struct Strip {
  int64_t x, w;  // elements where the operands' matrices begin
  int64_t y;     // the first element of y
  int64_t w_at;  // the strip's first element of w's matrix
  int64_t count;
};

inline int64_t strip_count(const MoteBatchMatmulShape& s) {
  return (s.columns + kStripColumns - 1) / kStripColumns;
}

inline int64_t strip_units(const MoteBatchMatmulShape& s) {
  return s.batch[0] * s.batch[1] * s.batch[2] * strip_count(s);
}

// The matrix of an operand with these strides that goes into matrix `at` of y.
inline int64_t source_matrix(const MoteBatchMatmulShape& s, const int64_t* stride, int64_t at) {
  const int64_t outer = at / s.batch[2];
  return at % s.batch[2] * stride[2] + outer % s.batch[1] * stride[1] +
         outer / s.batch[1] * stride[0];
}

inline Strip strip_at(const MoteBatchMatmulShape& s, int64_t unit) {
  const int64_t matrix = unit / strip_count(s), column = unit % strip_count(s) * kStripColumns;
  const int64_t left = s.columns - column;
  return {source_matrix(s, s.x_stride, matrix) * s.rows * s.depth,
          source_matrix(s, s.w_stride, matrix) * s.depth * s.columns,
          matrix * s.rows * s.columns + column, s.transpose_w ? column * s.depth : column,
          left < kStripColumns ? left : kStripColumns};
}

// Rows [row, row + count) of a matrix of x, each `pitch` elements from the next, the last ones 0;
// xor'd with `flip`.
template <class Element>
inline void copy_rows(const MoteBatchMatmulShape& s, const Element* x, int64_t row, int64_t count,
                      int64_t pitch, Element flip, Element* to) {
  for (int64_t r = 0; r < count; ++r, to += pitch) {
    const Element* from = s.transpose_x ? x + row + r : x + (row + r) * s.depth;
    const int64_t step = s.transpose_x ? s.rows : 1;
    for (int64_t k = 0; k < s.depth; ++k) to[k] = static_cast<Element>(from[k * step] ^ flip);
    for (int64_t k = s.depth; k < pitch; ++k) to[k] = 0;
  }
}

// One scale for every column of a strip.
struct SameScales {
  int32_t multiplier[kStripColumns] = {}, shift[kStripColumns] = {};
  double exact[kStripColumns] = {};
  bool is_exact;

  explicit SameScales(const MoteScales& one) : is_exact(one.exact != nullptr) {
    for (int64_t i = 0; i < kStripColumns; ++i) {
      if (is_exact) exact[i] = one.exact[0];
      if (!is_exact) multiplier[i] = one.multiplier[0], shift[i] = one.shift[0];
    }
  }
  // As an integer kernel's inputs.
  const void* first() const { return is_exact ? static_cast<const void*>(exact) : multiplier; }
};

}  // namespace
}  // namespace mote::kernels
