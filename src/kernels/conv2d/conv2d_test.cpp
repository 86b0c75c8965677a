#include "kernels/conv2d/conv2d.h"

#include "kernels/common/float_test_util.h"
#include "kernels/common/mac_test_util.h"
#include "kernels/conv2d/families.h"

namespace mote::kernels {
namespace {

struct Sizes {
  MoteWindow window;
  int32_t groups;
  int64_t x, w, y, depth;
};

Sizes random_sizes(Random& r, int64_t channels = 20) {
  Sizes s = {};
  s.window = random_window(r, true);
  s.groups = static_cast<int32_t>(r.between(0, 3) == 0 ? r.between(2, 3) : 1);
  const auto depth = static_cast<int32_t>(r.between(1, channels));
  s.window.in_c = depth * s.groups;
  s.window.out_c = static_cast<int32_t>(r.between(1, channels * 2 / 3)) * s.groups;
  const MoteWindow& g = s.window;
  s.depth = int64_t{g.filter_h} * g.filter_w * depth;
  s.x = int64_t{g.batches} * g.in_h * g.in_w * g.in_c;
  s.w = s.depth * g.out_c;
  s.y = int64_t{g.batches} * g.out_h * g.out_w * g.out_c;
  return s;
}

TEST(Conv2d, RowsAgreeInFloat) {
  for (uint32_t seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const Sizes s = random_sizes(r, seed % 4 == 0 ? 60 : 20);
    const bool clamped = r.coin();
    const MoteConv2dF32 p = {s.window, s.groups, clamped ? 0.0f : -3.4e38f,
                             clamped ? 6.0f : 3.4e38f};
    const auto bias = r.coin() ? r.floats(s.window.out_c) : std::vector<float>{};
    expect_rows_near(kConv2dF32, p, {r.floats(s.x), r.floats(s.w), bias}, s.y, s.depth + 1);
  }
}

TEST(Conv2d, RowsAgreeInHalfWeights) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const Sizes s = random_sizes(r, seed % 4 == 0 ? 60 : 20);
    const MoteConv2dF32 p = {s.window, s.groups, 0.0f, 60.0f};
    const auto bias = r.coin() ? r.floats(s.window.out_c) : std::vector<float>{};
    expect_half_rows_near(kConv2dF16, kConv2dF32, p, {r.floats(s.x), r.floats(s.w), bias}, s.y,
                          s.depth + 1);
  }
}

// Infinities, NaN and denormals go where arithmetic sends them.
TEST(Conv2d, RowsAgreeInSpecialFloats) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const Sizes s = random_sizes(r, 20);
    const MoteConv2dF32 p = {s.window, s.groups, -3.4e38f, 3.4e38f};
    expect_rows_near(kConv2dF32, p,
                     {special_floats(r, s.x), r.floats(s.w), r.floats(s.window.out_c)}, s.y,
                     s.depth + 1);
  }
}

TEST(Conv2d, RowsAgreeInIntegers) {
  for (uint32_t seed = 0; seed < 1000; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const Sizes s = random_sizes(r, 40);
    IntTensors t = random_int(r, s.x, s.w, s.window.out_c, s.depth);
    if (r.coin()) shrink_weights(r, &t);
    const MoteConv2dInt p = {s.window, s.groups, t.mac};
    expect_rows_agree(kConv2dInt, &p,
                      {t.x.data(), t.w.data(), t.bias_data(), t.first.data(), t.second_data()},
                      element_bytes(t.mac.y_type, s.y));
  }
}

TEST(Conv2d, RowsAgreeInHybrid) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const Sizes s = random_sizes(r, 40);
    const int32_t type = r.coin() ? kMoteI8 : kMoteI4;
    const MoteConv2dHybrid p = {s.window, s.groups, {type, r.coin() ? 1 : 0, -3.4e38f, 3.4e38f}};
    const auto x = r.ints<int8_t>(s.x, -128, 127);
    const auto w = random_elements(r, type, s.w);
    const auto bias = r.floats(s.window.out_c), w_scale = r.floats(s.window.out_c, 0.001f, 0.1f);
    const auto x_scale = r.floats(s.window.batches, 0.001f, 0.1f);
    const auto x_zero = r.ints<int32_t>(s.window.batches, -128, 127);
    expect_rows_agree(
        kConv2dHybrid, &p,
        {x.data(), w.data(), bias.data(), w_scale.data(), x_scale.data(), x_zero.data()}, s.y * 4);
  }
}

// The largest sums that a panel of bytes may hold: each pair of weights of one sign adds up to 128,
// and the activations are the largest. One weight more and the panel must hold words.
TEST(Conv2d, BytesDoNotSaturate) {
  for (const int over : {0, 1}) {
    for (const int chain : {1, 2, 4}) {
      MoteConv2dInt p = {};
      const int32_t depth = 32, outputs = 16;
      p.window = {1, 2, 3, depth, 2, 3, outputs, 1, 1, 1, 1, 1, 1, 0, 0};
      p.groups = 1;
      p.mac = {kMoteI8, kMoteI8, kMoteI8, -128, 0, 0, -128, 127, kMoteTwice};
      const std::vector<int8_t> x(6 * depth, 127);
      std::vector<int8_t> w(outputs * depth);
      for (size_t i = 0; i < w.size(); ++i) {
        const int size = 128 / (2 * chain) + (i % 2 ? over : 0);
        w[i] = static_cast<int8_t>(i / depth % 2 ? -size : size);
      }
      const std::vector<int32_t> multiplier(outputs, 1 << 30), shift(outputs, -12);
      expect_rows_agree(kConv2dInt, &p,
                        {x.data(), w.data(), nullptr, multiplier.data(), shift.data()},
                        6 * outputs);
    }
  }
}

