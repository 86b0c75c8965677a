// Layers that move elements: reshaping, padding, cropping, repeating, enlarging.
#include <algorithm>

#include "import/keras/resample.h"
#include "import/keras/spatial.h"

namespace mote::keras {
namespace {

Arg flatten(Call& c) {
  const bool first = is_channels_first(c.config) && c.b.rank(c.input()) > 2;
  const ValueId x = to_channels_last(c.b, c.input(), first);
  int64_t features = 1;
  for (int axis = 1; axis < c.b.rank(x); ++axis) {
    const int64_t extent = c.b.shape(x)[axis];
    features = extent == kDynamic || features == kDynamic ? kDynamic : features * extent;
  }
  return Arg(c.b.reshape(x, {c.b.extent(x, 0), Extent(features)}));
}

Arg reshape(Call& c) {
  const ValueId x = c.input();
  std::vector<Extent> shape = {c.b.extent(x, 0)};
  int64_t known = 1, total = 1;
  for (const Config& item : c.config["target_shape"].items()) {
    const int64_t extent = item.is_null() ? kDynamic : item.as_integer("target_shape");
    shape.push_back(Extent(extent));
    if (extent != kDynamic) known *= extent;
  }
  // -1 is a number if the input's extents are.
  for (int axis = 1; axis < c.b.rank(x); ++axis) {
    const int64_t extent = c.b.shape(x)[axis];
    total = extent == kDynamic || total == kDynamic ? kDynamic : total * extent;
  }
  if (total != kDynamic && known > 0) {
    for (size_t i = 1; i < shape.size(); ++i) {
      if (shape[i].size == kDynamic) shape[i] = Extent(total / known);
    }
  }
  return Arg(c.b.reshape(x, shape));
}

Arg permute_axes(Call& c) {
  std::vector<int> perm = {0};
  for (const int64_t axis : c.config.integers("dims")) perm.push_back(static_cast<int>(axis));
  std::vector<int> sorted = perm;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != static_cast<int>(i)) fail_user("'dims' is not a permutation");
  }
  if (static_cast<int>(perm.size()) != c.b.rank(c.input())) {
    fail_user("'dims' has {} entries for an input of shape {}", perm.size() - 1,
              c.b.shape(c.input()).str());
  }
  return Arg(c.b.transpose(c.input(), perm));
}

Arg repeat_vector(Call& c) {
  return Arg(c.b.tile(c.b.expand(c.input(), 1), {1, c.config.integer("n"), 1}));
}

// Pairs for every axis, from those of the spatial ones.
std::vector<std::pair<int64_t, int64_t>> all_axes(const Call& c, std::string_view key,
                                                  size_t spatial) {
  std::vector<std::pair<int64_t, int64_t>> pairs = read_pairs(c.config, key, spatial);
  if (c.b.rank(c.input()) != static_cast<int>(spatial) + 2) {
    fail_user("needs an input of rank {}, and gets {}", spatial + 2, c.b.shape(c.input()).str());
  }
  const bool first = is_channels_first(c.config);
  pairs.insert(pairs.begin(), first ? 2 : 1, {0, 0});
  if (!first) pairs.emplace_back(0, 0);
  return pairs;
}

template <size_t spatial>
Arg zero_padding(Call& c) {
  return Arg(c.b.pad(c.input(), all_axes(c, "padding", spatial)));
}
template <size_t spatial>
Arg cropping(Call& c) {
  return Arg(crop(c.b, c.input(), all_axes(c, "cropping", spatial)));
}

// Every element along an axis `times` times.
ValueId repeat(GraphBuilder& b, ValueId x, int axis, int64_t times) {
  if (times == 1) return x;
  const Extent extent = b.extent(x, axis);
  std::vector<int64_t> multiples(static_cast<size_t>(b.rank(x)) + 1, 1);
  multiples[static_cast<size_t>(axis) + 1] = times;
  const ValueId tiled = b.tile(b.expand(x, axis + 1), multiples);
  std::vector<Extent> shape = b.extents(x);
  shape[static_cast<size_t>(axis)] = Extent(extent.of == kNoValue ? extent.size * times : kDynamic);
  return b.reshape(tiled, shape);
}

Arg up_sampling_1d(Call& c) {
  return Arg(repeat(c.b, c.input(), 1, c.config.integers("size", 1, 2)[0]));
}

ValueId enlarge(GraphBuilder& b, ValueId x, int64_t factor_h, int64_t factor_w,
                const std::string& how) {
  const int64_t height = b.shape(x)[1], width = b.shape(x)[2];
  if (height != kDynamic && width != kDynamic) {
    return resample(b, x, height * factor_h, width * factor_w, how);
  }
  if (how != "nearest") fail_unsupported("{} enlargement of an input of unknown size", how);
  return repeat(b, repeat(b, x, 1, factor_h), 2, factor_w);
}

Arg up_sampling_2d(Call& c) {
  const std::vector<int64_t> size = c.config.integers("size", 2, 2);
  const bool first = is_channels_first(c.config);
  const ValueId x = to_channels_last(c.b, c.input(), first);
  const ValueId y = enlarge(c.b, x, size[0], size[1], c.config.text("interpolation", "nearest"));
  return Arg(to_channels_first(c.b, y, first));
}

Arg up_sampling_3d(Call& c) {
  const std::vector<int64_t> size = c.config.integers("size", 3, 2);
  const bool first = is_channels_first(c.config);
  ValueId x = to_channels_last(c.b, c.input(), first);
  const Extent batch = c.b.extent(x, 0), depth = c.b.extent(x, 1);
  x = enlarge(c.b, merge_axes(c.b, x, 0), size[1], size[2], "nearest");
  const Extent height = c.b.extent(x, 1), width = c.b.extent(x, 2);
  // [batch, depth, height * width, channels], where depth is an axis that can be repeated.
  x = merge_axes(c.b, split_axis(c.b, x, 0, batch, depth), 2);
  x = split_axis(c.b, repeat(c.b, x, 1, size[0]), 2, height, width);
  return Arg(to_channels_first(c.b, x, first));
}

constexpr Importer kTable[] = {
    {"Flatten", flatten},
    {"Reshape", reshape},
    {"Permute", permute_axes},
    {"RepeatVector", repeat_vector},
    {"ZeroPadding1D", zero_padding<1>},
    {"ZeroPadding2D", zero_padding<2>},
    {"ZeroPadding3D", zero_padding<3>},
    {"Cropping1D", cropping<1>},
    {"Cropping2D", cropping<2>},
    {"Cropping3D", cropping<3>},
    {"UpSampling1D", up_sampling_1d},
    {"UpSampling2D", up_sampling_2d},
    {"UpSampling3D", up_sampling_3d},
};

}  // namespace

std::span<const Importer> reshaping_layers() { return kTable; }

}  // namespace mote::keras
