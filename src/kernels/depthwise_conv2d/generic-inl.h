// A faster body of depthwise convolution for any processor: for each output pixel, chunks of
// channels are summed over the taps side by side, in registers.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/depthwise_conv2d/depthwise_conv2d.h"

namespace mote::kernels {

inline constexpr int64_t kDepthwiseChunk = 32;

// Input channels that outputs [c0, c0 + n) read, one for each output, less their zero point.
template <class Wide, class Source>
inline void depthwise_channels(const Source* __restrict x, int64_t c0, int64_t n,
                               int64_t multiplier, int32_t zero, Wide* __restrict out) {
  if (multiplier == 1) {
    for (int64_t j = 0; j < n; ++j) out[j] = static_cast<Wide>(x[c0 + j] - static_cast<Wide>(zero));
    return;
  }
  int64_t channel = c0 / multiplier;
  int64_t left = multiplier - c0 % multiplier;
  for (int64_t j = 0; j < n; ++j) {
    out[j] = static_cast<Wide>(x[channel] - static_cast<Wide>(zero));
    if (--left == 0) ++channel, left = multiplier;
  }
}

template <class Sum, class Wide, class Weight>
inline void depthwise_accumulate(const Wide* __restrict x, const Weight* __restrict w, int64_t n,
                                 Sum* __restrict acc) {
  for (int64_t j = 0; j < n; ++j) {
    const Wide v = w[j];
    acc[j] += static_cast<Sum>(x[j] * v);
  }
}

// Rows [begin, end). Sum is the accumulator (uint32_t for integers: wraps), Wide what a source
// element and a weight are widened to before they are multiplied. `zero_of(batch)` is the zero
// point; `out(batch, pixel, channel, n, sums)`.
template <class Sum, class Wide, class Source, class Weight, class Zero, class Out>
inline void depthwise_rows(const MoteWindow& g, const Source* x, const Weight* w, int64_t begin,
                           int64_t end, const Zero& zero_of, const Out& out) {
  const int64_t multiplier = g.out_c / g.in_c;
  Wide channels[kDepthwiseChunk];
  Sum acc[kDepthwiseChunk];
  for (int64_t row = begin; row < end; ++row) {
    const int64_t batch = row / g.out_h;
    const int64_t y0 = row % g.out_h * g.stride_h - g.pad_top;
    for (int64_t ox = 0; ox < g.out_w; ++ox) {
      const int64_t x0 = ox * g.stride_w - g.pad_left;
      for (int64_t c0 = 0; c0 < g.out_c; c0 += kDepthwiseChunk) {
        const int64_t n = std::min<int64_t>(kDepthwiseChunk, g.out_c - c0);
        std::fill_n(acc, kDepthwiseChunk, Sum{});
        for (int64_t fy = 0; fy < g.filter_h; ++fy) {
          const int64_t iy = y0 + fy * g.dilation_h;
          if (iy < 0 || iy >= g.in_h) continue;
          for (int64_t fx = 0; fx < g.filter_w; ++fx) {
            const int64_t ix = x0 + fx * g.dilation_w;
            if (ix < 0 || ix >= g.in_w) continue;
            const Source* pixel = x + ((batch * g.in_h + iy) * g.in_w + ix) * g.in_c;
            depthwise_channels(pixel, c0, n, multiplier, zero_of(batch), channels);
            depthwise_accumulate(channels, w + (fy * g.filter_w + fx) * g.out_c + c0, n, acc);
          }
        }
        out(batch, row * g.out_w + ox, c0, n, acc);
      }
    }
  }
}

}  // namespace mote::kernels
