// Faster bodies of conv2d for any processor: tiles of output pixels, their patches gathered, then a
// matrix product with the filters, group by group.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/common/gemm-inl.h"
#include "kernels/common/patches-inl.h"
#include "kernels/common/requantize-inl.h"
#include "kernels/conv2d/conv2d.h"

namespace mote::kernels {

struct Conv2dSizes {
  int64_t depth, outputs, patch, pixels;
};

inline Conv2dSizes conv2d_sizes(const MoteWindow& g, int64_t groups) {
  Conv2dSizes s{};
  s.depth = g.in_c / groups;
  s.outputs = g.out_c / groups;
  s.patch = int64_t{g.filter_h} * g.filter_w * s.depth;
  s.pixels = int64_t{g.batches} * g.out_h * g.out_w;
  return s;
}

// Every output pixel's patch is its input pixel: nothing to gather.
inline bool conv2d_is_pointwise(const MoteWindow& g, int64_t groups) {
  return g.filter_h == 1 && g.filter_w == 1 && g.stride_h == 1 && g.stride_w == 1 &&
         g.pad_top == 0 && g.pad_left == 0 && g.in_h == g.out_h && g.in_w == g.out_w && groups == 1;
}

// packed: `groups` times the panels of one group. patches: [kTilePixels, patch].
inline void conv2d_f32_generic(const MoteConv2dF32& p, const float* x, const float* packed,
                               const float* bias, float* y, float* patches, int64_t begin,
                               int64_t end) {
  const MoteWindow& g = p.window;
  const Conv2dSizes s = conv2d_sizes(g, p.groups);
  const bool pointwise = conv2d_is_pointwise(g, p.groups);
  const auto copy = [](int64_t, const float* from, int64_t n, float* to) {
    std::copy_n(from, n, to);
  };
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t first = unit * kTilePixels;
    const int64_t count = std::min(kTilePixels, s.pixels - first);
    for (int64_t group = 0; group < p.groups; ++group) {
      if (!pointwise) gather_patches(g, x, first, count, group * s.depth, s.depth, copy, patches);
      const float* rows = pointwise ? x + first * g.in_c : patches;
      const float* panels = packed + group * panels_of(s.outputs) * kPanel * s.patch;
      gemm_f32(rows, count, s.patch, s.patch, 1, panels, s.outputs,
               [&](int64_t m, int64_t n, int64_t columns, const float* sums) {
                 const int64_t channel = group * s.outputs + n;
                 float* out = y + (first + m) * g.out_c + channel;
                 for (int64_t j = 0; j < columns; ++j) {
                   out[j] = mote_clamp_f32(sums[j] + (bias ? bias[channel + j] : 0.0f), p.act_min,
                                           p.act_max);
                 }
               });
    }
  }
}

// Sums of one group of one tile. `zero_of(batch)` is the input's zero point; `out(pixel, channel,
// sum)`.
template <bool kWide, class Source, class Weight, class Zero, class Out>
inline void conv2d_tile_int(const MoteWindow& g, const Conv2dSizes& s, const Source* x,
                            const Weight* w, int64_t group, int64_t first, int64_t count,
                            const Zero& zero_of, int16_t* patches, const Out& out) {
  gather_patches(
      g, x, first, count, group * s.depth, s.depth,
      [&](int64_t batch, const Source* from, int64_t n, int16_t* to) {
        subtract_zero(from, n, zero_of(batch), to);
      },
      patches);
  gemm_int<kWide>(
      patches, count, s.patch, s.patch, w + group * s.outputs * s.patch, s.outputs, s.patch,
      [&](int64_t m, int64_t n, auto sum) { out(first + m, group * s.outputs + n, sum); });
}

template <bool kWide, class Source, class Weight>
inline void conv2d_int_tiles(const MoteConv2dInt& p, const void* x, const void* w, const void* bias,
                             const MoteScales& scales, void* y, int16_t* patches, int64_t begin,
                             int64_t end) {
  const MoteWindow& g = p.window;
  const Conv2dSizes s = conv2d_sizes(g, p.groups);
  with_output(p.mac, scales, g.out_c, bias, y, [&](const auto& out) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t first = unit * kTilePixels;
      const int64_t count = std::min(kTilePixels, s.pixels - first);
      for (int64_t group = 0; group < p.groups; ++group) {
        conv2d_tile_int<kWide>(
            g, s, static_cast<const Source*>(x), static_cast<const Weight*>(w), group, first, count,
            [&](int64_t) { return p.mac.x_zero; }, patches,
            [&](int64_t pixel, int64_t channel, int64_t sum) {
              out(pixel * g.out_c + channel, channel, sum);
            });
      }
    }
  });
}

template <class Weight>
inline void conv2d_hybrid_tiles(const MoteConv2dHybrid& p, const int8_t* x, const void* w,
                                const float* bias, const float* w_scale, const float* x_scale,
                                const int32_t* x_zero, float* y, int16_t* patches, int64_t begin,
                                int64_t end) {
  const MoteWindow& g = p.window;
  const Conv2dSizes s = conv2d_sizes(g, p.groups);
  const int64_t image = int64_t{g.out_h} * g.out_w;
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t first = unit * kTilePixels;
    const int64_t count = std::min(kTilePixels, s.pixels - first);
    for (int64_t group = 0; group < p.groups; ++group) {
      conv2d_tile_int<false>(
          g, s, x, static_cast<const Weight*>(w), group, first, count,
          [&](int64_t batch) { return x_zero[batch]; }, patches,
          [&](int64_t pixel, int64_t channel, int32_t sum) {
            y[pixel * g.out_c + channel] = mote_hybrid_output(
                &p.mac, sum, x_scale[pixel / image], w_scale[channel], bias ? bias[channel] : 0.0f);
          });
    }
  }
}

}  // namespace mote::kernels
