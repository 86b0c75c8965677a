#include "kernels/pool2d/pool2d.h"

#include "kernels/common/mac_test_util.h"
#include "kernels/pool2d/families.h"

namespace mote::kernels {
namespace {

MoteWindow random_pool(Random& r) {
  MoteWindow g = random_window(r, false);
  if (r.between(0, 7) == 0) {  // the whole image at once
    g.in_h = static_cast<int32_t>(r.between(1, 40));
    g.in_w = static_cast<int32_t>(r.between(1, 200));
    g.filter_h = g.in_h, g.filter_w = g.in_w;
    g.out_h = g.out_w = 1, g.pad_top = g.pad_left = 0;
  }
  g.in_c = g.out_c = static_cast<int32_t>(r.between(1, 130));
  return g;
}

int64_t x_count(const MoteWindow& g) { return int64_t{g.batches} * g.in_h * g.in_w * g.in_c; }
int64_t y_count(const MoteWindow& g) { return int64_t{g.batches} * g.out_h * g.out_w * g.in_c; }

TEST(Pool2d, RowsAgreeInFloat) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const MotePoolF32 p = {random_pool(r), r.coin() ? 0.0f : -3.4e38f, 3.4e38f};
    const auto x = r.floats(x_count(p.window));
    for (const Family* family : {&kAveragePoolF32, &kMaxPoolF32, &kL2PoolF32}) {
      expect_rows_agree(*family, &p, {x.data()}, y_count(p.window) * 4, 1e-6f);
    }
  }
}

TEST(Pool2d, RowsAgreeInIntegers) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    MotePoolInt p = {random_pool(r), static_cast<int32_t>(r.between(0, 2)), 0, 0};
    p.act_min = p.type == kMoteU8 ? 3 : p.type == kMoteI8 ? -100 : -30000;
    p.act_max = p.type == kMoteU8 ? 250 : p.type == kMoteI8 ? 127 : 32767;
    const auto x = random_elements(r, p.type, x_count(p.window));
    for (const Family* family : {&kAveragePoolInt, &kMaxPoolInt}) {
      expect_rows_agree(*family, &p, {x.data()}, element_bytes(p.type, y_count(p.window)));
    }
  }
}

// Means round half away from zero, by the number of pixels inside.
TEST(Pool2d, MeansRoundHalfAwayFromZero) {
  MotePoolInt p = {};
  p.window = {1, 1, 2, 4, 1, 1, 4, 1, 2, 1, 1, 1, 1, 0, 0};
  p.type = kMoteI8, p.act_min = -128, p.act_max = 127;
  const int8_t x[8] = {1, -1, 3, -128, 2, -2, 4, -127};
  int8_t y[4] = {};
  bool intact = false;
  run_row(kAveragePoolInt.rows[0], &p, {x}, {y}, &intact);
  EXPECT_EQ(y[0], 2);
  EXPECT_EQ(y[1], -2);
  EXPECT_EQ(y[2], 4);
  EXPECT_EQ(y[3], -128);
}

}  // namespace
}  // namespace mote::kernels
