// Rows by Winograd's F(4x4, 3x3) against the reference.
//
// Every output is a sum of products of transformed inputs and weights. With |M| for the matrix of
// magnitudes, each rounding on the way (6 operations in each of the two passes of a transform, one
// for the stored weight, a product and a sum a channel, the bias) multiplies a term by 1 + d, |d|
// <= u, so the error is at most gamma_n * S, n = channels + 30 and
//
//   S = |A'| [ sum over channels of (|G| |w| |G'|) . (|B'| |x| |B|) ] |A| + |bias|
//
// The reference's own error is at most gamma_n times the direct sum of magnitudes, which is less.
#include "kernels/conv2d/winograd.h"

#include "kernels/common/float_test_util.h"
#include "kernels/common/mac_test_util.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/conv2d/families.h"

namespace mote::kernels {
namespace {

using winograd::kFilter;
using winograd::kIn;
using winograd::kOut;

using Square = double[kIn][kIn];

// to = |m| * from * |m|', m of `rows` x `columns`.
template <int kRows, int kColumns>
void transform_magnitudes(const double (&m)[kRows][kColumns], const Square& from, Square& to) {
  Square half = {};
  for (int i = 0; i < kRows; ++i) {
    for (int j = 0; j < kColumns; ++j) {
      for (int k = 0; k < kColumns; ++k) half[i][j] += std::abs(m[i][k]) * from[k][j];
    }
  }
  for (int i = 0; i < kRows; ++i) {
    for (int j = 0; j < kRows; ++j) {
      to[i][j] = 0;
      for (int k = 0; k < kColumns; ++k) to[i][j] += half[i][k] * std::abs(m[j][k]);
    }
  }
}

struct Case {
  MoteConv2dF32 p;
  std::vector<float> x, w, bias;
};

// S of the outputs of the tile at (y, x), for one output channel.
void tile_magnitudes(const Case& c, int64_t batch, int64_t y, int64_t x, int64_t channel,
                     Square& s) {
  const MoteWindow& g = c.p.window;
  Square sums = {};
  for (int64_t k = 0; k < g.in_c; ++k) {
    Square d = {}, w = {}, td, tw;
    for (int r = 0; r < kIn; ++r) {
      for (int q = 0; q < kIn; ++q) {
        const int64_t iy = y - g.pad_top + r, ix = x - g.pad_left + q;
        if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w) continue;
        const int64_t at = ((batch * g.in_h + iy) * g.in_w + ix) * g.in_c + k;
        d[r][q] = std::abs(double{c.x[static_cast<size_t>(at)]});
      }
    }
    for (int r = 0; r < kFilter; ++r) {
      for (int q = 0; q < kFilter; ++q) {
        const int64_t at = ((channel * kFilter + r) * kFilter + q) * g.in_c + k;
        w[r][q] = std::abs(double{c.w[static_cast<size_t>(at)]});
      }
    }
    transform_magnitudes(winograd::kInput, d, td);
    transform_magnitudes(winograd::kWeights, w, tw);
    for (int r = 0; r < kIn; ++r) {
      for (int q = 0; q < kIn; ++q) sums[r][q] += td[r][q] * tw[r][q];
    }
  }
  transform_magnitudes(winograd::kOutput, sums, s);
}

std::vector<double> magnitudes(const Case& c) {
  const MoteWindow& g = c.p.window;
  std::vector<double> s(static_cast<size_t>(int64_t{g.batches} * g.out_h * g.out_w * g.out_c));
  for (int64_t b = 0; b < g.batches; ++b) {
    for (int64_t y = 0; y < g.out_h; y += kOut) {
      for (int64_t x = 0; x < g.out_w; x += kOut) {
        for (int64_t channel = 0; channel < g.out_c; ++channel) {
          Square tile;
          tile_magnitudes(c, b, y, x, channel, tile);
          const auto bias =
              c.bias.empty() ? 0.0 : std::abs(double{c.bias[static_cast<size_t>(channel)]});
          for (int i = 0; i < kOut && y + i < g.out_h; ++i) {
            for (int j = 0; j < kOut && x + j < g.out_w; ++j) {
              s[static_cast<size_t>(((b * g.out_h + y + i) * g.out_w + x + j) * g.out_c +
                                    channel)] = tile[i][j] + bias;
            }
          }
        }
      }
    }
  }
  return s;
}

Case random_case(Random& r, bool small) {
  Case c = {};
  MoteWindow& g = c.p.window;
  g = {static_cast<int32_t>(r.between(1, 2)), 0, 0, 0, 0, 0, 0, 3, 3, 1, 1, 1, 1, 0, 0};
  g.in_h = static_cast<int32_t>(r.between(3, small ? 9 : 20));
  g.in_w = static_cast<int32_t>(r.between(3, small ? 9 : 20));
  g.pad_top = static_cast<int32_t>(r.between(0, 1)),
  g.pad_left = static_cast<int32_t>(r.between(0, 1));
  // Padded on the other side too, or not.
  g.out_h = g.in_h - 2 + g.pad_top + static_cast<int32_t>(r.between(0, 1));
  g.out_w = g.in_w - 2 + g.pad_left + static_cast<int32_t>(r.between(0, 1));
  g.in_c = static_cast<int32_t>(r.between(16, small ? 40 : 90));
  g.out_c = static_cast<int32_t>(r.between(9, small ? 20 : 50));
  c.p.groups = 1;
  const bool clamped = r.coin();
  c.p.act_min = clamped ? 0.0f : -3.4e38f, c.p.act_max = clamped ? 6.0f : 3.4e38f;
  c.x = r.floats(int64_t{g.batches} * g.in_h * g.in_w * g.in_c);
  c.w = r.floats(int64_t{9} * g.in_c * g.out_c);
  if (r.coin()) c.bias = r.floats(g.out_c);
  return c;
}

// Calls check(row, got, want) for every row that takes the case and is approximate.
template <class Check>
void each_approximate(const Case& c, const Check& check) {
  const MoteWindow& g = c.p.window;
  const auto n = static_cast<size_t>(int64_t{g.batches} * g.out_h * g.out_w * g.out_c);
  const std::vector<const void*> in = {c.x.data(), c.w.data(),
                                       c.bias.empty() ? nullptr : c.bias.data()};
  std::vector<float> want(n);
  bool intact = false;
  ASSERT_EQ(run_row(kConv2dF32.reference(), &c.p, in, {want.data()}, &intact), kOk);
  kConv2dF32.each_usable(&c.p, [&](const Kernel& row) {
    if (!row.approximate) return;
    std::vector<float> got(n + 4, 12345.0f);
    ASSERT_EQ(run_row(row, &c.p, in, {got.data()}, &intact), kOk);
    EXPECT_TRUE(intact) << row.name;
    for (size_t i = n; i < n + 4; ++i) ASSERT_EQ(got[i], 12345.0f) << row.name << " past y";
    check(row, got, want);
  });
}

TEST(Winograd, StaysWithinItsBound) {
  double most = 0;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const Case c = random_case(r, seed % 4 != 0);
    std::vector<double> s;
    each_approximate(c, [&](const Kernel& row, const auto& got, const auto& want) {
      if (s.empty()) s = magnitudes(c);
      const double gamma = gamma_of(c.p.window.in_c + 30.0) + gamma_of(9.0 * c.p.window.in_c + 1);
      for (size_t i = 0; i < want.size(); ++i) {
        const double error = std::abs(double{got[i]} - double{want[i]});
        ASSERT_LE(error, gamma * s[i]) << row.name << " at " << i;
        most = std::max(most, error / s[i]);
      }
    });
  }
  RecordProperty("largest_error_over_S_u", std::to_string(most * 0x1p24));
}

// A NaN or an infinity reaches the outputs whose window holds it and no other.
TEST(Winograd, SpecialNumbersStayInTheirWindow) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    Case c = random_case(r, true);
    c.p.act_min = -3.4e38f, c.p.act_max = 3.4e38f;
    const float special[] = {INFINITY, -INFINITY, NAN, 1e-42f};
    for (int i = 0; i < 3; ++i) {
      c.x[static_cast<size_t>(r.between(0, static_cast<int64_t>(c.x.size()) - 1))] =
          special[r.between(0, 3)];
    }
    each_approximate(c, [&](const Kernel& row, const auto& got, const auto& want) {
      for (size_t i = 0; i < want.size(); ++i) {
        if (!(std::abs(want[i]) < 1e30f)) {
          ASSERT_TRUE(got[i] == want[i] || (std::isnan(got[i]) && std::isnan(want[i])))
              << row.name << " at " << i << ": " << got[i] << ", wanted " << want[i];
        } else {
          ASSERT_NEAR(got[i], want[i], 1e-3) << row.name << " at " << i;
        }
      }
    });
  }
}

}  // namespace
}  // namespace mote::kernels
