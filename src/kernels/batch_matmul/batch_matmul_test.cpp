#include "kernels/batch_matmul/batch_matmul.h"

#include "kernels/batch_matmul/families.h"
#include "kernels/common/float_test_util.h"
#include "kernels/common/mac_test_util.h"

namespace mote::kernels {
namespace {

struct Sizes {
  MoteBatchMatmulShape shape;
  int64_t x_matrices, w_matrices, y;
};

Sizes random_sizes(Random& r, bool transpose_x) {
  Sizes s = {};
  MoteBatchMatmulShape& m = s.shape;
  m.rows = r.between(1, 20), m.depth = r.between(1, 40), m.columns = r.between(1, 40);
  m.transpose_x = transpose_x, m.transpose_w = r.coin();
  s.x_matrices = s.w_matrices = 1;
  int64_t matrices = 1;
  for (int axis = kMoteBatchAxes - 1; axis >= 0; --axis) {
    m.batch[axis] = r.between(1, 3);
    matrices *= m.batch[axis];
    const int64_t kind = m.batch[axis] == 1 ? 0 : r.between(0, 2);
    m.x_stride[axis] = kind == 1 ? 0 : s.x_matrices;
    m.w_stride[axis] = kind == 2 ? 0 : s.w_matrices;
    if (kind != 1) s.x_matrices *= m.batch[axis];
    if (kind != 2) s.w_matrices *= m.batch[axis];
  }
  s.y = matrices * m.rows * m.columns;
  return s;
}

TEST(BatchMatmul, RowsAgreeInFloat) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const Sizes s = random_sizes(r, r.coin());
    const MoteBatchMatmulF32 p = {s.shape};
    const int64_t x_count = s.x_matrices * p.shape.rows * p.shape.depth;
    expect_rows_near(kBatchMatmulF32, p,
                     {seed % 4 == 0 ? special_floats(r, x_count) : r.floats(x_count),
                      r.floats(s.w_matrices * p.shape.columns * p.shape.depth)},
                     s.y, p.shape.depth);
  }
}

TEST(BatchMatmul, RowsAgreeInIntegers) {
  for (uint32_t seed = 0; seed < 250; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const Sizes s = random_sizes(r, r.coin());
    const int64_t kind = r.between(0, 3);  // int8, int16 x int8, int16 x int16, int8 -> int32
    const int32_t x_type = kind == 0 || kind == 3 ? kMoteI8 : kMoteI16,
                  w_type = kind == 2 ? kMoteI16 : kMoteI8;
    MoteBatchMatmulInt p = {s.shape, {}};
    p.mac = {x_type, w_type, kind == 3 ? kMoteI32 : x_type,
             0,      0,      0,
             0,      0,      kind == 1 || kind == 2 ? kMoteWide : kMoteTwice};
    if (kind == 0) p.mac.x_zero = -7, p.mac.w_zero = 11, p.mac.y_zero = 5;
    p.mac.act_min = x_type == kMoteI8 ? -128 : -32768,
    p.mac.act_max = x_type == kMoteI8 ? 127 : 32767;
    const auto x = random_elements(r, x_type, s.x_matrices * p.shape.rows * p.shape.depth);
    const auto w = random_elements(r, w_type, s.w_matrices * p.shape.columns * p.shape.depth);
    const int32_t multiplier = 1518500250, shift = kind == 2 ? -16 : -8;
    expect_rows_agree(kBatchMatmulInt, &p, {x.data(), w.data(), &multiplier, &shift},
                      element_bytes(p.mac.y_type, s.y));
  }
}

TEST(BatchMatmul, RowsAgreeInHybrid) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const Sizes s = random_sizes(r, false);
    const MoteBatchMatmulHybrid p = {s.shape};
    const int64_t rows = s.x_matrices * p.shape.rows;
    const auto x = r.ints<int8_t>(rows * p.shape.depth, -128, 127);
    const auto w = r.ints<int8_t>(s.w_matrices * p.shape.columns * p.shape.depth, -127, 127);
    const auto w_scale = r.floats(p.shape.columns, 0.001f, 0.1f),
               x_scale = r.floats(rows, 0.001f, 0.1f);
    auto x_zero = r.ints<int32_t>(rows, -128, 127);
    if (r.coin()) x_zero.assign(x_zero.size(), 0);
    expect_rows_agree(kBatchMatmulHybrid, &p,
                      {x.data(), w.data(), w_scale.data(), x_scale.data(), x_zero.data()}, s.y * 4);
  }
}

}  // namespace
}  // namespace mote::kernels
