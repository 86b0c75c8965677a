// For tests of float families that are sums of products: every row against the reference, within
// what rounding can do.
//
// A sum of n products that is rounded after each operation, in whatever order and with or without
// fused multiply-adds, is off by at most gamma_n * S, where S = sum |a| |b| and gamma_n = n u / (1
// - n u), u = 2^-24 (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1). So two
// ways to compute it differ by at most twice that. S is what the reference gives for the absolute
// values of its inputs. Results below the normal numbers add half of the smallest number an
// operation.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/half.h"
#include "kernels/common/row_runner.h"

namespace mote::kernels {

using FloatTensors = std::vector<std::vector<float>>;  // an empty one is an absent input

inline std::vector<const void*> pointers_to(const FloatTensors& tensors) {
  std::vector<const void*> in;
  for (const auto& t : tensors) in.push_back(t.empty() ? nullptr : t.data());
  return in;
}

inline double gamma_of(double terms) {
  const double unit = std::ldexp(1.0, -24) * terms;
  return unit / (1 - unit);
}

// The reference's y for the inputs' absolute values; `params` must not clamp.
inline std::vector<float> sums_of_magnitudes(const Family& family, const void* params,
                                             FloatTensors in, int64_t y_count) {
  for (auto& t : in) {
    for (float& v : t) v = std::abs(v);
  }
  std::vector<float> y(static_cast<size_t>(y_count));
  bool intact = false;
  run_row(family.reference(), params, pointers_to(in), {y.data()}, &intact);
  return y;
}

// `terms`: products in a sum, and the bias.
template <class Params>
void expect_rows_near(const Family& family, const Params& params, const FloatTensors& in,
                      int64_t y_count, int64_t terms) {
  constexpr float kMark = 12345.0f;
  constexpr size_t kGuard = 4;
  Params unclamped = params;
  if constexpr (requires { unclamped.act_min; }) {
    unclamped.act_min = -std::numeric_limits<float>::infinity();
    unclamped.act_max = std::numeric_limits<float>::infinity();
  }
  const auto magnitude = sums_of_magnitudes(family, &unclamped, in, y_count);
  const auto n = static_cast<size_t>(y_count);
  std::vector<float> want(n);
  bool intact = false;
  ASSERT_EQ(run_row(family.reference(), &params, pointers_to(in), {want.data()}, &intact), kOk);
  const double count = static_cast<double>(terms);
  family.each_usable(&params, [&](const Kernel& row) {
    if (row.approximate) return;  // has a bound and a test of its own
    std::vector<float> got(n + kGuard, kMark);
    ASSERT_EQ(run_row(row, &params, pointers_to(in), {got.data()}, &intact), kOk) << row.name;
    EXPECT_TRUE(intact) << row.name << " writes past its scratch or packed weights";
    for (size_t i = 0; i < n; ++i) {
      if (std::isnan(want[i]) && std::isnan(got[i])) continue;
      if (want[i] == got[i]) continue;
      const double bound =
          2 * gamma_of(count + 1) * magnitude[i] + 2 * count * std::ldexp(1.0, -149);
      ASSERT_LE(std::abs(double{got[i]} - double{want[i]}), bound)
          << row.name << " at " << i << ": " << got[i] << ", wanted " << want[i];
      ASSERT_TRUE(std::isfinite(magnitude[i])) << row.name << " at " << i;
    }
    for (size_t i = n; i < got.size(); ++i) ASSERT_EQ(got[i], kMark) << row.name << " past y";
  });
}

// A family whose second input is halves, against the same family of floats with these widened.
template <class Params>
void expect_half_rows_near(const Family& halves, const Family& floats, const Params& params,
                           FloatTensors in, int64_t y_count, int64_t terms) {
  std::vector<uint16_t> half;
  for (float& w : in[1]) {
    half.push_back(float_to_half(w));
    w = half_to_float(half.back());
  }
  Params unclamped = params;
  unclamped.act_min = -std::numeric_limits<float>::infinity();
  unclamped.act_max = std::numeric_limits<float>::infinity();
  const auto magnitude = sums_of_magnitudes(floats, &unclamped, in, y_count);
  std::vector<float> want(static_cast<size_t>(y_count));
  bool intact = false;
  run_row(floats.reference(), &params, pointers_to(in), {want.data()}, &intact);
  std::vector<const void*> pointers = pointers_to(in);
  pointers[1] = half.data();
  halves.each_usable(&params, [&](const Kernel& row) {
    std::vector<float> got(want.size());
    ASSERT_EQ(run_row(row, &params, pointers, {got.data()}, &intact), kOk) << row.name;
    EXPECT_TRUE(intact) << row.name << " writes past its scratch or packed weights";
    // Winograd's amplifies: its own test has the bound for any weights.
    const double growth = row.approximate ? 100 : 2;
    for (size_t i = 0; i < want.size(); ++i) {
      ASSERT_NEAR(got[i], want[i], growth * gamma_of(static_cast<double>(terms) + 1) * magnitude[i])
          << row.name << " at " << i;
      if (&row == &halves.reference()) {
        ASSERT_EQ(got[i], want[i]);
      }
    }
  });
}

// Values as they come, and now and then what arithmetic treats apart.
inline std::vector<float> special_floats(Random& r, int64_t n) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  constexpr float kSpecial[] = {
      0.0f,  -0.0f,  1e-40f, -1e-45f, 1e-38f,
      1e30f, -1e30f, kInf,   -kInf,   std::numeric_limits<float>::quiet_NaN()};
  std::vector<float> v = r.floats(n);
  for (float& x : v) {
    if (r.between(0, 60) == 0) x = kSpecial[r.between(0, 9)];
  }
  return v;
}

}  // namespace mote::kernels
