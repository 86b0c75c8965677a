// Faster bodies of batch_matmul for any processor: a few columns of w are packed into scratch, then
// multiplied with all rows of x.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/batch_matmul/ref.h"
#include "kernels/common/gemm-inl.h"

namespace mote::kernels {

inline constexpr int64_t kMatmulColumns = 16;

inline int64_t batch_matmul_matrices(const MoteBatchMatmulShape& s) {
  return s.batch[0] * s.batch[1] * s.batch[2];
}
inline int64_t batch_matmul_strips(const MoteBatchMatmulShape& s) {
  return (s.columns + kMatmulColumns - 1) / kMatmulColumns;
}

// Where unit `unit` works: a matrix of y, `count` columns from `column`.
struct MatmulStrip {
  int64_t matrix, column, count;
};

inline MatmulStrip batch_matmul_strip(const MoteBatchMatmulShape& s, int64_t unit) {
  const int64_t column = unit % batch_matmul_strips(s) * kMatmulColumns;
  return {unit / batch_matmul_strips(s), column, std::min(kMatmulColumns, s.columns - column)};
}

// panels: the packed strip.
inline void batch_matmul_f32_generic(const MoteBatchMatmulF32& p, const float* x, const float* w,
                                     float* y, float* panels, int64_t begin, int64_t end) {
  const MoteBatchMatmulShape& s = p.shape;
  const int64_t n_step = s.transpose_w ? s.depth : 1;
  const int64_t k_step = s.transpose_w ? 1 : s.columns;
  for (int64_t unit = begin; unit < end; ++unit) {
    const MatmulStrip strip = batch_matmul_strip(s, unit);
    const float* xs = x + mote_batch_matmul_source(&s, s.x_stride, strip.matrix) * s.rows * s.depth;
    const float* ws =
        w + mote_batch_matmul_source(&s, s.w_stride, strip.matrix) * s.depth * s.columns;
    pack_panels(ws + strip.column * n_step, strip.count, s.depth, n_step, k_step, panels);
    gemm_f32(xs, s.rows, s.depth, s.transpose_x ? 1 : s.depth, s.transpose_x ? s.rows : 1, panels,
             strip.count, [&](int64_t m, int64_t n, int64_t columns, const float* sums) {
               std::copy_n(sums, columns,
                           y + (strip.matrix * s.rows + m) * s.columns + strip.column + n);
             });
  }
}

// Widens `rows` x `depth` elements less `zero` into rows of int16; element (r, k) is source[r *
// row_step + k * step].
template <class Source>
inline void widen_rows(const Source* source, int64_t rows, int64_t depth, int64_t row_step,
                       int64_t step, int32_t zero, int16_t* out) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t k = 0; k < depth; ++k)
      *out++ = static_cast<int16_t>(source[r * row_step + k * step] - zero);
  }
}

// `out(matrix, row, column, sum)`. wide: [rows + kMatmulColumns, depth].
template <bool kWide, class X, class Out>
inline void batch_matmul_int_strips(const MoteBatchMatmulShape& s, const X* x, int32_t x_zero,
                                    const int8_t* w, int32_t w_zero, int16_t* wide, int64_t begin,
                                    int64_t end, const Out& out) {
  int64_t held = -1;  // the matrix of x that is widened
  int16_t* wide_w = wide + s.rows * s.depth;
  for (int64_t unit = begin; unit < end; ++unit) {
    const MatmulStrip strip = batch_matmul_strip(s, unit);
    const int64_t from = mote_batch_matmul_source(&s, s.x_stride, strip.matrix);
    if (held != from) {
      widen_rows(x + from * s.rows * s.depth, s.rows, s.depth, s.transpose_x ? 1 : s.depth,
                 s.transpose_x ? s.rows : 1, x_zero, wide);
    }
    held = from;
    const int8_t* ws =
        w + mote_batch_matmul_source(&s, s.w_stride, strip.matrix) * s.depth * s.columns;
    widen_rows(ws + mote_batch_matmul_w(&s, 0, strip.column), strip.count, s.depth,
               s.transpose_w ? s.depth : 1, s.transpose_w ? 1 : s.columns, w_zero, wide_w);
    gemm_int<kWide>(
        wide, s.rows, s.depth, s.depth, wide_w, strip.count, s.depth,
        [&](int64_t m, int64_t n, auto sum) { out(strip, m, n, sum, wide_w + n * s.depth); });
  }
}

}  // namespace mote::kernels
