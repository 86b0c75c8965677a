// conv2d, depthwise_conv2d, transpose_conv, conv3d: float, integer, hybrid.
#include "kernels/common/half.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/conv2d/families.h"
#include "kernels/conv3d/conv3d.h"
#include "kernels/conv3d/families.h"
#include "kernels/depthwise_conv2d/depthwise_conv2d.h"
#include "kernels/depthwise_conv2d/families.h"
#include "kernels/transpose_conv/families.h"
#include "kernels/transpose_conv/transpose_conv.h"
#include "mac_params.h"

namespace mote::kernels::shapes {
namespace {

constexpr int64_t kMacLimit = 400'000;  // products in one shape

struct Sizes {
  MoteWindow window;
  int32_t groups = 1;
  int64_t x, w, y;
  int64_t depth;  // products summed in one output
};

void set_counts(Sizes& s) {
  const MoteWindow& g = s.window;
  s.x = int64_t{g.batches} * g.in_h * g.in_w * g.in_c;
  s.y = int64_t{g.batches} * g.out_h * g.out_w * g.out_c;
}

Sizes random_conv2d(Random& r) {
  Sizes s = {};
  s.window = random_window(r, {});
  MoteWindow& g = s.window;
  s.groups = r.one_in(6) ? r.between32(2, 4) : 1;
  const int64_t taps = int64_t{g.filter_h} * g.filter_w;
  const bool pointwise = taps == 1;
  auto depth = static_cast<int32_t>(r.extent(pointwise ? 512 : 96));
  g.out_c = static_cast<int32_t>(r.extent(pointwise ? 200 : 64)) * s.groups;
  if (g.out_c > 64 * s.groups && depth > 128) g.out_c = 40 * s.groups;
  while (taps * depth * g.out_c > 120'000 && depth > 1) depth = (depth + 1) / 2;
  g.in_c = depth * s.groups;
  if (r.one_in(100)) g.out_c = 0;
  s.depth = taps * depth;
  shrink_window(g, kMacLimit,
                [&] { return int64_t{g.batches} * g.out_h * g.out_w * g.out_c * s.depth; });
  s.w = s.depth * g.out_c;
  set_counts(s);
  return s;
}

Sizes random_depthwise(Random& r) {
  Sizes s = {};
  s.window = random_window(r, {});
  MoteWindow& g = s.window;
  g.in_c = static_cast<int32_t>(r.extent(200));
  g.out_c = g.in_c * (r.one_in(4) ? r.between32(2, 5) : 1);
  s.depth = int64_t{g.filter_h} * g.filter_w;
  shrink_window(g, kMacLimit,
                [&] { return int64_t{g.batches} * g.out_h * g.out_w * g.out_c * s.depth; });
  s.w = s.depth * g.out_c;
  set_counts(s);
  return s;
}

Sizes random_transpose_conv(Random& r) {
  Sizes s = {};
  s.window = random_window(r, {.dilated = false});
  MoteWindow& g = s.window;
  std::swap(g.in_h, g.out_h);
  std::swap(g.in_w, g.out_w);
  g.in_c = static_cast<int32_t>(r.extent(64));
  g.out_c = static_cast<int32_t>(r.extent(48));
  const int64_t taps = int64_t{g.filter_h} * g.filter_w;
  const auto cost = [&] { return int64_t{g.batches} * g.in_h * g.in_w * g.in_c * g.out_c * taps; };
  while (cost() > kMacLimit && g.out_c > 1) g.out_c = (g.out_c + 1) / 2;
  while (cost() > kMacLimit && g.in_c > 1) g.in_c = (g.in_c + 1) / 2;
  s.depth = taps * g.in_c;
  s.w = s.depth * g.out_c;
  set_counts(s);
  return s;
}

template <class Params>
Params window_params(const Sizes& s) {
  Params p = {};
  p.window = s.window;
  if constexpr (requires { p.groups; }) p.groups = s.groups;
  return p;
}

std::string text_of(const Sizes& s) {
  return shapes::text_of(s.window) + ", groups " + std::to_string(s.groups);
}

std::vector<float> floats_of(const Input& input) {
  if (input.element_bytes == 4) return elements_of<float>(input.bytes);
  std::vector<float> values;
  for (const uint16_t half : elements_of<uint16_t>(input.bytes)) {
    values.push_back(mote_half_to_f32(half));
  }
  return values;
}

// The largest finite magnitude among floats; below 0 if one is not finite.
double largest(const Input& input) {
  double size = 0;
  for (const float v : floats_of(input)) {
    if (!std::isfinite(v)) return -1;
    size = std::max(size, std::fabs(static_cast<double>(v)));
  }
  return size;
}

// F(2x2, 3x3) and F(4x4, 3x3) with points 0, +-1, +-2: with |A|, |G|, |B| the sums of the sizes of
// the transforms' entries, one output is off by at most gamma(n) * 48^2 * depth * max |x| max |w|.
// 48 = max over rows i of A^T of sum_k |A_ik| (sum_j |G_kj|) (sum_j |B_kj|) for the larger one; n
// counts the roundings of one output: the depth's sum and 2 * (4 + 3 + 6) of the transforms.
double winograd_bound(const Case& c, int64_t depth) {
  const double x = largest(c.in[0]), w = largest(c.in[1]);
  if (x < 0 || w < 0) return -1;
  const auto n = static_cast<double>(depth);
  return 2 * gamma(depth + 30) * 48 * 48 * n * x * w + 2 * gamma(2) * n * 9 * x * w +
         (n + 30) * 0x1p-128;
}

template <class Params, class Draw>
auto float_window(const Draw& draw, bool half_weights = false) {
  return [draw, half_weights](Random& r, Case& c) {
    const Sizes s = draw(r);
    auto p = window_params<Params>(s);
    add_float_tensors(r, c, s.x, s.w, s.window.out_c, half_weights);
    c.add_output(s.y, 4, true);
    p.act_min = -kInfinity, p.act_max = kInfinity;
    if (c.in[2].absent) {
      bound_by_sizes(c, p, {0, 1}, s.depth);
    } else {
      bound_by_sizes(c, p, {0, 1, 2}, s.depth + 1);
    }
    c.out[0].winograd_bound = winograd_bound(c, s.depth / (s.window.filter_h * s.window.filter_w));
    const Clamp clamp = random_clamp(r);
    p.act_min = clamp.low, p.act_max = clamp.high;
    c.set_params(p);
    c.text = text_of(s);
  };
}

template <class Params, class Draw>
auto int_window(const Draw& draw) {
  return [draw](Random& r, Case& c) {
    const Sizes s = draw(r);
    auto p = window_params<Params>(s);
    p.mac = random_arithmetic(r).mac;
    add_int_tensors(r, c, p.mac, s.x, s.w, s.window.out_c, s.depth);
    c.add_output(s.y, bytes_of_type(p.mac.y_type));
    c.set_params(p);
    c.text = text_of(s) + ", " + shapes::text_of(p.mac);
  };
}

// transpose_conv_hybrid scales every product by itself, in float: the rows scale the exact sum.
void bound_scaled_products(Case& c, const Sizes& s, int32_t w_type) {
  const auto scales = [&](size_t i) { return elements_of<float>(c.in[i].bytes); };
  const std::vector<float> w_scale = scales(3), x_scale = scales(4);
  const auto bias = scales(2);
  const double product = 255.0 * (w_type == kMoteI4 ? 8 : 128);
  const auto n = static_cast<double>(s.depth);
  const auto channels = static_cast<size_t>(s.window.out_c);
  for (size_t i = 0; i < c.out[0].size_bytes / 4; ++i) {
    const size_t batch =
        i / channels / static_cast<size_t>(s.window.out_h) / static_cast<size_t>(s.window.out_w);
    const double scale =
        static_cast<double>(w_scale[i % channels]) * static_cast<double>(x_scale[batch]);
    const double add = bias.empty() ? 0 : std::fabs(static_cast<double>(bias[i % channels]));
    c.out[0].bound.push_back(2 * gamma(s.depth + 4) * (n * product * scale + add));
  }
}

template <class Params, class Draw>
auto hybrid_window(const Draw& draw) {
  return [draw](Random& r, Case& c) {
    const Sizes s = draw(r);
    auto p = window_params<Params>(s);
    const Clamp clamp = random_clamp(r);
    p.mac = {r.coin() ? kMoteI8 : kMoteI4, r.coin() ? 1 : 0, clamp.low, clamp.high};
    add_hybrid_tensors(r, c, p.mac.w_type, s.x, s.w, s.window.out_c, s.window.batches);
    c.add_output(s.y, 4, true);
    c.set_params(p);
    if (c.family == &kTransposeConvHybrid) bound_scaled_products(c, s, p.mac.w_type);
    c.text = text_of(s) + ", weights " + std::to_string(p.mac.w_type);
  };
}

MoteConv3d random_conv3d(Random& r) {
  MoteConv3d p = {};
  p.batches = r.between32(1, 2);
  p.in_c = static_cast<int32_t>(r.extent(24));
  p.out_c = static_cast<int32_t>(r.extent(24));
  for (int axis = 0; axis < 3; ++axis) {
    p.in[axis] = r.between32(1, 6);
    p.filter[axis] = r.between32(1, 3);
    p.stride[axis] = r.between32(1, 2);
    p.dilation[axis] = r.one_in(4) ? 2 : 1;
    const int32_t span = (p.filter[axis] - 1) * p.dilation[axis] + 1;
    p.out[axis] = (p.in[axis] + p.stride[axis] - 1) / p.stride[axis];
    p.pad[axis] = std::max(0, (p.out[axis] - 1) * p.stride[axis] + span - p.in[axis]) / 2;
  }
  return p;
}

void conv3d(Random& r, Case& c, bool transposed) {
  MoteConv3d p = random_conv3d(r);
  if (transposed) {
    for (int axis = 0; axis < 3; ++axis) std::swap(p.in[axis], p.out[axis]);
  }
  const auto volume = [](const int32_t* e) { return int64_t{e[0]} * e[1] * e[2]; };
  const int64_t taps = volume(p.filter);
  while (volume(p.in) * taps * p.in_c * p.out_c > kMacLimit && p.in_c * p.out_c > 1) {
    (p.in_c > p.out_c ? p.in_c : p.out_c) /= 2;
  }
  add_float_tensors(r, c, p.batches * volume(p.in) * p.in_c, taps * p.in_c * p.out_c, p.out_c);
  c.add_output(p.batches * volume(p.out) * p.out_c, 4, true);
  p.act_min = -kInfinity, p.act_max = kInfinity;
  if (c.in[2].absent) {
    bound_by_sizes(c, p, {0, 1}, taps * p.in_c);
  } else {
    bound_by_sizes(c, p, {0, 1, 2}, taps * p.in_c + 1);
  }
  const Clamp clamp = random_clamp(r);
  p.act_min = clamp.low, p.act_max = clamp.high;
  c.set_params(p);
}

}  // namespace

void add_mac_generators(std::vector<Generator>& all) {
  all.push_back({&kConv2dF32, 1500, float_window<MoteConv2dF32>(random_conv2d)});
  all.push_back({&kConv2dF16, 600, float_window<MoteConv2dF32>(random_conv2d, true)});
  all.push_back({&kConv2dInt, 2600, int_window<MoteConv2dInt>(random_conv2d)});
  all.push_back({&kConv2dHybrid, 500, hybrid_window<MoteConv2dHybrid>(random_conv2d)});
  all.push_back({&kDepthwiseConv2dF32, 1000, float_window<MoteDepthwiseF32>(random_depthwise)});
  all.push_back({&kDepthwiseConv2dInt, 1800, int_window<MoteDepthwiseInt>(random_depthwise)});
  all.push_back(
      {&kDepthwiseConv2dHybrid, 300, hybrid_window<MoteDepthwiseHybrid>(random_depthwise)});
  all.push_back(
      {&kTransposeConvF32, 500, float_window<MoteTransposeConvF32>(random_transpose_conv)});
  all.push_back({&kTransposeConvInt, 700, int_window<MoteTransposeConvInt>(random_transpose_conv)});
  all.push_back(
      {&kTransposeConvHybrid, 200, hybrid_window<MoteTransposeConvHybrid>(random_transpose_conv)});
  all.push_back({&kConv3dF32, 200, [](Random& r, Case& c) { conv3d(r, c, false); }});
  all.push_back({&kConv3dTransposeF32, 200, [](Random& r, Case& c) { conv3d(r, c, true); }});
}

}  // namespace mote::kernels::shapes
