// Sums of a block over the lines of a window (layout_avx2-inl.h). Up to six tap pairs at a time
// keep their weights in registers while all pixels of a line pass by.
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

// sum += pairs of x * w. As one piece, because g++ would do all the multiplications first and spill
// their results.
inline void add_pairs(__m256i& sum, const __m256i& w, const int16_t* x) {
  __m256i product;
  asm("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0"
      : "+x"(sum), "=&x"(product)
      : "x"(w), "m"(*reinterpret_cast<const __m256i*>(x)));
}

inline constexpr int kTermsMost = 6;

// Adds kTerms tap pairs to the sums of `pixels` pixels. Term t of the first pixel lies at x[t], its
// weights at w + t * kColumnShorts. kFirst: the sums begin with `start`, the same for all.
template <int kTerms, bool kFirst>
void sum_terms(const int16_t* const* x, const int16_t* w, int64_t pixels, int64_t step,
               const int32_t* start, int32_t* sums) {
  __m256i low[kTerms], high[kTerms];
  const int16_t* at[kTerms];
  for (int t = 0; t < kTerms; ++t) {
    low[t] = load256(w + t * kColumnShorts);
    high[t] = load256(w + t * kColumnShorts + 16);
    at[t] = x[t];
    asm("" : "+r"(at[t]));  // two pointers copied as one would wait for their stores
  }
  for (int64_t i = 0; pixels > 0; i += step, --pixels, sums += kLanes) {
    __m256i sum_low = load256(kFirst ? start : sums);
    __m256i sum_high = load256(kFirst ? start + 8 : sums + 8);
    for (int t = 0; t < kTerms; ++t) {
      add_pairs(sum_low, low[t], at[t] + i);
      add_pairs(sum_high, high[t], at[t] + i + 16);
    }
    store256(sums, sum_low);
    store256(sums + 8, sum_high);
  }
}

template <bool kFirst>
inline void sum_some(int64_t terms, const int16_t* const* x, const int16_t* w, int64_t pixels,
                     int64_t step, const int32_t* start, int32_t* sums) {
  switch (terms) {
    case 1:
      return sum_terms<1, kFirst>(x, w, pixels, step, start, sums);
    case 2:
      return sum_terms<2, kFirst>(x, w, pixels, step, start, sums);
    case 3:
      return sum_terms<3, kFirst>(x, w, pixels, step, start, sums);
    case 4:
      return sum_terms<4, kFirst>(x, w, pixels, step, start, sums);
    case 5:
      return sum_terms<5, kFirst>(x, w, pixels, step, start, sums);
    default:
      return sum_terms<6, kFirst>(x, w, pixels, step, start, sums);
  }
}

// `start` are 16 numbers in the order of sums.
inline void sum_line(const Layout& l, const WindowRows& w, const int32_t* start, int64_t pixels,
                     int32_t* sums) {
  const int64_t step = l.pixel_columns * kColumnShorts, pair_step = l.pair_columns * kColumnShorts;
  const int16_t *x[kTermsMost], *weights = w.weights;
  int64_t terms = 0, slot = w.slot;
  bool first = true;
  const auto flush = [&] {
    if (first) {
      sum_some<true>(terms, x, weights, pixels, step, start, sums);
    } else {
      sum_some<false>(terms, x, weights, pixels, step, start, sums);
    }
    weights += terms * kColumnShorts;
    terms = 0, first = false;
  };
  for (int64_t row = 0; row < w.count; ++row) {
    const int16_t* line = w.lines + slot * l.line_shorts();
    slot = slot + 1 == l.slots ? 0 : slot + 1;
    for (int64_t pair = 0; pair < l.pairs; ++pair, line += pair_step) {
      if (terms == kTermsMost) flush();
      x[terms++] = line;
    }
  }
  if (terms > 0) flush();
  for (int64_t i = 0; first && i < pixels * kLanes; ++i) sums[i] = start[i % kLanes];
}

}  // namespace mote::kernels::MOTE_ISA

#endif
