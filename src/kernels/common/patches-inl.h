// Gathers the input under each window of a convolution into a row of a matrix ("im2col"), so that a
// convolution is a matrix product.
//
//   row of one output pixel:  tap (0,0) channels | tap (0,1) channels | ... | tap (h,w) channels
//   taps outside the image are zero
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/common/mac.h"

namespace mote::kernels {

// Output pixels that one unit of a convolution computes: enough to amortise reading the weights,
// few enough that their patches stay in the cache and take little of the arena.
inline constexpr int64_t kTilePixels = 16;
inline int64_t tiles_of(int64_t pixels) { return (pixels + kTilePixels - 1) / kTilePixels; }

// Patches of pixels [first, first + count) of all batches' output pixels, from the `depth` channels
// at `channel`. `convert(batch, source, n, destination)` copies n channels.
template <class Source, class Target, class Convert>
void gather_patches(const MoteWindow& g, const Source* x, int64_t first, int64_t count,
                    int64_t channel, int64_t depth, const Convert& convert, Target* out) {
  const int64_t row = static_cast<int64_t>(g.in_w) * g.in_c;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t pixel = first + i;
    const int64_t batch = pixel / (static_cast<int64_t>(g.out_h) * g.out_w);
    const int64_t in_batch = pixel % (static_cast<int64_t>(g.out_h) * g.out_w);
    const int64_t y0 = in_batch / g.out_w * g.stride_h - g.pad_top;
    const int64_t x0 = in_batch % g.out_w * g.stride_w - g.pad_left;
    const Source* image = x + batch * g.in_h * row;
    // A whole row of the window is contiguous if its taps are neighbours and take every channel.
    const bool whole = g.dilation_w == 1 && depth == g.in_c;
    const int64_t inside_first = whole ? std::clamp<int64_t>(-x0, 0, g.filter_w) : 0;
    const int64_t inside_last =
        whole ? std::clamp<int64_t>(g.in_w - x0, inside_first, g.filter_w) : 0;
    for (int64_t fy = 0; fy < g.filter_h; ++fy) {
      const int64_t iy = y0 + fy * g.dilation_h;
      if (iy < 0 || iy >= g.in_h) {
        out = std::fill_n(out, g.filter_w * depth, Target{});
        continue;
      }
      const Source* line = image + iy * row + channel;
      if (whole) {
        out = std::fill_n(out, inside_first * depth, Target{});
        const int64_t inside = (inside_last - inside_first) * depth;
        if (inside > 0) convert(batch, line + (x0 + inside_first) * g.in_c, inside, out);
        out += inside;
        out = std::fill_n(out, (g.filter_w - inside_last) * depth, Target{});
        continue;
      }
      for (int64_t fx = 0; fx < g.filter_w; ++fx) {
        const int64_t ix = x0 + fx * g.dilation_w;
        if (ix < 0 || ix >= g.in_w) {
          std::fill_n(out, depth, Target{});
        } else {
          convert(batch, line + ix * g.in_c, depth, out);
        }
        out += depth;
      }
    }
  }
}

// Source elements less their zero point, as 16 bits.
template <class Source>
inline void subtract_zero(const Source* __restrict source, int64_t n, int32_t zero,
                          int16_t* __restrict target) {
  const int16_t z = static_cast<int16_t>(zero);
  for (int64_t i = 0; i < n; ++i) target[i] = static_cast<int16_t>(source[i] - z);
}

}  // namespace mote::kernels