// 3 x 3 of stride 1 with whole vectors of channels: the fast rows transform these filters.
MoteWindow window_for_transforms(Random& r, bool deep) {
  const auto n = [&](int64_t low, int64_t high) {
    return static_cast<int32_t>(r.between(low, high));
  };
  const int32_t depth = 16 * (deep ? n(4, 12) : n(1, 4)), side = deep ? 20 : 40;
  MoteWindow g = {n(1, 2), n(3, side), n(3, side), depth, 0, 0, n(1, 50), 3, 3, 1, 1, 1, 1, 0, 0};
  g.pad_top = n(0, 1), g.pad_left = n(0, 1);
  g.out_h = g.in_h - 2 + 2 * g.pad_top, g.out_w = g.in_w - 2 + 2 * g.pad_left;
  return g;
}

TEST(Conv2d, TransformedFiltersAreExact) {
  for (uint32_t seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    MoteConv2dInt p = {};
    p.groups = 1;
    const MoteWindow& g = p.window = window_for_transforms(r, seed % 3 == 0);
    IntTensors t = random_int(r, int64_t{g.batches} * g.in_h * g.in_w * g.in_c,
                              int64_t{g.out_c} * 9 * g.in_c, g.out_c, 9 * g.in_c);
    if (r.coin()) shrink_weights(r, &t);
    p.mac = t.mac;
    expect_rows_agree(
        kConv2dInt, &p, {t.x.data(), t.w.data(), t.bias_data(), t.first.data(), t.second_data()},
        element_bytes(t.mac.y_type, int64_t{g.batches} * g.out_h * g.out_w * g.out_c));
  }
}

TEST(Conv2d, TransformedFiltersAreExactInHybrid) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    MoteConv2dHybrid p = {};
    p.groups = 1;
    p.mac = {kMoteI8, r.coin() ? 1 : 0, -3.4e38f, r.coin() ? 3.4e38f : 1.0f};
    const MoteWindow& g = p.window = window_for_transforms(r, seed % 3 == 0);
    const auto x = r.ints<int8_t>(int64_t{g.batches} * g.in_h * g.in_w * g.in_c, -128, 127);
    const auto w = r.ints<int8_t>(int64_t{g.out_c} * 9 * g.in_c, -127, 127);
    const auto bias = r.floats(g.out_c), w_scale = r.floats(g.out_c, 0.001f, 0.1f);
    const auto x_scale = r.floats(g.batches, 0.001f, 0.1f);
    const auto x_zero = r.ints<int32_t>(g.batches, -128, 127);
    expect_rows_agree(
        kConv2dHybrid, &p,
        {x.data(), w.data(), bias.data(), w_scale.data(), x_scale.data(), x_zero.data()},
        int64_t{g.batches} * g.out_h * g.out_w * g.out_c * 4);
  }
}

// The largest sums of tiles of 4 x 4, 2^31 at most after their transform; with more channels there
// may be no such tiles.
TEST(Conv2d, TransformedSumsDoNotOverflow) {
  for (const int32_t depth : {224, 240, 480}) {
    for (const int sign : {-1, 1}) {
      SCOPED_TRACE(depth * sign);
      constexpr int32_t kSide = 15, kOutputs = 3;
      MoteConv2dInt p = {};
      p.window = {1, kSide, kSide, depth, kSide, kSide, kOutputs, 3, 3, 1, 1, 1, 1, 1, 1};
      p.groups = 1;
      p.mac = {kMoteI8, kMoteI8, kMoteI8, 0, 0, 0, -128, 127, kMoteTwice};
      const std::vector<int8_t> x(static_cast<size_t>(kSide * kSide * depth), -128);
      const std::vector<int8_t> w(static_cast<size_t>(kOutputs * 9 * depth),
                                  static_cast<int8_t>(127 * sign));
      const std::vector<int32_t> multiplier(kOutputs, 1 << 30), shift(kOutputs, -18);
      expect_rows_agree(kConv2dInt, &p,
                        {x.data(), w.data(), nullptr, multiplier.data(), shift.data()},
                        size_t{kSide} * kSide * kOutputs);
    }
  }
}

// One long dot product whose 32-bit sum wraps: the fast rows wrap as the reference does.
TEST(Conv2d, LongSumsWrapAlike) {
  MoteConv2dInt p = {};
  p.window = {1, 1, 1, 70000, 1, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0};
  p.groups = 1;
  p.mac = {kMoteI8, kMoteI8, kMoteI8, 127, 0, 3, -128, 127, kMoteTwice};
  const std::vector<int8_t> x(70000, -128), w(5 * 70000, -128);
  const std::vector<int32_t> bias(5, 77), multiplier(5, 1 << 30), shift(5, -20);
  expect_rows_agree(kConv2dInt, &p,
                    {x.data(), w.data(), bias.data(), multiplier.data(), shift.data()}, 5);
  // (-128 - 127) * -128 * 70000 + 77 = 2284800077 wraps to -2010167219; / 2^21, rounded, + 3.
  std::vector<int8_t> y(5);
  bool intact = false;
  run_row(kConv2dInt.rows[0], &p,
          {x.data(), w.data(), bias.data(), multiplier.data(), shift.data()}, {y.data()}, &intact);
  EXPECT_EQ(y, std::vector<int8_t>(5, -128));
}

}  // namespace
}  // namespace mote::kernels
