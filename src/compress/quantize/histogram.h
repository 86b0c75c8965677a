// A histogram of a tensor's elements over many runs, and the ranges that can be chosen from it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compress/quantize/parameters.h"

namespace mote::compress {

// kBins equal bins over a range that is known beforehand.
class Histogram {
 public:
  static constexpr int kBins = 2048;

  Histogram() = default;
  explicit Histogram(const Range& range);

  void add(std::span<const float> values);

  // Narrowest range that leaves out at most (100 - percent) % of the elements, half of them on
  // either side (all of them on one, if the other end is 0).
  Range percentile(double percent) const;
  // Of the ranges [a * min, b * max], 0 < a, b <= 1: the one whose quantization to `levels` values
  // loses least, by Kullback-Leibler divergence or by mean squared error. The divergence of a few
  // elements is noise: then it is the whole range.
  Range least_divergence(int levels) const;
  Range least_squared_error(int levels) const;

 private:
  template <class Loss>
  Range search(Loss loss) const;
  int bins() const { return static_cast<int>(counts_.size()); }
  // Neighbouring bins joined in pairs.
  Histogram coarser() const;
  void level_zero();
  double divergence(const Range& range, int levels) const;
  double squared_error(const Range& range, int levels) const;
  double center(int bin) const { return range_.min + (bin + 0.5) * width_; }

  Range range_;
  double width_ = 0;
  std::vector<int64_t> counts_;
};

}  // namespace mote::compress
