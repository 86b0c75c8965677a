#include "kernels/depthwise_conv2d/depthwise_conv2d.h"

#include "kernels/common/float_test_util.h"
#include "kernels/common/mac_test_util.h"
#include "kernels/depthwise_conv2d/families.h"

namespace mote::kernels {
namespace {

struct Sizes {
  MoteWindow window;
  int64_t x, w, y;
};

Sizes random_sizes(Random& r) {
  Sizes s = {};
  s.window = random_window(r, true);
  MoteWindow& g = s.window;
  if (r.between(0, 7) == 0) {  // wide and long filters
    g.in_w = static_cast<int32_t>(r.between(30, 90));
    g.filter_w = static_cast<int32_t>(r.between(1, 13));
    g.out_w = (g.in_w + g.stride_w - 1) / g.stride_w;
    g.pad_left = static_cast<int32_t>(r.between(0, int64_t{g.dilation_w} * (g.filter_w - 1) / 2));
    if (r.coin()) {  // one pixel wide instead
      g.in_h = g.in_w, g.out_h = g.out_w, g.filter_h = g.filter_w, g.pad_top = g.pad_left;
      g.stride_h = g.stride_w, g.dilation_h = g.dilation_w;
      g.in_w = g.out_w = g.filter_w = 1, g.pad_left = 0;
    }
  }
  g.in_c = static_cast<int32_t>(r.between(0, 3) == 0 ? 1 : r.between(1, 70));
  g.out_c = g.in_c * static_cast<int32_t>(r.coin() ? 1 : r.between(1, 5));
  if (r.between(0, 5) == 0) {  // one output pixel whose window lies in x
    g.out_h = g.out_w = 1, g.pad_top = g.pad_left = 0;
    g.in_h = (g.filter_h - 1) * g.dilation_h + static_cast<int32_t>(r.between(1, 2));
    g.in_w = (g.filter_w - 1) * g.dilation_w + static_cast<int32_t>(r.between(1, 2));
    g.in_c = g.out_c = 16 * static_cast<int32_t>(r.between(1, 5));
  }
  s.x = int64_t{g.batches} * g.in_h * g.in_w * g.in_c;
  s.w = int64_t{g.filter_h} * g.filter_w * g.out_c;
  s.y = int64_t{g.batches} * g.out_h * g.out_w * g.out_c;
  return s;
}

TEST(DepthwiseConv2d, RowsAgreeInFloat) {
  for (uint32_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const Sizes s = random_sizes(r);
    const MoteDepthwiseF32 p = {s.window, r.coin() ? -1.0f : -3.4e38f, r.coin() ? 1.0f : 3.4e38f};
    FloatTensors in = {r.floats(s.x), r.floats(s.w), {}};
    if (r.coin()) in[2] = r.floats(s.window.out_c);
    expect_rows_near(kDepthwiseConv2dF32, p, in, s.y,
                     int64_t{s.window.filter_h} * s.window.filter_w + 1);
  }
}

TEST(DepthwiseConv2d, RowsAgreeInIntegers) {
  for (uint32_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const Sizes s = random_sizes(r);
    const IntTensors t =
        random_int(r, s.x, s.w, s.window.out_c, int64_t{s.window.filter_h} * s.window.filter_w);
    const MoteDepthwiseInt p = {s.window, t.mac};
    expect_rows_agree(kDepthwiseConv2dInt, &p,
                      {t.x.data(), t.w.data(), t.bias_data(), t.first.data(), t.second_data()},
                      element_bytes(t.mac.y_type, s.y));
  }
}

TEST(DepthwiseConv2d, RowsAgreeInHybrid) {
  for (uint32_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const Sizes s = random_sizes(r);
    const int32_t type = r.coin() ? kMoteI8 : kMoteI4;
    const MoteDepthwiseHybrid p = {s.window, {type, 0, -3.4e38f, 3.4e38f}};
    const auto x = r.ints<int8_t>(s.x, -128, 127);
    const auto w = random_elements(r, type, s.w);
    const auto bias = r.floats(s.window.out_c), w_scale = r.floats(s.window.out_c, 0.001f, 0.1f);
    const auto x_scale = r.floats(s.window.batches, 0.001f, 0.1f);
    const auto x_zero = r.ints<int32_t>(s.window.batches, -128, 127);
    expect_rows_agree(
        kDepthwiseConv2dHybrid, &p,
        {x.data(), w.data(), bias.data(), w_scale.data(), x_scale.data(), x_zero.data()}, s.y * 4);
  }
}

}  // namespace
}  // namespace mote::kernels
