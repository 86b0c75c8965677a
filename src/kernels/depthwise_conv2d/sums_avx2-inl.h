// Sums of a block over the lines of a window (layout_avx2-inl.h). Up to six tap pairs at a time
// keep their weights in registers while all pixels of a line pass by.
#pragma once

#if defined(__AVX2__)

#include "kernels/common/lanes16_avx2-inl.h"
#include "kernels/depthwise_conv2d/layout_avx2-inl.h"

namespace mote::kernels::MOTE_ISA {

// sum += pairs of x * w. As one piece, because g++ would do all the multiplications first and spill
// their results.
inline void add_pairs(__m256i& sum, const __m256i& w, const int16_t* x) {
  __m256i product;
  asm("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0"
      : "+x"(sum), "=&x"(product)
      : "x"(w), "m"(*reinterpret_cast<const __m256i*>(x)));
}

inline constexpr int kTermsMost = 6;

// Rows of pixels, and how far they lie apart in int16.
struct SumShape {
  int64_t rows, pixels;
  int64_t row_step, step;
};

// Adds kTerms tap pairs to the sums of all pixels. Term t of the first pixel lies at x[t], its
// weights at w + t * kColumnShorts. kFirst: the sums begin with `start`, the same for all.
template <int kTerms, bool kFirst>
void sum_terms(const int16_t* const* x, const int16_t* w, const SumShape& shape,
               const int32_t* start, int32_t* sums) {
  __m256i low[kTerms], high[kTerms];
  const int16_t* at[kTerms];
  for (int t = 0; t < kTerms; ++t) {
    low[t] = load256(w + t * kColumnShorts);
    high[t] = load256(w + t * kColumnShorts + 16);
    at[t] = x[t];
    asm("" : "+r"(at[t]));  // two pointers copied as one would wait for their stores
  }
  const int64_t past = shape.pixels * shape.step, step = shape.step, row_step = shape.row_step;
  for (int64_t row = shape.rows; row > 0; --row) {
    for (int64_t i = 0; i < past; i += step, sums += kLanes) {
      __m256i sum_low = load256(kFirst ? start : sums);
      __m256i sum_high = load256(kFirst ? start + 8 : sums + 8);
      for (int t = 0; t < kTerms; ++t) {
        add_pairs(sum_low, low[t], at[t] + i);
        add_pairs(sum_high, high[t], at[t] + i + 16);
      }
      store256(sums, sum_low);
      store256(sums + 8, sum_high);
    }
    for (int t = 0; t < kTerms; ++t) at[t] += row_step;
  }
}

template <bool kFirst>
inline void sum_some(int64_t terms, const int16_t* const* x, const int16_t* w,
                     const SumShape& shape, const int32_t* start, int32_t* sums) {
  switch (terms) {
    case 1:
      return sum_terms<1, kFirst>(x, w, shape, start, sums);
    case 2:
      return sum_terms<2, kFirst>(x, w, shape, start, sums);
    case 3:
      return sum_terms<3, kFirst>(x, w, shape, start, sums);
    case 4:
      return sum_terms<4, kFirst>(x, w, shape, start, sums);
    case 5:
      return sum_terms<5, kFirst>(x, w, shape, start, sums);
    default:
      return sum_terms<6, kFirst>(x, w, shape, start, sums);
  }
}

// The sums of `rows` output rows of `pixels` pixels. `start` are 16 numbers in the order of sums.
inline void sum_strip(const Layout& l, const int16_t* lines, const int16_t* weights,
                      const int32_t* start, int64_t rows, int64_t pixels, int32_t* sums) {
  // One pixel's step is never used, but 0 would end no loop.
  const SumShape shape = {rows, pixels, l.row_lines * l.line_shorts(),
                          larger(l.pixel_columns, 1) * kColumnShorts};
  const int64_t pair_step = l.pair_columns * kColumnShorts;
  const int16_t* x[kTermsMost];
  int64_t terms = 0;
  bool first = true;
  const auto flush = [&] {
    if (first) {
      sum_some<true>(terms, x, weights, shape, start, sums);
    } else {
      sum_some<false>(terms, x, weights, shape, start, sums);
    }
    weights += terms * kColumnShorts;
    terms = 0, first = false;
  };
  for (int64_t fy = 0; fy < l.window.filter_h; ++fy) {
    const int16_t* line = lines + fy * l.tap_lines * l.line_shorts();
    for (int64_t pair = 0; pair < l.pairs; ++pair, line += pair_step) {
      if (terms == kTermsMost) flush();
      x[terms++] = line;
    }
  }
  flush();
}

}  // namespace mote::kernels::MOTE_ISA

#endif
