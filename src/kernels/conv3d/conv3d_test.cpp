#include "kernels/conv3d/conv3d.h"

#include "kernels/common/float_test_util.h"
#include "kernels/conv3d/families.h"

namespace mote::kernels {
namespace {

MoteConv3d random_conv3d(Random& r, bool transposed) {
  MoteConv3d p = {};
  p.batches = static_cast<int32_t>(r.between(1, 2));
  p.in_c = static_cast<int32_t>(r.between(1, 9));
  p.out_c = static_cast<int32_t>(r.between(1, 24));
  p.act_min = -3.4e38f, p.act_max = 3.4e38f;
  for (int axis = 0; axis < 3; ++axis) {
    p.filter[axis] = static_cast<int32_t>(r.between(1, 3));
    p.stride[axis] = static_cast<int32_t>(r.between(1, 2));
    p.dilation[axis] = static_cast<int32_t>(r.between(1, 2));
    const auto large = static_cast<int32_t>(r.between(1, 7));
    const int32_t span = (p.filter[axis] - 1) * p.dilation[axis] + 1;
    const int32_t small = (large + p.stride[axis] - 1) / p.stride[axis];
    p.pad[axis] = std::max(0, (small - 1) * p.stride[axis] + span - large) / 2;
    p.in[axis] = transposed ? small : large;
    p.out[axis] = transposed ? large : small;
  }
  return p;
}

void expect_agree(const Family& family, bool transposed) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const MoteConv3d p = random_conv3d(r, transposed);
    const int64_t taps = int64_t{p.filter[0]} * p.filter[1] * p.filter[2];
    const int64_t x_count = int64_t{p.batches} * p.in[0] * p.in[1] * p.in[2] * p.in_c;
    const auto bias = r.coin() ? r.floats(p.out_c) : std::vector<float>{};
    expect_rows_near(family, p,
                     {seed % 4 == 0 ? special_floats(r, x_count) : r.floats(x_count),
                      r.floats(taps * p.in_c * p.out_c), bias},
                     int64_t{p.batches} * p.out[0] * p.out[1] * p.out[2] * p.out_c,
                     taps * p.in_c + 1);
  }
}

TEST(Conv3d, RowsAgree) { expect_agree(kConv3dF32, false); }
TEST(Conv3d, TransposedRowsAgree) { expect_agree(kConv3dTransposeF32, true); }

}  // namespace
}  // namespace mote::kernels
