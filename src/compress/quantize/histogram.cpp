#include "compress/quantize/histogram.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mote::compress {
namespace {

// How many ranges are tried on either side.
constexpr int kCandidates = 100;
// A clipped range is taken over a wider one only if it is better by this much: ties go to the range
// that clips nothing.
constexpr double kBetter = 1.0 - 1e-9;
// Elements in a bin, on average, that make a distribution of a histogram.
constexpr int64_t kPerBin = 8;

}  // namespace

Histogram::Histogram(const Range& range)
    : range_(range), width_((range.max - range.min) / kBins), counts_(kBins, 0) {}

void Histogram::add(std::span<const float> values) {
  if (width_ <= 0) return;
  const auto low = static_cast<float>(range_.min);
  const auto inverse = static_cast<float>(1.0 / width_);
  for (const float v : values) {
    const auto bin = static_cast<int>((v - low) * inverse);
    ++counts_[static_cast<size_t>(std::clamp(bin, 0, kBins - 1))];
  }
}

Range Histogram::percentile(double percent) const {
  if (width_ <= 0) return range_;
  const double total =
      static_cast<double>(std::accumulate(counts_.begin(), counts_.end(), int64_t{0}));
  const bool two_sided = range_.min < 0 && range_.max > 0;
  const double out = total * (100.0 - percent) / 100.0 / (two_sided ? 2 : 1);
  Range r = range_;
  double left = 0;
  for (int bin = 0; bin < bins() && range_.min < 0; ++bin) {
    left += static_cast<double>(counts_[static_cast<size_t>(bin)]);
    if (left > out) {
      r.min = std::min(0.0, range_.min + bin * width_);
      break;
    }
  }
  double right = 0;
  for (int bin = bins() - 1; bin >= 0 && range_.max > 0; --bin) {
    right += static_cast<double>(counts_[static_cast<size_t>(bin)]);
    if (right > out) {
      r.max = std::max(0.0, range_.min + (bin + 1) * width_);
      break;
    }
  }
  return r;
}

double Histogram::squared_error(const Range& range, int levels) const {
  const double step = (range.max - range.min) / (levels - 1);
  double sum = 0;
  for (int bin = 0; bin < bins(); ++bin) {
    const auto count = static_cast<double>(counts_[static_cast<size_t>(bin)]);
    if (count == 0) continue;
    const double x = center(bin);
    const double outside = x < range.min ? range.min - x : (x > range.max ? x - range.max : 0);
    sum += count * (outside > 0 ? outside * outside : step * step / 12);
  }
  return sum;
}

double Histogram::divergence(const Range& range, int levels) const {
  // P: what is inside, with what is outside moved to the edges. Q: P's inside, spread evenly over
  // the bins that have elements within each level.
  const int first = std::clamp(static_cast<int>((range.min - range_.min) / width_), 0, bins() - 1);
  const int last = std::clamp(static_cast<int>(std::ceil((range.max - range_.min) / width_)) - 1,
                              first, bins() - 1);
  const int inside_bins = last - first + 1;
  double below = 0, above = 0, total = 0;
  for (int b = 0; b < bins(); ++b) {
    const auto count = static_cast<double>(counts_[static_cast<size_t>(b)]);
    total += count;
    if (b < first) below += count;
    if (b > last) above += count;
  }
  const double inside = total - below - above;
  if (inside <= 0 || total <= 0) return INFINITY;
  double sum = 0;
  for (int level = 0; level < levels; ++level) {
    const int begin = first + static_cast<int>(static_cast<int64_t>(inside_bins) * level / levels);
    const int end =
        first + static_cast<int>(static_cast<int64_t>(inside_bins) * (level + 1) / levels);
    double mass = 0;
    int filled = 0;
    for (int b = begin; b < end; ++b) {
      mass += static_cast<double>(counts_[static_cast<size_t>(b)]);
      filled += counts_[static_cast<size_t>(b)] > 0;
    }
    if (filled == 0) continue;
    const double q = mass / filled / inside;
    for (int b = begin; b < end; ++b) {
      double p = static_cast<double>(counts_[static_cast<size_t>(b)]);
      if (p == 0) continue;
      if (b == first) p += below;
      if (b == last) p += above;
      p /= total;
      sum += p * std::log(p / q);
    }
  }
  // Elements moved to an edge bin that has none of its own can't be represented at all.
  if (below > 0 && counts_[static_cast<size_t>(first)] == 0) sum += below / total * 30;
  if (above > 0 && counts_[static_cast<size_t>(last)] == 0) sum += above / total * 30;
  return sum;
}

// First the upper end with the lower one as it is, then the lower end.
template <class Loss>
Range Histogram::search(Loss loss) const {
  if (width_ <= 0) return range_;
  Range best = range_;
  double least = loss(best);
  for (const bool upper : {true, false}) {
    const double end = upper ? range_.max : range_.min;
    if (end == 0) continue;
    for (int i = kCandidates - 1; i > 0; --i) {
      Range candidate = best;
      (upper ? candidate.max : candidate.min) = end * i / kCandidates;
      if (candidate.max - candidate.min < width_ * 8) break;
      const double value = loss(candidate);
      if (value < least * kBetter) {
        least = value;
        best = candidate;
      }
    }
  }
  return best;
}

Histogram Histogram::coarser() const {
  Histogram out = *this;
  out.width_ = width_ * 2;
  out.counts_.clear();
  for (size_t b = 0; b + 1 < counts_.size(); b += 2) {
    out.counts_.push_back(counts_[b] + counts_[b + 1]);
  }
  return out;
}

// Zero is exactly representable whatever the range; the heap of zeros that a ReLU leaves would only
// make what is clipped look rare.
void Histogram::level_zero() {
  const auto zero = std::clamp(static_cast<int>(-range_.min / width_), 0, bins() - 1);
  int64_t beside = 0;
  if (zero > 0) beside = counts_[static_cast<size_t>(zero - 1)];
  if (zero + 1 < bins()) beside = std::max(beside, counts_[static_cast<size_t>(zero + 1)]);
  int64_t& count = counts_[static_cast<size_t>(zero)];
  count = std::min(count, beside);
}

Range Histogram::least_divergence(int levels) const {
  if (width_ <= 0) return range_;
  const int64_t total = std::accumulate(counts_.begin(), counts_.end(), int64_t{0});
  Histogram h = *this;
  while (h.bins() > 2 * levels && total < h.bins() * kPerBin) h = h.coarser();
  if (total < h.bins() * kPerBin) return range_;
  h.level_zero();
  return h.search([&](const Range& r) { return h.divergence(r, levels); });
}

Range Histogram::least_squared_error(int levels) const {
  return search([&](const Range& r) { return squared_error(r, levels); });
}

}  // namespace mote::compress
