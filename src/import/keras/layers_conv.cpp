// Convolutions. One-dimensional ones run as two-dimensional ones of height 1.
#include <algorithm>

#include "import/einsum.h"
#include "import/keras/activations.h"
#include "import/keras/spatial.h"

namespace mote::keras {
namespace {

struct Geometry {
  size_t rank = 2;  // spatial axes
  std::vector<int64_t> kernel, strides, dilation;
  std::string padding;  // valid, same, causal
  bool channels_first = false;
};

Geometry geometry_of(const Config& config, size_t rank) {
  Geometry g;
  g.rank = rank;
  g.kernel = config.integers("kernel_size", rank, 1);
  g.strides = config.integers("strides", rank, 1);
  g.dilation = config.integers("dilation_rate", rank, 1);
  g.padding = config.text("padding", "valid");
  g.channels_first = is_channels_first(config);
  for (const auto* list : {&g.kernel, &g.strides, &g.dilation}) {
    for (const int64_t n : *list) {
      if (n < 1 || n > 1 << 20) fail_user("a kernel size, stride or dilation of {}", n);
    }
  }
  if (g.padding != "valid" && g.padding != "same" && g.padding != "causal") {
    fail_user("padding '{}' is not known", g.padding);
  }
  return g;
}

void slots(Layer& layer) {
  add_slot(layer, "kernel", "vars/0");
  if (layer.config.flag("use_bias", true)) add_slot(layer, "bias", "vars/1");
}

void separable_slots(Layer& layer) {
  add_slot(layer, "depthwise", "vars/0");
  add_slot(layer, "pointwise", "vars/1");
  if (layer.config.flag("use_bias", true)) add_slot(layer, "bias", "vars/2");
}

ValueId bias_of(const Call& c) { return c.has_weight("bias") ? c.weight("bias") : kNoValue; }

Window window_of(const Geometry& g) {
  Window w;
  w.padding = g.padding == "same" ? Padding::same : Padding::valid;
  w.stride_h = g.rank == 2 ? g.strides[0] : 1;
  w.stride_w = g.strides[g.rank - 1];
  w.dilation_h = g.rank == 2 ? g.dilation[0] : 1;
  w.dilation_w = g.dilation[g.rank - 1];
  return w;
}

// [batch, time, channels] to [batch, 1, time, channels], padded on the left if causal.
ValueId to_image(GraphBuilder& b, ValueId x, const Geometry& g) {
  if (g.padding == "causal") {
    x = b.pad(x, {{0, 0}, {(g.kernel[0] - 1) * g.dilation[0], 0}, {0, 0}});
  }
  return g.rank == 1 ? b.expand(x, 1) : x;
}

ValueId from_image(GraphBuilder& b, ValueId y, const Geometry& g) {
  return g.rank == 1 ? b.squeeze(y, 1) : y;
}

Arg finish(Call& c, ValueId y, const Geometry& g) {
  return Arg(activate(c, c.config["activation"], to_channels_first(c.b, y, g.channels_first)));
}

void check_input(const Call& c, ValueId x, size_t rank) {
  if (c.b.rank(x) != static_cast<int>(rank) + 2) {
    fail_user("needs an input of rank {}, and gets {}", rank + 2, c.b.shape(x).str());
  }
}

// Kernel [(h,) w, in, out] to [out, h, w, in].
ValueId conv_weights(const Call& c, std::string_view role, size_t rank) {
  Shape shape;
  std::vector<float> kernel = c.elements(role, &shape);
  if (shape.rank() != static_cast<int>(rank) + 2) fail_user("a kernel of shape {}", shape.str());
  if (rank == 1) shape.insert(0, 1);
  kernel = permute(kernel, &shape, {3, 0, 1, 2});
  return c.b.constant(kernel, shape);
}

// Kernel [(h,) w, in, multiplier] to [1, h, w, in * multiplier].
ValueId depthwise_weights(const Call& c, std::string_view role, size_t rank, int64_t* multiplier) {
  Shape shape;
  const std::vector<float> kernel = c.elements(role, &shape);
  if (shape.rank() != static_cast<int>(rank) + 2) fail_user("a kernel of shape {}", shape.str());
  *multiplier = shape.back();
  const int64_t h = rank == 1 ? 1 : shape[0];
  return c.b.constant(kernel, Shape{1, h, shape.back(2), shape.back(1) * shape.back()});
}

template <size_t rank>
Arg conv(Call& c) {
  const Geometry g = geometry_of(c.config, rank);
  ValueId x = to_channels_last(c.b, c.input(), g.channels_first);
  check_input(c, x, rank);
  x = to_image(c.b, x, g);
  const ValueId y = c.b.conv_2d(x, conv_weights(c, "kernel", rank), bias_of(c), window_of(g));
  return finish(c, from_image(c.b, y, g), g);
}

Arg conv_3d(Call& c) {
  Geometry g = geometry_of(c.config, 3);
  const ValueId x = to_channels_last(c.b, c.input(), g.channels_first);
  check_input(c, x, 3);
  const auto i = [](int64_t n) { return static_cast<int32_t>(n); };
  const ValueId y = c.b.op("conv_3d", {x, c.weight("kernel"), bias_of(c)},
                           {{"padding", Enumerator{g.padding == "same" ? 0 : 1, {}}},
                            {"stride_d", i(g.strides[0])},
                            {"stride_h", i(g.strides[1])},
                            {"stride_w", i(g.strides[2])},
                            {"dilation_d", i(g.dilation[0])},
                            {"dilation_h", i(g.dilation[1])},
                            {"dilation_w", i(g.dilation[2])}});
  return finish(c, y, g);
}

template <size_t rank>
Arg depthwise(Call& c) {
  const Geometry g = geometry_of(c.config, rank);
  ValueId x = to_channels_last(c.b, c.input(), g.channels_first);
  check_input(c, x, rank);
  x = to_image(c.b, x, g);
  int64_t multiplier = 1;
  const ValueId weights = depthwise_weights(c, "kernel", rank, &multiplier);
  const ValueId y = c.b.depthwise_conv_2d(x, weights, bias_of(c), window_of(g), multiplier);
  return finish(c, from_image(c.b, y, g), g);
}

template <size_t rank>
Arg separable(Call& c) {
  const Geometry g = geometry_of(c.config, rank);
  ValueId x = to_channels_last(c.b, c.input(), g.channels_first);
  check_input(c, x, rank);
  x = to_image(c.b, x, g);
  int64_t multiplier = 1;
  const ValueId weights = depthwise_weights(c, "depthwise", rank, &multiplier);
  x = c.b.depthwise_conv_2d(x, weights, kNoValue, window_of(g), multiplier);
  const ValueId y = c.b.conv_2d(x, conv_weights(c, "pointwise", rank), bias_of(c), Window{});
  return finish(c, from_image(c.b, y, g), g);
}

// ---- transposed -------------------------------------------------------------------------------

// Output extent of one axis.
int64_t transposed_extent(int64_t in, int64_t kernel, int64_t stride, const std::string& padding,
                          std::optional<int64_t> output_padding) {
  if (!output_padding) {
    return padding == "same" ? in * stride : in * stride + std::max<int64_t>(kernel - stride, 0);
  }
  return (in - 1) * stride + (padding == "same" ? kernel % 2 : kernel) + *output_padding;
}

// A dilated kernel as a plain one with zeros between its elements. [h, w, out, in]
std::vector<float> dilate(const std::vector<float>& kernel, Shape* shape, int64_t dh, int64_t dw) {
  if (dh == 1 && dw == 1) return kernel;
  const int64_t h = (*shape)[0], w = (*shape)[1], inner = (*shape)[2] * (*shape)[3];
  const Shape wide{(h - 1) * dh + 1, (w - 1) * dw + 1, (*shape)[2], (*shape)[3]};
  std::vector<float> out(static_cast<size_t>(wide.elements()), 0.0f);
  for (int64_t i = 0; i < h; ++i) {
    for (int64_t j = 0; j < w; ++j) {
      const auto from = kernel.begin() + (i * w + j) * inner;
      std::copy(from, from + inner, out.begin() + (i * dh * wide[1] + j * dw) * inner);
    }
  }
  *shape = wide;
  return out;
}

template <size_t rank>
Arg conv_transpose(Call& c) {
  const Geometry g = geometry_of(c.config, rank);
  ValueId x = to_channels_last(c.b, c.input(), g.channels_first);
  check_input(c, x, rank);
  x = to_image(c.b, x, g);
  Shape shape;
  std::vector<float> kernel = c.elements("kernel", &shape);
  if (shape.rank() != static_cast<int>(rank) + 2) fail_user("a kernel of shape {}", shape.str());
  if (rank == 1) shape.insert(0, 1);
  const Window w = window_of(g);
  kernel = dilate(kernel, &shape, w.dilation_h, w.dilation_w);
  const int64_t kernel_h = shape[0], kernel_w = shape[1], channels = shape[2];
  kernel = permute(kernel, &shape, {2, 0, 1, 3});

  std::optional<int64_t> extra_h, extra_w;
  if (c.config.has("output_padding")) {
    const std::vector<int64_t> extra = c.config.integers("output_padding", rank, 0);
    if (rank == 2) extra_h = extra[0];
    extra_w = extra[rank - 1];
  }
  const int64_t in_h = c.b.shape(x)[1], in_w = c.b.shape(x)[2];
  if (in_h == kDynamic || in_w == kDynamic) {
    fail_unsupported("a transposed convolution of an input of unknown size; give Input a shape");
  }
  const int64_t out_h = transposed_extent(in_h, kernel_h, w.stride_h, g.padding, extra_h);
  const int64_t out_w = transposed_extent(in_w, kernel_w, w.stride_w, g.padding, extra_w);
  const std::vector<Extent> out = {c.b.extent(x, 0), Extent(out_h), Extent(out_w),
                                   Extent(channels)};
  std::vector<ValueId> inputs = {c.b.shape_value(out), c.b.constant(kernel, shape), x};
  if (c.has_weight("bias")) inputs.push_back(c.weight("bias"));
  const ValueId y =
      c.b.op("transpose_conv", std::move(inputs),
             {{"padding", Enumerator{static_cast<int32_t>(w.padding), {}}},
              {"stride_h", static_cast<int32_t>(w.stride_h)},
              {"stride_w", static_cast<int32_t>(w.stride_w)}},
             TensorType{DType::f32, Shape{c.b.shape(x)[0], out_h, out_w, channels}, {}});
  return finish(c, from_image(c.b, y, g), g);
}

constexpr Importer kTable[] = {
    {"Conv1D", conv<1>, slots},
    {"Conv2D", conv<2>, slots},
    {"Conv3D", conv_3d, slots},
    {"Convolution1D", conv<1>, slots},
    {"Convolution2D", conv<2>, slots},
    {"DepthwiseConv1D", depthwise<1>, slots},
    {"DepthwiseConv2D", depthwise<2>, slots},
    {"SeparableConv1D", separable<1>, separable_slots},
    {"SeparableConv2D", separable<2>, separable_slots},
    {"Conv1DTranspose", conv_transpose<1>, slots},
    {"Conv2DTranspose", conv_transpose<2>, slots},
};

}  // namespace

std::span<const Importer> conv_layers() { return kTable; }

}  // namespace mote::keras
