#include "compress/quantize/histogram.h"

#include <gtest/gtest.h>

#include <random>

namespace mote::compress {
namespace {

Histogram of(const std::vector<float>& values) {
  Range range;
  for (const float v : values) range.include(static_cast<double>(v));
  Histogram histogram(range);
  histogram.add(values);
  return histogram;
}

// A bell of width 1 and one element far out.
std::vector<float> bell_with_outlier() {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<float> values = {100.0f};
  for (int i = 0; i < 100000; ++i) values.push_back(normal(random));
  return values;
}

std::vector<float> ramp() {
  std::vector<float> values;
  for (int i = 0; i < 100000; ++i) values.push_back(static_cast<float>(i) / 100000.0f);
  return values;
}

TEST(Histogram, PercentileLeavesOutTheFarthest) {
  const Range r = of(bell_with_outlier()).percentile(99.9);
  EXPECT_NEAR(r.max, 3.3, 0.2);  // 0.05 % of a bell on either side
  EXPECT_NEAR(r.min, -3.3, 0.2);
  const Range all = of(ramp()).percentile(100);
  EXPECT_NEAR(all.max, 1, 1e-3);
  EXPECT_EQ(all.min, 0);
  EXPECT_NEAR(of(ramp()).percentile(90).max, 0.9, 2e-3);
}

TEST(Histogram, SearchesClipAnOutlierAndKeepARamp) {
  const Histogram outlier = of(bell_with_outlier());
  const Range mse = outlier.least_squared_error(256);
  // n ((b + 4) / 255)^2 / 12 + (100 - b)^2 is least where b = 88.
  EXPECT_NEAR(mse.max, 88, 1.5);
  const Range divergence = outlier.least_divergence(256);
  EXPECT_LT(divergence.max, 30);
  EXPECT_GT(divergence.max, 2);
  EXPECT_NEAR(of(ramp()).least_squared_error(256).max, 1, 0.011);
  EXPECT_NEAR(of(ramp()).least_divergence(256).max, 1, 0.011);
}

TEST(Histogram, NothingButZero) {
  const Histogram zero = of({0, 0, 0});
  EXPECT_EQ(zero.percentile(99).max, 0);
  EXPECT_EQ(zero.least_squared_error(256).max, 0);
  EXPECT_EQ(zero.least_divergence(256).min, 0);
}

}  // namespace
}  // namespace mote::compress
