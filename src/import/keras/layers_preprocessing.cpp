// Preprocessing layers as operators of the graph.
#include <algorithm>
#include <cmath>

#include "import/keras/resample.h"
#include "import/keras/spatial.h"

namespace mote::keras {
namespace {

// A number, or one for each entry of the last axis.
ValueId factor(Call& c, std::string_view key, double otherwise) {
  const Config& value = c.config[key];
  if (!value.is_list()) return c.b.scalar(static_cast<float>(c.config.number(key, otherwise)));
  std::vector<float> values;
  for (const Config& item : value.items()) {
    values.push_back(static_cast<float>(item.as_number(key)));
  }
  return c.b.floats(values);
}

bool is_number(const Config& config, std::string_view key, double wanted, double otherwise) {
  return !config[key].is_list() && config.number(key, otherwise) == wanted;
}

Arg rescaling(Call& c) {
  ValueId y = c.b.cast(c.input(), DType::f32);
  if (!is_number(c.config, "scale", 1, 1)) y = c.b.mul(y, factor(c, "scale", 1));
  if (!is_number(c.config, "offset", 0, 0)) y = c.b.add(y, factor(c, "offset", 0));
  return Arg(y);
}

struct Box {
  int64_t top, left, height, width;
};

// The largest box in the middle of an image that has the wanted proportions.
Box proportional_box(int64_t height, int64_t width, int64_t target_h, int64_t target_w) {
  const auto part = [](int64_t a, int64_t b, int64_t by) {
    return static_cast<int64_t>(static_cast<float>(a * b) / static_cast<float>(by));
  };
  const int64_t h = std::max<int64_t>(std::min(height, part(width, target_h, target_w)), 1);
  const int64_t w = std::max<int64_t>(std::min(width, part(height, target_w, target_h)), 1);
  return {(height - h) / 2, (width - w) / 2, h, w};
}

ValueId cut(GraphBuilder& b, ValueId x, const Box& box) {
  const int64_t height = b.shape(x)[1], width = b.shape(x)[2];
  return crop(b, x,
              {{0, 0},
               {box.top, height - box.top - box.height},
               {box.left, width - box.left - box.width},
               {0, 0}});
}

struct Size {
  int64_t height, width;
};

Size target_of(const Config& config) {
  const Size size{config.integer("height"), config.integer("width")};
  constexpr int64_t kLargest = 1 << 16;
  if (size.height < 1 || size.width < 1 || size.height > kLargest || size.width > kLargest) {
    fail_user("a size of {} x {}", size.height, size.width);
  }
  return size;
}

void require_known(const Call& c, ValueId x) {
  if (c.b.rank(x) != 4 || c.b.shape(x)[1] == kDynamic || c.b.shape(x)[2] == kDynamic) {
    fail_unsupported("an input of shape {}; images of a known size are needed", c.b.shape(x).str());
  }
}

// Zeros (or another value) around the image until it has the wanted proportions.
ValueId pad_to(Call& c, ValueId x, const Size& target) {
  const int64_t height = c.b.shape(x)[1], width = c.b.shape(x)[2];
  const auto part = [](int64_t a, int64_t b, int64_t by) {
    return static_cast<int64_t>(static_cast<float>(a * b) / static_cast<float>(by));
  };
  const int64_t h = std::max(height, part(width, target.height, target.width));
  const int64_t w = std::max(width, part(height, target.width, target.height));
  const int64_t top = (h - height) / 2, left = (w - width) / 2;
  return c.b.pad(x, {{0, 0}, {top, top}, {left, left}, {0, 0}},
                 static_cast<float>(c.config.number("fill_value", 0)));
}

Arg resizing(Call& c) {
  const Size target = target_of(c.config);
  const bool first = is_channels_first(c.config);
  const DType dtype = c.b.dtype(c.input());
  ValueId x = to_channels_last(c.b, c.b.cast(c.input(), DType::f32), first);
  require_known(c, x);
  if (c.config.flag("crop_to_aspect_ratio", false)) {
    x = cut(c.b, x,
            proportional_box(c.b.shape(x)[1], c.b.shape(x)[2], target.height, target.width));
  } else if (c.config.flag("pad_to_aspect_ratio", false)) {
    x = pad_to(c, x, target);
  }
  x = resample(c.b, x, target.height, target.width, c.config.text("interpolation", "bilinear"),
               c.config.flag("antialias", false));
  if (dtype != DType::f32) x = c.b.cast(c.b.unary("round", x), dtype);
  return Arg(to_channels_first(c.b, x, first));
}

Arg center_crop(Call& c) {
  const Size target = target_of(c.config);
  const bool first = is_channels_first(c.config);
  ValueId x = to_channels_last(c.b, c.b.cast(c.input(), DType::f32), first);
  require_known(c, x);
  const int64_t height = c.b.shape(x)[1], width = c.b.shape(x)[2];
  if (height >= target.height && width >= target.width) {
    x = cut(
        c.b, x,
        {(height - target.height) / 2, (width - target.width) / 2, target.height, target.width});
  } else {  // a larger image than there is: the middle, enlarged
    x = cut(c.b, x, proportional_box(height, width, target.height, target.width));
    x = resample(c.b, x, target.height, target.width, "bilinear");
  }
  return Arg(to_channels_first(c.b, x, first));
}

// ---- categories -------------------------------------------------------------------------------

// Category numbers as vectors. `ids` is int32.
ValueId encode(Call& c, ValueId ids, const std::string& mode, int64_t depth,
               const Tensor& weights = {}) {
  GraphBuilder& b = c.b;
  if (depth < 1 || depth > 1 << 20) fail_user("{} categories", depth);
  if (mode == "one_hot" && b.rank(ids) > 1 && b.shape(ids).back() == 1) ids = b.squeeze(ids, -1);
  const ValueId vectors =
      b.op("one_hot", {ids, b.scalar_int(static_cast<int32_t>(depth)), b.scalar(1), b.scalar(0)},
           {{"axis", int32_t{-1}}});
  if (mode == "one_hot") return vectors;
  // The last axis but one, or the batch where there is no other, is gone over.
  const int axis = b.rank(vectors) > 2 && mode == "count" ? 1 : b.rank(vectors) - 2;
  if (mode == "multi_hot") return b.reduce("reduce_max", vectors, {axis}, false);
  if (mode != "count") fail_user("output_mode '{}' is not known", mode);
  if (weights.id == kNoValue) return b.reduce("sum", vectors, {axis}, false);
  return b.reduce("sum", b.mul(vectors, b.expand(weights.id, -1)), {axis}, false);
}

Arg category_encoding(Call& c) {
  return Arg(encode(c, c.b.cast(c.input(), DType::i32), c.config.text("output_mode", "multi_hot"),
                    c.config.integer("num_tokens"), c.optional_tensor(1, "count_weights")));
}

// The bin of x: how many boundaries are not above it.
Arg discretization(Call& c) {
  GraphBuilder& b = c.b;
  std::vector<float> boundaries;
  for (const Config& item : c.config["bin_boundaries"].items()) {
    boundaries.push_back(static_cast<float>(item.as_number("bin_boundaries")));
  }
  if (boundaries.empty()) {
    fail_unsupported("was saved without bin_boundaries; pass them when the layer is made");
  }
  const auto depth = static_cast<int64_t>(boundaries.size()) + 1;
  std::sort(boundaries.begin(), boundaries.end());
  const ValueId bins =
      b.op("bucketize", {b.cast(c.input(), DType::f32)}, {{"boundaries", boundaries}});
  const std::string mode = c.config.text("output_mode", "int");
  if (mode != "int") return Arg(encode(c, bins, mode, depth));
  return Arg(c.layer.keras2 ? b.cast(bins, DType::i64) : bins);
}

constexpr Importer kTable[] = {
    {"Rescaling", rescaling, nullptr, nullptr, true},
    {"Resizing", resizing},
    {"CenterCrop", center_crop},
    {"CategoryEncoding", category_encoding},
    {"Discretization", discretization},
};

}  // namespace

std::span<const Importer> preprocessing_layers() { return kTable; }

}  // namespace mote::keras
