// Faster bodies of transpose_conv for any processor: for each output row, the input rows that reach
// it, tap by tap, as matrix products whose rows are added where they fall.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/common/gemm-inl.h"
#include "kernels/common/patches-inl.h"
#include "kernels/transpose_conv/ref.h"

namespace mote::kernels {

// Calls `product(tap, iy, fx)` for the taps, and the input rows, that reach output row `oy`.
template <class Product>
inline void transpose_conv_taps(const MoteWindow& g, int32_t oy, const Product& product) {
  for (int32_t fy = g.filter_h - 1; fy >= 0; --fy) {
    const int32_t iy = mote_transpose_conv_source(oy, g.pad_top, fy, g.stride_h, g.in_h);
    if (iy < 0) continue;
    for (int32_t fx = 0; fx < g.filter_w; ++fx) product(int64_t{fy} * g.filter_w + fx, iy, fx);
  }
}

// The output column that tap fx of input column ix falls on, or -1.
inline int64_t transpose_conv_column(const MoteWindow& g, int64_t ix, int64_t fx) {
  const int64_t ox = ix * g.stride_w - g.pad_left + fx;
  return ox >= 0 && ox < g.out_w ? ox : -1;
}

// packed: one set of panels a tap. sums: [out_w, out_c].
inline void transpose_conv_f32_generic(const MoteTransposeConvF32& p, const float* x,
                                       const float* packed, const float* bias, float* y,
                                       float* sums, int64_t begin, int64_t end) {
  const MoteWindow& g = p.window;
  const int64_t line = int64_t{g.out_w} * g.out_c;
  for (int64_t row = begin; row < end; ++row) {
    const float* image = x + row / g.out_h * g.in_h * g.in_w * g.in_c;
    std::fill_n(sums, line, 0.0f);
    transpose_conv_taps(g, static_cast<int32_t>(row % g.out_h),
                        [&](int64_t tap, int64_t iy, int64_t fx) {
                          gemm_f32(image + iy * g.in_w * g.in_c, g.in_w, g.in_c, g.in_c, 1,
                                   packed + tap * panels_of(g.out_c) * kPanel * g.in_c, g.out_c,
                                   [&](int64_t ix, int64_t n, int64_t columns, const float* part) {
                                     const int64_t ox = transpose_conv_column(g, ix, fx);
                                     if (ox < 0) return;
                                     for (int64_t j = 0; j < columns; ++j)
                                       sums[ox * g.out_c + n + j] += part[j];
                                   });
                        });
    for (int64_t i = 0; i < line; ++i) {
      y[row * line + i] =
          mote_clamp_f32(sums[i] + (bias ? bias[i % g.out_c] : 0.0f), p.act_min, p.act_max);
    }
  }
}

// The exact sums of one output row. sums: [out_w, out_c]; wide_x: [in_w, in_c].
template <bool kWide, class Source, class Weight>
inline void transpose_conv_row_int(const MoteWindow& g, int64_t row, const Source* x, int32_t zero,
                                   const Weight* w, int64_t* sums, int16_t* wide_x) {
  const Source* image = x + row / g.out_h * g.in_h * g.in_w * g.in_c;
  const int64_t width = int64_t{g.in_w} * g.in_c;
  int64_t held = -1;  // the input row in wide_x
  std::fill_n(sums, int64_t{g.out_w} * g.out_c, 0);
  transpose_conv_taps(g, static_cast<int32_t>(row % g.out_h),
                      [&](int64_t tap, int64_t iy, int64_t fx) {
                        if (held != iy) subtract_zero(image + iy * width, width, zero, wide_x);
                        held = iy;
                        gemm_int<kWide>(wide_x, g.in_w, g.in_c, g.in_c, w + tap * g.in_c, g.out_c,
                                        int64_t{g.filter_h} * g.filter_w * g.in_c,
                                        [&](int64_t ix, int64_t n, int64_t part) {
                                          const int64_t ox = transpose_conv_column(g, ix, fx);
                                          if (ox >= 0) sums[ox * g.out_c + n] += part;
                                        });
                      });
}

}  // namespace mote::kernels
