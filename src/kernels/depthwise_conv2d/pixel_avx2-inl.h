// Images with one output pixel, whose window lies in x, as streaming models have them: no lines are
// filled; taps are read where they lie.
#pragma once

#if defined(__AVX2__)

#include "kernels/depthwise_conv2d/lines_avx2-inl.h"
#include "kernels/depthwise_conv2d/sums_avx2-inl.h"

namespace mote::kernels::MOTE_ISA {

// The sums of one block. x: its channels of the window's first pixel; weights as the layout has
// them.
template <class Source>
[[gnu::always_inline]] inline Lanes16 sum_pixel(const Layout& l, const Source* x, int32_t zero,
                                                const int16_t* weights, const int32_t* start) {
  const MoteWindow& g = l.window;
  const __m256i zeros = _mm256_set1_epi16(static_cast<int16_t>(zero));
  const int64_t step = int64_t{g.dilation_w} * g.in_c;
  const int64_t line = int64_t{g.dilation_h} * g.in_w * g.in_c;
  __m256i low = load256(start), high = load256(start + 8);
  for (int64_t fy = 0; fy < g.filter_h; ++fy, x += line) {
    const Source* at = x;
    for (int64_t left = g.filter_w; left > 0; left -= 2, at += 2 * step, weights += kColumnShorts) {
      const __m256i a = _mm256_sub_epi16(widen16(at), zeros);
      // Past the last tap the weights are 0.
      const __m256i b = left > 1 ? _mm256_sub_epi16(widen16(at + step), zeros) : a;
      low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), load256(weights)));
      high = _mm256_add_epi32(
          high, _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), load256(weights + 16)));
    }
  }
  return {low, high};
}

template <class Source, class Zero, class Output>
void run_pixels(const Layout& l, const Source* x, const int16_t* weights, const Zero& zero_of,
                Output& output, int64_t begin, int64_t end) {
  const MoteWindow& g = l.window;
  const int64_t blocks = l.groups > 1 ? 1 : l.blocks;
  int64_t group = l.rows == 1 ? begin : begin / l.rows;
  int64_t row = l.rows == 1 ? 0 : begin % l.rows;
  for (; begin < end; ++begin) {
    const Source* image = x + row * g.in_h * g.in_w * g.in_c;
    const int32_t zero = zero_of(row);
    output.set_batch(row);
    for (int64_t block = group * blocks; block < (group + 1) * blocks; ++block) {
      output.set_block(l, block);
      const Lanes16 sums = sum_pixel(l, image + block * kLanes, zero,
                                     weights + block * l.block_weights(), output.start());
      output.write_pixel(sums, row * g.out_c + block * kLanes);
    }
    if (++row == l.rows) row = 0, ++group;
  }
}

}  // namespace mote::kernels::MOTE_ISA

#endif
