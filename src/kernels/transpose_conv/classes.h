// A transposed convolution as ordinary ones. The outputs that are alike modulo the stride see the
// same taps, and their inputs are neighbours: each such class is a convolution without gaps, whose
// taps are every stride-th of the filter, from the last to the first.
//
//   stride 2, filter 3:   output   0   1   2   3   4         even ones: taps 2 and 0
//                         taps    0,2  1  0,2  1  0,2        odd ones: tap 1
#pragma once

#include <cstdint>

#include "kernels/common/int8_panels.h"
#include "kernels/common/mac.h"

namespace mote::kernels {

struct OutputClass {
  int32_t y, x;       // the first output
  MoteWindow window;  // of the class's outputs
  TapSteps steps;     // of its taps in w
};

// Only filters that leave no gaps between their copies: every class has a tap.
inline const char* declines_gaps(const MoteWindow& g) {
  const bool covers = g.filter_h >= g.stride_h && g.filter_w >= g.stride_w;
  return covers ? nullptr : "the stride is larger than the filter";
}

// The classes that have outputs, by rows.
inline int64_t classes_across(const MoteWindow& g) {
  return g.stride_w < g.out_w ? g.stride_w : g.out_w;
}
inline int64_t class_count(const MoteWindow& g) {
  return classes_across(g) * (g.stride_h < g.out_h ? g.stride_h : g.out_h);
}

// One axis of a class: the outputs from `at` on.
struct ClassAxis {
  int32_t out, taps, pad, last_tap;

  ClassAxis(int64_t at, int64_t outputs, int64_t stride, int64_t filter, int64_t padding) {
    const int64_t first_tap = (at + padding) % stride, input = (at + padding) / stride;
    const int64_t count = (filter - first_tap + stride - 1) / stride;
    out = static_cast<int32_t>((outputs - at + stride - 1) / stride);
    taps = static_cast<int32_t>(count);
    pad = static_cast<int32_t>(count - 1 - input);  // may be negative: inputs that are left out
    last_tap = static_cast<int32_t>(first_tap + (count - 1) * stride);
  }
};

inline OutputClass class_at(const MoteWindow& g, int64_t i) {
  const int64_t first_y = i / classes_across(g), first_x = i % classes_across(g);
  const ClassAxis y(first_y, g.out_h, g.stride_h, g.filter_h, g.pad_top);
  const ClassAxis x(first_x, g.out_w, g.stride_w, g.filter_w, g.pad_left);
  OutputClass c = {static_cast<int32_t>(first_y), static_cast<int32_t>(first_x), g, {}};
  c.window.out_h = y.out, c.window.out_w = x.out;
  c.window.filter_h = y.taps, c.window.filter_w = x.taps;
  c.window.stride_h = c.window.stride_w = 1;
  c.window.pad_top = y.pad, c.window.pad_left = x.pad;
  const int64_t row = int64_t{g.filter_w} * g.in_c;
  c.steps = {y.last_tap * row + int64_t{x.last_tap} * g.in_c, g.filter_h * row, -g.stride_h * row,
             -int64_t{g.stride_w} * g.in_c};
  return c;
}

// Calls body(done, count, at) for pieces of `count` of a class's outputs from number `first` on,
// each in one row of the image: `done` come before the piece, `at` is the pixel of y that its first
// one is.
template <class Body>
inline void each_class_row(const MoteWindow& g, const OutputClass& c, int64_t first, int64_t count,
                           const Body& body) {
  const int64_t width = c.window.out_w, height = c.window.out_h;
  for (int64_t done = 0; done < count;) {
    const int64_t row = (first + done) / width, x = (first + done) % width;
    const int64_t piece = width - x < count - done ? width - x : count - done;
    const int64_t line = row / height * g.out_h + c.y + row % height * g.stride_h;
    body(done, piece, line * g.out_w + c.x + x * g.stride_w);
    done += piece;
  }
}

}  // namespace mote::kernels
