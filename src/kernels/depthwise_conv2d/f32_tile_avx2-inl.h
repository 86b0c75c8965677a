// Float depthwise convolution of one tile of output pixels, eight channels after eight, as they lie
// in memory. Two ways: along the filter's rows, where each pixel of x is loaded once a row for all
// outputs that it touches, and tap by tap, for any filter and for outputs at the border.
#pragma once

#if defined(__AVX2__)

#include <immintrin.h>

#include "kernels/depthwise_conv2d/depthwise_conv2d.h"
#include "kernels/depthwise_conv2d/layout_avx2-inl.h"

namespace mote::kernels::MOTE_ISA {

inline constexpr int64_t kWidth = 8;     // channels of a block
inline constexpr int64_t kTileMost = 6;  // pixels of a tile, side by side

struct Layer {
  MoteWindow window;      // height and width swapped where x is one pixel wide
  const float *w, *bias;  // w [block][filter row][filter column][8], 0 past the last channel
  float low, high;
  int64_t multiplier;               // out_c / in_c
  int64_t first_block, past_block;  // that are computed
};

// Outputs side by side. Tap by tap they see the same taps of the filter; along rows the columns of
// x that they touch count, of which some may lie outside x.
struct Span {
  const float* x;  // where the first pixel's tap (0, 0) lies, or would
  float* y;
  int64_t pixels;
  int64_t x_step, y_step;             // from pixel to pixel
  int64_t x_column, x_row;            // from tap to tap
  int64_t first_row, past_row;        // filter rows that lie in x
  int64_t first_column, past_column;  // columns of the filter, or of the tile, that lie in x
};

inline __m256i first_lanes(int64_t count) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int32_t>(count)), lane);
}

inline __m256 clamped(const Layer& l, __m256 v) {
  return _mm256_min_ps(_mm256_set1_ps(l.high), _mm256_max_ps(_mm256_set1_ps(l.low), v));
}

// Tiles of kPixels pixels, as many as fit, of blocks [first_block, past_block), which are whole.
// kEdge: one tile, of whose columns some lie outside x.
template <int kTaps, int kStride, int kPixels, bool kEdge>
void run_along_rows(const Layer& l, const Span& s, int64_t first_block, int64_t past_block) {
  constexpr int kColumns = (kPixels - 1) * kStride + kTaps;
  const int64_t w_row = int64_t{kTaps} * kWidth, w_block = l.window.filter_h * w_row;
  const int64_t x_column = s.x_column, x_row = s.x_row, y_step = s.y_step;
  const int64_t filter_rows = s.past_row - s.first_row;
  const int first_column = static_cast<int>(s.first_column);
  const int past_column = static_cast<int>(s.past_column);
  const float* w_first = l.w + s.first_row * w_row;
  const float* x_first = s.x + s.first_row * x_row;
  const __m256 low = _mm256_set1_ps(l.low), high = _mm256_set1_ps(l.high);
  for (int64_t pixel = 0; pixel + kPixels <= s.pixels; pixel += kPixels) {
    const float* x_tile = x_first + pixel * s.x_step + first_block * kWidth;
    const float *w_tile = w_first + first_block * w_block, *bias = l.bias + first_block * kWidth;
    float* y = s.y + pixel * y_step + first_block * kWidth;
    for (int64_t left = past_block - first_block; left > 0; --left) {
      __m256 sums[kPixels];
      for (int p = 0; p < kPixels; ++p) sums[p] = _mm256_setzero_ps();
      const float *row = x_tile, *w = w_tile;
      for (int64_t fy = filter_rows; fy > 0; --fy) {
        __m256 weights[kTaps];
        for (int f = 0; f < kTaps; ++f) weights[f] = _mm256_loadu_ps(w + f * kWidth);
        const float* x = row;
        for (int c = 0; c < kColumns; ++c, x += x_column) {
          if (kEdge && (c < first_column || c >= past_column)) continue;
          const __m256 v = _mm256_loadu_ps(x);
          for (int p = 0; p < kPixels; ++p) {
            const int f = c - p * kStride;
            if (f >= 0 && f < kTaps) sums[p] = _mm256_fmadd_ps(v, weights[f], sums[p]);
          }
        }
        row += x_row, w += w_row;
      }
      for (int p = 0; p < kPixels; ++p) {
        const __m256 sum = l.bias ? _mm256_add_ps(sums[p], _mm256_loadu_ps(bias)) : sums[p];
        _mm256_storeu_ps(y + p * y_step, _mm256_min_ps(high, _mm256_max_ps(low, sum)));
      }
      x_tile += kWidth, w_tile += w_block, bias += kWidth, y += kWidth;
    }
  }
}

