#include "kernels/quantize_rows/quantize_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/common/row_runner.h"
#include "kernels/quantize_rows/families.h"

namespace mote::kernels {
namespace {

struct Quantized {
  std::vector<int8_t> y;
  std::vector<float> scale;
  std::vector<int32_t> zero;
};

Quantized quantize(const Kernel& row, const MoteQuantizeRows& p, const std::vector<float>& x) {
  Quantized q = {std::vector<int8_t>(x.size()), std::vector<float>(static_cast<size_t>(p.rows)),
                 std::vector<int32_t>(static_cast<size_t>(p.rows))};
  bool intact = false;
  EXPECT_EQ(run_row(row, &p, {x.data()}, {q.y.data(), q.scale.data(), q.zero.data()}, &intact),
            kOk);
  EXPECT_TRUE(intact);
  return q;
}

void expect_rows_agree(const MoteQuantizeRows& p, const std::vector<float>& x) {
  const Quantized want = quantize(kQuantizeRows.rows.back(), p, x);
  for (const Kernel& row : kQuantizeRows.rows) {
    const Quantized got = quantize(row, p, x);
    EXPECT_EQ(got.y, want.y) << row.name;
    EXPECT_EQ(got.scale, want.scale) << row.name;
    EXPECT_EQ(got.zero, want.zero) << row.name;
  }
}

TEST(QuantizeRows, RowsAgree) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const MoteQuantizeRows p = {r.between(1, 5), r.between(1, 500), r.coin(), 0};
    const float high = std::exp2(r.real(-20, 20));
    expect_rows_agree(p, r.floats(p.rows * p.size, r.coin() ? 0 : -high * r.real(0, 2), high));
  }
}

// Values that fall on halves of the grid, and next to them.
TEST(QuantizeRows, RowsAgreeOnHalves) {
  for (const float scale : {1.0f, 0.1f, 0.0078125f}) {
    std::vector<float> x = {127 * scale};
    for (int i = -127; i < 127; ++i) {
      const float half = (static_cast<float>(i) + 0.5f) * scale;
      for (const float v : {half, std::nextafter(half, -1e9f), std::nextafter(half, 1e9f)})
        x.push_back(v);
    }
    expect_rows_agree({1, static_cast<int64_t>(x.size()), 0, 0}, x);
    expect_rows_agree({1, static_cast<int64_t>(x.size()), 1, 0}, x);
  }
}

TEST(QuantizeRows, RowsAgreeOnOddValues) {
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              infinity = std::numeric_limits<float>::infinity();
  for (const std::vector<float>& x : {std::vector<float>{0, -0.0f, 0, 0},
                                      {1e-45f, 0, 1e-44f, 0},
                                      {nan, 1, -1, 2},
                                      {infinity, 1, -1, 2},
                                      {-infinity, 1, 0, infinity},
                                      {3e38f, -3e38f, 1, 0}}) {
    expect_rows_agree({1, 4, 0, 0}, x);
    expect_rows_agree({1, 4, 1, 0}, x);
  }
}

TEST(QuantizeRows, KnownRows) {
  const Quantized q = quantize(kQuantizeRows.rows[0], {2, 4, 1, 0}, {0, 1, 2, 2.55f, 0, 0, 0, 0});
  EXPECT_EQ(q.zero, (std::vector<int32_t>{-128, 0}));
  EXPECT_EQ(q.scale, (std::vector<float>{0.01f, 1}));
  EXPECT_EQ(q.y, (std::vector<int8_t>{-128, -28, 72, 127, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace mote::kernels
