#include "kernels/fully_connected/fully_connected.h"

#include "kernels/common/float_test_util.h"
#include "kernels/common/mac_test_util.h"
#include "kernels/fully_connected/families.h"

namespace mote::kernels {
namespace {

TEST(FullyConnected, RowsAgreeInFloat) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const bool clamped = r.coin();
    const MoteFullyConnectedF32 p = {r.coin() ? r.between(1, 8) : r.between(1, 150),
                                     r.coin() ? r.between(1, 20) : r.between(1, 300),
                                     r.between(1, 80), clamped ? -1.0f : -3.4e38f,
                                     clamped ? 1.0f : 3.4e38f};
    const bool special = seed % 4 == 0;
    const auto x = special ? special_floats(r, p.rows * p.in_c) : r.floats(p.rows * p.in_c);
    const auto bias = r.coin() ? r.floats(p.out_c) : std::vector<float>{};
    expect_rows_near(kFullyConnectedF32, p, {x, r.floats(p.out_c * p.in_c), bias}, p.rows * p.out_c,
                     p.in_c + 1);
  }
}

TEST(FullyConnected, RowsAgreeInHalfWeights) {
  for (uint32_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const MoteFullyConnectedF32 p = {r.coin() ? r.between(1, 4) : r.between(4, 50),
                                     r.coin() ? r.between(1, 20) : r.between(1, 200),
                                     r.between(1, 70), -3.4e38f, 3.4e38f};
    const auto bias = r.coin() ? r.floats(p.out_c) : std::vector<float>{};
    expect_half_rows_near(kFullyConnectedF16, kFullyConnectedF32, p,
                          {r.floats(p.rows * p.in_c), r.floats(p.out_c * p.in_c), bias},
                          p.rows * p.out_c, p.in_c + 1);
  }
}

TEST(FullyConnected, RowsAgreeInIntegers) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    MoteFullyConnectedInt p = {r.between(1, 70), r.between(1, 700), r.between(1, 40), {}};
    IntTensors t = random_int(r, p.rows * p.in_c, p.out_c * p.in_c, p.out_c, p.in_c);
    if (r.coin()) shrink_weights(r, &t);
    p.mac = t.mac;
    expect_rows_agree(kFullyConnectedInt, &p,
                      {t.x.data(), t.w.data(), t.bias_data(), t.first.data(), t.second_data()},
                      element_bytes(t.mac.y_type, p.rows * p.out_c));
  }
}

TEST(FullyConnected, RowsAgreeInHybrid) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const int32_t type = r.coin() ? kMoteI8 : kMoteI4;
    const MoteFullyConnectedHybrid p = {
        r.between(1, 70), r.between(1, 200), r.between(1, 40), {type, 0, -3.4e38f, 3.4e38f}};
    const auto x = r.ints<int8_t>(p.rows * p.in_c, -128, 127);
    const auto w = random_elements(r, type, p.out_c * p.in_c);
    const auto bias = r.floats(p.out_c), w_scale = r.floats(p.out_c, 0.001f, 0.1f);
    const auto x_scale = r.floats(p.rows, 0.001f, 0.1f);
    const auto x_zero = r.ints<int32_t>(p.rows, -128, 127);
    expect_rows_agree(
        kFullyConnectedHybrid, &p,
        {x.data(), w.data(), bias.data(), w_scale.data(), x_scale.data(), x_zero.data()},
        p.rows * p.out_c * 4);
  }
}

// The rounding of the official kernel: half away from zero of a double product, no fixed point.
TEST(FullyConnected, RoundsHalvesAwayFromZero) {
  const MoteFullyConnectedInt p = {
      1, 1, 4, {kMoteI8, kMoteI8, kMoteI8, 0, 0, 0, -128, 127, kMoteExact32}};
  const int8_t x[1] = {1}, w[4] = {1, -1, 3, -3};
  const double scale[4] = {0.5, 0.5, 0.5, 0.5};
  for (const Kernel& row : kFullyConnectedInt.rows) {
    if (row.declines && row.declines(&p)) continue;
    int8_t y[4] = {};
    bool intact = false;
    run_row(row, &p, {x, w, nullptr, scale, nullptr}, {y}, &intact);
    EXPECT_EQ(y[0], 1);
    EXPECT_EQ(y[1], -1);
    EXPECT_EQ(y[2], 2);
    EXPECT_EQ(y[3], -2);
  }
}

}  // namespace
}  // namespace mote::kernels
