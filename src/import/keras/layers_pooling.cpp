// Pooling, local and global.
#include "import/keras/spatial.h"

namespace mote::keras {
namespace {

struct Pool {
  std::vector<int64_t> size, strides;
  Padding padding = Padding::valid;
  bool channels_first = false;
};

Pool pool_of(const Config& config, size_t rank) {
  Pool p;
  p.size = config.integers("pool_size", rank, 2);
  p.strides = config.has("strides") ? config.integers("strides", rank, 1) : p.size;
  const std::string padding = config.text("padding", "valid");
  if (padding != "valid" && padding != "same") fail_user("padding '{}' is not known", padding);
  p.padding = padding == "same" ? Padding::same : Padding::valid;
  p.channels_first = is_channels_first(config);
  for (const auto* list : {&p.size, &p.strides}) {
    for (const int64_t n : *list) {
      if (n < 1 || n > 1 << 20) fail_user("a pool size or stride of {}", n);
    }
  }
  return p;
}

ValueId pool_axes(GraphBuilder& b, const char* op, ValueId x, const Pool& p, int64_t size_h,
                  int64_t size_w, int64_t stride_h, int64_t stride_w) {
  if (size_h == 1 && size_w == 1 && stride_h == 1 && stride_w == 1) return x;
  Window w;
  w.padding = p.padding;
  w.size_h = size_h;
  w.size_w = size_w;
  w.stride_h = stride_h;
  w.stride_w = stride_w;
  return b.pool_2d(op, x, w);
}

// Depth after height and width: the maximum, and the mean even at the edges, is that of the parts.
ValueId pool_3d(GraphBuilder& b, const char* op, ValueId x, const Pool& p) {
  const Extent batch = b.extent(x, 0), depth = b.extent(x, 1);
  ValueId y = merge_axes(b, x, 0);
  y = pool_axes(b, op, y, p, p.size[1], p.size[2], p.strides[1], p.strides[2]);
  const Extent height = b.extent(y, 1), width = b.extent(y, 2);
  y = merge_axes(b, split_axis(b, y, 0, batch, depth), 2);
  y = pool_axes(b, op, y, p, p.size[0], 1, p.strides[0], 1);
  return split_axis(b, y, 2, height, width);
}

template <size_t rank>
Arg pool(Call& c, const char* op) {
  const Pool p = pool_of(c.config, rank);
  ValueId x = to_channels_last(c.b, c.input(), p.channels_first);
  if (c.b.rank(x) != static_cast<int>(rank) + 2) {
    fail_user("needs an input of rank {}, and gets {}", rank + 2, c.b.shape(x).str());
  }
  if constexpr (rank == 1) {
    x = pool_axes(c.b, op, c.b.expand(x, 1), p, 1, p.size[0], 1, p.strides[0]);
    x = c.b.squeeze(x, 1);
  } else if constexpr (rank == 2) {
    x = pool_axes(c.b, op, x, p, p.size[0], p.size[1], p.strides[0], p.strides[1]);
  } else {
    x = pool_3d(c.b, op, x, p);
  }
  return Arg(to_channels_first(c.b, x, p.channels_first));
}

template <size_t rank>
Arg max_pool(Call& c) {
  return pool<rank>(c, "max_pool_2d");
}
template <size_t rank>
Arg average_pool(Call& c) {
  return pool<rank>(c, "average_pool_2d");
}

Arg global(Call& c, const char* op) {
  const ValueId x = c.input();
  const int first = is_channels_first(c.config) ? 2 : 1;
  const int last = is_channels_first(c.config) ? c.b.rank(x) : c.b.rank(x) - 1;
  std::vector<int> axes;
  for (int axis = first; axis < last; ++axis) axes.push_back(axis);
  return Arg(c.b.reduce(op, x, axes, c.config.flag("keepdims", false)));
}

Arg global_max(Call& c) { return global(c, "reduce_max"); }
Arg global_average(Call& c) { return global(c, "mean"); }

// Masked steps do not count.
Arg global_average_1d(Call& c) {
  const Tensor x = c.tensor();
  const Tensor given = c.optional_tensor(1, "mask");
  const ValueId mask = given.id != kNoValue ? given.id : x.mask;
  if (mask == kNoValue) return global_average(c);
  const bool first = is_channels_first(c.config);
  const int steps = first ? 2 : 1;
  const ValueId weight = c.b.expand(c.b.cast(mask, DType::f32), first ? 1 : 2);
  const bool keep = c.config.flag("keepdims", false);
  const ValueId total = c.b.reduce("sum", c.b.mul(x.id, weight), {steps}, keep);
  return Arg(c.b.div(total, c.b.reduce("sum", weight, {steps}, keep)));
}

constexpr Importer kTable[] = {
    {"MaxPooling1D", max_pool<1>},
    {"MaxPooling2D", max_pool<2>},
    {"MaxPooling3D", max_pool<3>},
    {"AveragePooling1D", average_pool<1>},
    {"AveragePooling2D", average_pool<2>},
    {"AveragePooling3D", average_pool<3>},
    {"GlobalMaxPooling1D", global_max},
    {"GlobalMaxPooling2D", global_max},
    {"GlobalMaxPooling3D", global_max},
    {"GlobalAveragePooling1D", global_average_1d},
    {"GlobalAveragePooling2D", global_average},
    {"GlobalAveragePooling3D", global_average},
};

}  // namespace

std::span<const Importer> pooling_layers() { return kTable; }

}  // namespace mote::keras