// How a block's channels are read from x: side by side, fewer than eight of them, or (with a depth
// multiplier) some of them more than once.
enum class Read { kWhole, kPart, kSpread };

template <Read kRead>
struct Lanes {
  __m256i stored, read, picks;
  int64_t first_input;

  Lanes(const Layer& l, int64_t block) {
    first_input = block * kWidth;
    if constexpr (kRead != Read::kWhole) {
      const int64_t first = block * kWidth, channels = l.window.out_c;
      stored = first_lanes(channels - first);
      first_input = first / l.multiplier;
      alignas(32) int32_t from[kWidth];
      for (int64_t i = 0; i < kWidth; ++i) {
        const int64_t channel = smaller(first + i, channels - 1);
        from[i] = static_cast<int32_t>(channel / l.multiplier - first_input);
      }
      read = first_lanes(from[kWidth - 1] + 1);
      picks = _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
    }
  }

  __m256 load(const float* x) const {
    if constexpr (kRead == Read::kWhole) {
      return _mm256_loadu_ps(x);
    } else {
      const __m256 v = _mm256_maskload_ps(x, read);
      return kRead == Read::kPart ? v : _mm256_permutevar8x32_ps(v, picks);
    }
  }

  __m256 load_bias(const float* bias) const {
    return kRead == Read::kWhole ? _mm256_loadu_ps(bias) : _mm256_maskload_ps(bias, stored);
  }

  void store(float* y, __m256 v) const {
    if constexpr (kRead == Read::kWhole) {
      _mm256_storeu_ps(y, v);
    } else {
      _mm256_maskstore_ps(y, stored, v);
    }
  }
};

template <int kPixels, Read kRead>
void run_block(const Layer& l, const Span& s, int64_t pixel, int64_t block) {
  const Lanes<kRead> lanes(l, block);
  const float* w = l.w + block * l.window.filter_h * l.window.filter_w * kWidth;
  const float* x = s.x + pixel * s.x_step + lanes.first_input;
  const __m256 bias = l.bias ? lanes.load_bias(l.bias + block * kWidth) : _mm256_setzero_ps();
  __m256 sums[kPixels];
  for (int p = 0; p < kPixels; ++p) sums[p] = _mm256_setzero_ps();
  for (int64_t fy = s.first_row; fy < s.past_row; ++fy) {
    for (int64_t fx = s.first_column; fx < s.past_column; ++fx) {
      const __m256 weight = _mm256_loadu_ps(w + (fy * l.window.filter_w + fx) * kWidth);
      const float* at = x + fy * s.x_row + fx * s.x_column;
      for (int p = 0; p < kPixels; ++p, at += s.x_step) {
        sums[p] = _mm256_fmadd_ps(lanes.load(at), weight, sums[p]);
      }
    }
  }
  float* y = s.y + pixel * s.y_step + block * kWidth;
  for (int p = 0; p < kPixels; ++p) {
    lanes.store(y + p * s.y_step, clamped(l, _mm256_add_ps(sums[p], bias)));
  }
}

template <Read kRead>
void run_tap_by_tap(const Layer& l, const Span& s, int64_t first_block, int64_t past_block) {
  int64_t pixel = 0;
  constexpr int kMost = 4;
  for (; pixel + kMost <= s.pixels; pixel += kMost) {
    for (int64_t b = first_block; b < past_block; ++b) run_block<kMost, kRead>(l, s, pixel, b);
  }
  for (; pixel < s.pixels; ++pixel) {
    for (int64_t b = first_block; b < past_block; ++b) run_block<1, kRead>(l, s, pixel, b);
  }
}

}  // namespace mote::kernels::MOTE_ISA

#endif
