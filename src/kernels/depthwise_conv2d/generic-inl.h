// A faster body of depthwise convolution for any processor: for each output pixel, chunks of
// channels are summed over the taps side by side, in registers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/common/float4-inl.h"
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

// Eight channels of one tap, in vectors. Bytes times bytes fit 16 bits.
typedef int16_t Short8 __attribute__((vector_size(16)));
typedef int32_t Int8 __attribute__((vector_size(32)));

template <class Source>
inline Short8 load_short8(const Source* p) {
  typedef Source Vector __attribute__((vector_size(8)));
  Vector v;
  std::memcpy(&v, p, sizeof v);
  return __builtin_convertvector(v, Short8);
}

// Calls `tap(pixel, weights)` for the taps of output (row, ox) that lie inside x: the input pixel's
// channels and the tap's weights.
template <class Source, class Weight, class Tap>
inline void depthwise_taps(const MoteWindow& g, const Source* x, const Weight* w, int64_t row,
                           int64_t ox, const Tap& tap) {
  const int64_t y0 = row % g.out_h * g.stride_h - g.pad_top;
  const int64_t x0 = ox * g.stride_w - g.pad_left;
  for (int64_t fy = 0; fy < g.filter_h; ++fy) {
    const int64_t iy = y0 + fy * g.dilation_h;
    if (iy < 0 || iy >= g.in_h) continue;
    const Source* line = x + (row / g.out_h * g.in_h + iy) * g.in_w * g.in_c;
    for (int64_t fx = 0; fx < g.filter_w; ++fx) {
      const int64_t ix = x0 + fx * g.dilation_w;
      if (ix < 0 || ix >= g.in_w) continue;
      tap(line + ix * g.in_c, w + (fy * g.filter_w + fx) * g.out_c);
    }
  }
}

// Channels [c0, c0 + n) of one output, n <= kDepthwiseChunk, any types and depth multiplier.
template <class Sum, class Wide, class Source, class Weight>
inline void depthwise_chunk(const MoteWindow& g, const Source* x, const Weight* w, int64_t row,
                            int64_t ox, int64_t c0, int64_t n, int32_t zero, Sum* acc) {
  Wide channels[kDepthwiseChunk];
  std::fill_n(acc, kDepthwiseChunk, Sum{});
  depthwise_taps(g, x, w, row, ox, [&](const Source* pixel, const Weight* weights) {
    depthwise_channels(pixel, c0, n, int64_t{g.out_c} / g.in_c, zero, channels);
    depthwise_accumulate(channels, weights + c0, n, acc);
  });
}

// 16 channels of bytes from c0, without a depth multiplier: the sums stay in registers.
template <class Source>
inline void depthwise_bytes16(const MoteWindow& g, const Source* x, const int8_t* w, int64_t row,
                              int64_t ox, int64_t c0, int32_t zero, uint32_t* acc) {
  const auto z = static_cast<int16_t>(zero);
  const Short8 zeros = {z, z, z, z, z, z, z, z};
  Int8 low = {}, high = {};
  depthwise_taps(g, x, w, row, ox, [&](const Source* pixel, const int8_t* weights) {
    low += __builtin_convertvector((load_short8(pixel + c0) - zeros) * load_short8(weights + c0),
                                   Int8);
    high += __builtin_convertvector(
        (load_short8(pixel + c0 + 8) - zeros) * load_short8(weights + c0 + 8), Int8);
  });
  std::memcpy(acc, &low, sizeof low);
  std::memcpy(acc + 8, &high, sizeof high);
}

// Rows [begin, end) of integers; sums wrap in 32 bits. `zero_of(batch)` is x's zero point;
// `out(batch, pixel, channel, n, sums)` takes n channels of one output.
template <class Source, class Weight, class Zero, class Out>
inline void depthwise_rows_int(const MoteWindow& g, const Source* x, const Weight* w, int64_t begin,
                               int64_t end, const Zero& zero_of, const Out& out) {
  constexpr bool kBytes = sizeof(Source) == 1 && sizeof(Weight) == 1;
  uint32_t acc[kDepthwiseChunk];
  for (int64_t row = begin; row < end; ++row) {
    const int64_t batch = row / g.out_h;
    for (int64_t ox = 0; ox < g.out_w; ++ox) {
      int64_t c0 = 0;
      if constexpr (kBytes) {
        for (; g.in_c == g.out_c && c0 + 16 <= g.out_c; c0 += 16) {
          depthwise_bytes16(g, x, w, row, ox, c0, zero_of(batch), acc);
          out(batch, row * g.out_w + ox, c0, 16, acc);
        }
      }
      for (; c0 < g.out_c; c0 += kDepthwiseChunk) {
        const int64_t n = std::min<int64_t>(kDepthwiseChunk, g.out_c - c0);
        depthwise_chunk<uint32_t, int16_t>(g, x, w, row, ox, c0, n, zero_of(batch), acc);
        out(batch, row * g.out_w + ox, c0, n, acc);
      }
    }
  }
}

// The same in float: `out(pixel, channel, n, sums)`.
template <class Out>
inline void depthwise_rows_f32(const MoteWindow& g, const float* x, const float* w, int64_t begin,
                               int64_t end, const Out& out) {
  float acc[kDepthwiseChunk];
  for (int64_t row = begin; row < end; ++row) {
    for (int64_t ox = 0; ox < g.out_w; ++ox) {
      int64_t c0 = 0;
      for (; g.in_c == g.out_c && c0 + 16 <= g.out_c; c0 += 16) {
        Float4 sums[4] = {};
        depthwise_taps(g, x, w, row, ox, [&](const float* pixel, const float* weights) {
          for (int j = 0; j < 4; ++j) {
            sums[j] = add_product(sums[j], load4(pixel + c0 + 4 * j), load4(weights + c0 + 4 * j));
          }
        });
        std::memcpy(acc, sums, sizeof sums);
        out(row * g.out_w + ox, c0, int64_t{16}, acc);
      }
      for (; c0 < g.out_c; c0 += kDepthwiseChunk) {
        const int64_t n = std::min<int64_t>(kDepthwiseChunk, g.out_c - c0);
        depthwise_chunk<float, float>(g, x, w, row, ox, c0, n, 0, acc);
        out(row * g.out_w + ox, c0, n, acc);
      }
    }
  }
}

}  // namespace mote::kernels
