#include "kernels/transpose_conv/transpose_conv.h"

#include "kernels/common/float_test_util.h"
#include "kernels/common/mac_test_util.h"
#include "kernels/transpose_conv/families.h"

namespace mote::kernels {
namespace {

struct Sizes {
  MoteWindow window;
  int64_t x, w, y, depth;
};

Sizes random_sizes(Random& r) {
  Sizes s = {};
  s.window = transposed(random_window(r, false));
  MoteWindow& g = s.window;
  g.in_c = static_cast<int32_t>(r.between(1, 20));
  g.out_c = static_cast<int32_t>(r.between(1, 20));
  s.depth = int64_t{g.filter_h} * g.filter_w * g.in_c;
  s.x = int64_t{g.batches} * g.in_h * g.in_w * g.in_c;
  s.w = s.depth * g.out_c;
  s.y = int64_t{g.batches} * g.out_h * g.out_w * g.out_c;
  return s;
}

TEST(TransposeConv, RowsAgreeInFloat) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const Sizes s = random_sizes(r);
    const MoteTransposeConvF32 p = {s.window, -3.4e38f, r.coin() ? 1.0f : 3.4e38f};
    const auto bias = r.coin() ? r.floats(s.window.out_c) : std::vector<float>{};
    expect_rows_near(kTransposeConvF32, p,
                     {seed % 4 == 0 ? special_floats(r, s.x) : r.floats(s.x), r.floats(s.w), bias},
                     s.y, s.depth + 1);
  }
}

TEST(TransposeConv, RowsAgreeInIntegers) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const Sizes s = random_sizes(r);
    const IntTensors t = random_int(r, s.x, s.w, s.window.out_c, s.depth);
    const MoteTransposeConvInt p = {s.window, t.mac};
    expect_rows_agree(kTransposeConvInt, &p,
                      {t.x.data(), t.w.data(), t.bias_data(), t.first.data(), t.second_data()},
                      element_bytes(t.mac.y_type, s.y));
  }
}

TEST(TransposeConv, RowsAgreeInHybrid) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const Sizes s = random_sizes(r);
    const int32_t type = r.coin() ? kMoteI8 : kMoteI4;
    const MoteTransposeConvHybrid p = {s.window, {type, 0, -3.4e38f, 3.4e38f}};
    const auto x = r.ints<int8_t>(s.x, -128, 127);
    const auto w = random_elements(r, type, s.w);
    const auto bias = r.floats(s.window.out_c), w_scale = r.floats(s.window.out_c, 0.001f, 0.1f);
    const auto x_scale = r.floats(s.window.batches, 0.001f, 0.1f);
    const auto x_zero = r.ints<int32_t>(s.window.batches, -128, 127);
    expect_rows_agree(
        kTransposeConvHybrid, &p,
        {x.data(), w.data(), bias.data(), w_scale.data(), x_scale.data(), x_zero.data()}, s.y * 4,
        1e-5f);
  }
}

}  // namespace
}  // namespace mote::kernels
