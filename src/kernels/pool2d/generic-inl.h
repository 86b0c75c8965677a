// Faster bodies of pooling for any processor: chunks of channels side by side.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "kernels/pool2d/ref.h"

namespace mote::kernels {

inline constexpr int64_t kPoolChunk = 64;

// Folds the window's pixels into `kPoolChunk` accumulators that start at `start`; `fold(acc, x)`
// returns the new one; `out(area, pixel, channel, n, acc)` takes the result.
template <class Acc, class Source, class Fold, class Out>
inline void pool_rows(const MoteWindow& g, const Source* x, Acc start, int64_t begin, int64_t end,
                      const Fold& fold, const Out& out) {
  Acc acc[kPoolChunk];
  for (int64_t row = begin; row < end; ++row) {
    const Source* image = x + row / g.out_h * g.in_h * g.in_w * g.in_c;
    for (int32_t ox = 0; ox < g.out_w; ++ox) {
      const MotePoolArea area = mote_pool_area(&g, static_cast<int32_t>(row % g.out_h), ox);
      for (int64_t c0 = 0; c0 < g.in_c; c0 += kPoolChunk) {
        const int64_t n = std::min<int64_t>(kPoolChunk, g.in_c - c0);
        std::fill_n(acc, kPoolChunk, start);
        for (int64_t iy = area.y0; iy < area.y1; ++iy) {
          for (int64_t ix = area.x0; ix < area.x1; ++ix) {
            const Source* pixel = image + (iy * g.in_w + ix) * g.in_c + c0;
            for (int64_t j = 0; j < n; ++j) acc[j] = fold(acc[j], pixel[j]);
          }
        }
        out(area, row * g.out_w + ox, c0, n, acc);
      }
    }
  }
}

}  // namespace mote::kernels
