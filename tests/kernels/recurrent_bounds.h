// What the recurrent families' generators share: how far a row may be from the reference.
#pragma once

#include <algorithm>

#include "case.h"

namespace mote::kernels::shapes {

// The largest sum of sizes over the rows of a matrix.
inline double row_sum(const Bytes& bytes, int64_t columns, bool hybrid, double scale) {
  double largest = 0;
  if (columns == 0) return 0;
  const auto rows = static_cast<int64_t>(bytes.size()) / (hybrid ? 1 : 4) / columns;
  const auto floats = elements_of<float>(hybrid ? Bytes{} : bytes);
  for (int64_t i = 0; i < rows; ++i) {
    double sum = 0;
    for (int64_t k = 0; k < columns; ++k) {
      const auto at = static_cast<size_t>(i * columns + k);
      sum += std::fabs(hybrid ? scale * static_cast<int8_t>(bytes[at])
                              : static_cast<double>(floats[at]));
    }
    largest = std::max(largest, sum);
  }
  return largest;
}

// What is known of a recurrent layer for its error's bound: h_t = f(W_x x + W_h h_{t-1} + ...).
struct Layer {
  int64_t steps = 1, terms = 1;
  double from_x = 0;  // the most that x, the second input and the bias add to a gate
  double from_h = 0;  // row sum of W_h
  double peephole = 0;
  bool hybrid = false, tanh = true;
  double cell_clip = 0;
  double projection = 1;  // row sum of the projection
};

// Both rows err: where 1 is the size of h or c (or more without a clamping activation), a gate is
// off by gamma(terms) of its summands, by W_h times h's error, and in hybrid layers by a step of
// h's quantization where h's error moves it. Sigmoid and tanh don't stretch errors; they are 4 ulp
// off.
inline double recurrent_bound(const Layer& l, bool lstm) {
  double h = 0, c = 0, size = 1, cell = 1;
  for (int64_t t = 0; t < l.steps; ++t) {
    const double summands = l.from_x + l.from_h * size + l.peephole * cell;
    const double step = l.hybrid ? l.from_h * size / 127 : 0;
    const double gate =
        2 * gamma(l.terms + 8) * summands + l.from_h * h + l.peephole * c + (h > 0 ? step : 0);
    const double value = l.tanh ? 1 : summands;  // the largest cell gate
    const double error = gate + 8 * 0x1p-24 * std::max(1.0, value);
    if (!lstm) {
      h = error, size = value;
      continue;
    }
    c = c + cell * error + error * (value + 1) + 4 * 0x1p-24 * (cell + value);
    cell += value;
    if (l.cell_clip > 0) cell = std::min(cell, l.cell_clip);
    const double out = l.tanh ? 1 : cell;
    h = l.projection * (c + out * error + gamma(l.terms + 4) * out);
    if (l.hybrid && l.projection != 1) h += l.projection * out / 127;
    size = out * std::max(1.0, l.projection);
  }
  return h + c;
}

inline void set_recurrent_bounds(Case& c, const Layer& l, bool lstm) {
  const double bound = recurrent_bound(l, lstm);
  for (Output& output : c.out) output.bound.assign(output.size_bytes / 4, bound);
}

}  // namespace mote::kernels::shapes
