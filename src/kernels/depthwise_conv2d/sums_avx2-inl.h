// Sums of a block over the lines of a window (layout_avx2-inl.h), in registers for up to four
// pixels.
#pragma once

#if defined(__AVX2__)

#include "kernels/common/lanes16_avx2-inl.h"
#include "kernels/depthwise_conv2d/layout_avx2-inl.h"

namespace mote::kernels::MOTE_ISA {

// The filter rows that lie in x: `count` of them, the first one's line and weights.
struct WindowRows {
  const int16_t* lines;    // of slot 0
  int64_t slot, count;     // the line of the first row; the others follow, round and round
  const int16_t* weights;  // of the first row
};

template <int kPixels>
inline void sum_pixels(const Layout& l, const WindowRows& w, const Lanes16& start,
                       int64_t first_column, int32_t* sums) {
  __m256i low[kPixels], high[kPixels];
  for (int p = 0; p < kPixels; ++p) low[p] = start.low, high[p] = start.high;
  const int64_t step = l.pixel_columns * kColumnShorts, pair_step = l.pair_columns * kColumnShorts;
  const int16_t* weights = w.weights;
  int64_t slot = w.slot;
  for (int64_t row = 0; row < w.count; ++row) {
    const int16_t* x = w.lines + slot * l.line_shorts() + first_column * kColumnShorts;
    slot = slot + 1 == l.slots ? 0 : slot + 1;
    for (int64_t pair = 0; pair < l.pairs; ++pair, x += pair_step, weights += kColumnShorts) {
      const __m256i w_low = load256(weights), w_high = load256(weights + 16);
      for (int p = 0; p < kPixels; ++p) {
        const int16_t* at = x + p * step;
        low[p] = _mm256_add_epi32(low[p], _mm256_madd_epi16(w_low, load256(at)));
        high[p] = _mm256_add_epi32(high[p], _mm256_madd_epi16(w_high, load256(at + 16)));
      }
    }
  }
  for (int p = 0; p < kPixels; ++p) {
    store256(sums + p * kLanes, low[p]);
    store256(sums + p * kLanes + 8, high[p]);
  }
}

inline void sum_line(const Layout& l, const WindowRows& w, const Lanes16& start, int64_t pixels,
                     int32_t* sums) {
  int64_t p = 0;
  for (; p + 4 <= pixels; p += 4) {
    sum_pixels<4>(l, w, start, p * l.pixel_columns, sums + p * kLanes);
  }
  const int64_t column = p * l.pixel_columns;
  int32_t* rest = sums + p * kLanes;
  if (pixels - p == 3) sum_pixels<3>(l, w, start, column, rest);
  if (pixels - p == 2) sum_pixels<2>(l, w, start, column, rest);
  if (pixels - p == 1) sum_pixels<1>(l, w, start, column, rest);
}

}  // namespace mote::kernels::MOTE_ISA

#endif
