// Random windows and random integer arithmetic of the multiply-accumulate families.
#pragma once

#include <algorithm>

#include "case.h"
#include "kernels/common/mac.h"

namespace mote::kernels::shapes {

// Which windows are drawn. Pooling wants every window to hold a pixel.
struct WindowKind {
  bool dilated = true;
  bool only_inside = false;
};

// Everything but the channels. At least one output pixel, but for one in 64 that has none.
MoteWindow random_window(Random& r, WindowKind kind);

// Makes batches, image and output smaller until `cost()` is within `limit`.
template <class Cost>
void shrink_window(MoteWindow& g, int64_t limit, const Cost& cost) {
  while (cost() > limit) {
    if (g.batches > 1) {
      g.batches = 1;
    } else if (g.out_h > 1 && g.out_h >= g.out_w) {
      g.out_h = (g.out_h + 1) / 2;
    } else if (g.out_w > 1) {
      g.out_w = (g.out_w + 1) / 2;
    } else {
      break;
    }
  }
}

std::string text_of(const MoteWindow& g);

// Integer arithmetic that the operators have: int8 x (int8 | int4), uint8 x uint8, int16 x int8
// with 32 or 64 bits of accumulator.
struct IntArithmetic {
  MoteIntMac mac;
  int kind = 0;
};
IntArithmetic random_arithmetic(Random& r);
std::string text_of(const MoteIntMac& m);

// Adds x, w, bias, and the scales to the case. `depth` products are summed in each output.
void add_int_tensors(Random& r, Case& c, const MoteIntMac& mac, int64_t x_count, int64_t w_count,
                     int64_t channels, int64_t depth);

// The inputs of the hybrid families; `rows` is how many scales x has.
void add_hybrid_tensors(Random& r, Case& c, int32_t w_type, int64_t x_count, int64_t w_count,
                        int64_t channels, int64_t rows);

// x, w, bias (or none) of the float families; w has halves if `half_weights`.
void add_float_tensors(Random& r, Case& c, int64_t x_count, int64_t w_count, int64_t channels,
                       bool half_weights = false);

Bytes random_elements(Random& r, int32_t type, int64_t n);
size_t bytes_of_type(int32_t type);

}  // namespace mote::kernels::shapes
