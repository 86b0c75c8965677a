// Normalization by statistics of the training data, or of the input itself.
#include <cmath>

#include "import/einsum.h"
#include "import/keras/importers.h"

namespace mote::keras {
namespace {

// A vector of one axis as a constant that broadcasts against x.
ValueId along_axis(Call& c, const std::vector<float>& values, int axis, int rank) {
  if (axis == rank - 1) return c.b.floats(values);
  Shape shape;
  for (int i = axis; i < rank; ++i) {
    shape.push_back(i == axis ? static_cast<int64_t>(values.size()) : 1);
  }
  return c.b.constant(values, shape);
}

// The axis field: a number, or a list of one.
int single_axis(const Config& config, int rank, int64_t otherwise) {
  const Config& field = config["axis"];
  const int64_t axis = field.is_list() && field.items().size() == 1
                           ? field.items()[0].as_integer("axis")
                           : config.integer("axis", otherwise);
  const auto normal = normalize_axis(axis, rank);
  if (!normal) fail_user("axis {} of a tensor of rank {}", axis, rank);
  return *normal;
}

std::vector<int> axes_of(const Config& config, int rank, int64_t otherwise) {
  std::vector<int> axes;
  const std::vector<int64_t> given =
      config.has("axis") ? config.integers("axis") : std::vector<int64_t>{otherwise};
  for (const int64_t axis : given) {
    const auto normal = normalize_axis(axis, rank);
    if (!normal) fail_user("axis {} of a tensor of rank {}", axis, rank);
    axes.push_back(*normal);
  }
  return axes;
}

void batch_slots(Layer& layer) {
  int index = 0;
  const auto next = [&] { return fmt::format("vars/{}", index++); };
  if (layer.config.flag("scale", true)) add_slot(layer, "gamma", next());
  if (layer.config.flag("center", true)) add_slot(layer, "beta", next());
  add_slot(layer, "mean", next(), false);
  add_slot(layer, "variance", next(), false);
}

// y = x * scale + offset, with everything that is known folded into the two.
Arg batch_normalization(Call& c) {
  const ValueId x = c.input();
  const std::vector<float> mean = c.elements("mean"), variance = c.elements("variance");
  std::vector<float> gamma(mean.size(), 1), beta(mean.size(), 0);
  if (c.has_weight("gamma")) gamma = c.elements("gamma");
  if (c.has_weight("beta")) beta = c.elements("beta");
  if (variance.size() != mean.size() || gamma.size() != mean.size() || beta.size() != mean.size()) {
    fail_user("its weights have different lengths");
  }
  const double epsilon = c.config.number("epsilon", 1e-3);
  std::vector<float> scale, offset;
  for (size_t i = 0; i < mean.size(); ++i) {
    const double factor =
        static_cast<double>(gamma[i]) / std::sqrt(static_cast<double>(variance[i]) + epsilon);
    if (!std::isfinite(factor)) fail_user("variance {} is {}", i, variance[i]);
    scale.push_back(static_cast<float>(factor));
    offset.push_back(
        static_cast<float>(static_cast<double>(beta[i]) - static_cast<double>(mean[i]) * factor));
  }
  const int axis = single_axis(c.config, c.b.rank(x), -1);
  const ValueId scaled = c.b.mul(x, along_axis(c, scale, axis, c.b.rank(x)));
  return Arg(c.b.add(scaled, along_axis(c, offset, axis, c.b.rank(x))));
}

void layer_slots(Layer& layer) {
  int index = 0;
  const auto next = [&] { return fmt::format("vars/{}", index++); };
  const bool rms = layer.config.flag("rms_scaling", false);
  if (layer.config.flag("scale", true) || rms) add_slot(layer, "gamma", next());
  if (layer.config.flag("center", true) && !rms) add_slot(layer, "beta", next());
}

// Reshapes a weight over `axes` so that it broadcasts against a tensor of that rank.
ValueId over_axes(Call& c, std::string_view role, const std::vector<int>& axes, int rank) {
  const formats::Array& array = c.layer.weight(role);
  const auto count = static_cast<int>(axes.size());
  bool last = array.shape.rank() == count;
  for (int i = 0; i < count; ++i) last &= axes[static_cast<size_t>(i)] == rank - count + i;
  if (last) return c.weight(role);
  if (array.shape.rank() != count) fail_user("weight '{}' of shape {}", role, array.shape.str());
  Shape shape;
  for (int axis = 0; axis < rank; ++axis) shape.push_back(1);
  for (int i = 0; i < count; ++i) shape[axes[static_cast<size_t>(i)]] = array.shape[i];
  return c.b.constant(array.dtype, shape, array.data);
}

ValueId inverse_root(GraphBuilder& b, ValueId mean_of_squares, double epsilon) {
  return b.unary("rsqrt", b.add(mean_of_squares, b.scalar(static_cast<float>(epsilon))));
}

Arg layer_normalization(Call& c) {
  const ValueId x = c.input();
  const int rank = c.b.rank(x);
  const std::vector<int> axes = axes_of(c.config, rank, -1);
  const double epsilon = c.config.number("epsilon", 1e-3);
  ValueId centered = x, y;
  if (!c.config.flag("rms_scaling", false)) {
    centered = c.b.sub(x, c.b.reduce("mean", x, axes, true));
  }
  // rms_scaling divides by the deviation, and does not subtract the mean.
  ValueId deviation = centered;
  if (centered == x) deviation = c.b.sub(x, c.b.reduce("mean", x, axes, true));
  const ValueId variance = c.b.reduce("mean", c.b.unary("square", deviation), axes, true);
  y = c.b.mul(centered, inverse_root(c.b, variance, epsilon));
  if (c.has_weight("gamma")) y = c.b.mul(y, over_axes(c, "gamma", axes, rank));
  if (c.has_weight("beta")) y = c.b.add(y, over_axes(c, "beta", axes, rank));
  return Arg(y);
}

void rms_slots(Layer& layer) { add_slot(layer, "scale", "vars/0"); }

Arg rms_normalization(Call& c) {
  const ValueId x = c.input();
  const int rank = c.b.rank(x);
  const std::vector<int> axes = axes_of(c.config, rank, -1);
  const ValueId squares = c.b.reduce("mean", c.b.unary("square", x), axes, true);
  const ValueId y = c.b.mul(x, inverse_root(c.b, squares, c.config.number("epsilon", 1e-6)));
  return Arg(c.b.mul(y, over_axes(c, "scale", axes, rank)));
}

Arg unit_normalization(Call& c) {
  const ValueId x = c.input();
  const int rank = c.b.rank(x);
  const std::vector<int> axes = axes_of(c.config, rank, -1);
  if (axes.size() == 1 && axes[0] == rank - 1) return Arg(c.b.unary("l2_normalization", x));
  const ValueId squares = c.b.reduce("sum", c.b.unary("square", x), axes, true);
  const ValueId factor = c.b.binary("minimum", c.b.unary("rsqrt", squares), c.b.scalar(1e12f));
  return Arg(c.b.mul(x, factor));
}

// [batch, a, b, channels] becomes [batch, a * b, groups, channels / groups]; statistics are those
// of the second and the last axis.
Arg group_normalization(Call& c) {
  ValueId x = c.input();
  const int rank = c.b.rank(x);
  const int axis = single_axis(c.config, rank, -1);
  const int64_t channels = c.b.shape(x)[axis];
  int64_t groups = c.config.integer("groups", 32);
  if (groups == -1) groups = channels;
  if (channels < 1 || groups < 1 || channels % groups != 0) {
    fail_user("{} channels in {} groups", channels, groups);
  }
  std::vector<int> to_last, back(static_cast<size_t>(rank));
  for (int i = 0; i < rank; ++i) {
    if (i != axis) to_last.push_back(i);
  }
  to_last.push_back(axis);
  for (int i = 0; i < rank; ++i) back[static_cast<size_t>(to_last[static_cast<size_t>(i)])] = i;
  x = c.b.transpose(x, to_last);
  const std::vector<Extent> shape = c.b.extents(x);
  const Shape group_shape{groups, channels / groups};
  int64_t inner = 1;  // elements of one sample and channel
  for (int i = 1; i + 1 < rank; ++i) {
    const int64_t extent = c.b.shape(x)[i];
    inner = extent == kDynamic || inner == kDynamic ? kDynamic : inner * extent;
  }
  ValueId y = c.b.reshape(x, {shape[0], Extent(inner), Extent(groups), Extent(channels / groups)});
  y = c.b.sub(y, c.b.reduce("mean", y, {1, 3}, true));
  const ValueId variance = c.b.reduce("mean", c.b.unary("square", y), {1, 3}, true);
  y = c.b.mul(y, inverse_root(c.b, variance, c.config.number("epsilon", 1e-3)));
  if (c.has_weight("gamma")) y = c.b.mul(y, c.b.constant(c.elements("gamma"), group_shape));
  if (c.has_weight("beta")) y = c.b.add(y, c.b.constant(c.elements("beta"), group_shape));
  return Arg(c.b.transpose(c.b.reshape(y, shape), back));
}

// ---- Normalization (preprocessing) -------------------------------------------------------------

void normalization_slots(Layer& layer) {
  if (layer.config.has("mean")) return;
  add_slot(layer, "mean", "vars/0", false);
  add_slot(layer, "variance", "vars/1", false);
  add_slot(layer, "count", "vars/2", false, true);
}

void flatten_numbers(const Config& value, std::vector<float>* out) {
  if (value.is_number()) out->push_back(static_cast<float>(value.as_number("mean")));
  for (const Config& item : value.items()) flatten_numbers(item, out);
}

Arg normalization(Call& c) {
  const ValueId x = c.b.cast(c.input(), DType::f32);
  const int rank = c.b.rank(x);
  std::vector<float> mean, variance;
  if (c.config.has("mean")) {
    flatten_numbers(c.config["mean"], &mean);
    flatten_numbers(c.config["variance"], &variance);
  } else {
    mean = c.elements("mean");
    variance = c.elements("variance");
  }
  if (mean.size() != variance.size()) fail_user("its mean and variance have different lengths");
  // Kept axes in order, everything else broadcasts.
  Shape shape;
  for (int i = 0; i < rank; ++i) shape.push_back(1);
  if (c.config["axis"].is_list() || c.config.has("axis")) {
    for (const int axis : axes_of(c.config, rank, -1)) shape[axis] = c.b.shape(x)[axis];
  }
  if (mean.size() == 1) shape = Shape{};
  if (!shape.is_static() || shape.elements() != static_cast<int64_t>(mean.size())) {
    fail_unsupported("means of {} elements over axes of {}", mean.size(), shape.str());
  }
  std::vector<float> deviation, inverse;
  for (const float v : variance) {
    deviation.push_back(std::max(std::sqrt(v), 1e-7f));
    inverse.push_back(1 / deviation.back());
  }
  while (shape.rank() > 1 && shape[0] == 1) shape.erase(0);
  const ValueId center = c.b.constant(mean, shape);
  if (c.config.flag("invert", false)) {
    return Arg(c.b.add(c.b.mul(x, c.b.constant(deviation, shape)), center));
  }
  return Arg(c.b.mul(c.b.sub(x, center), c.b.constant(inverse, shape)));
}

constexpr Importer kTable[] = {
    {"BatchNormalization", batch_normalization, batch_slots, nullptr, true},
    {"BatchNormalizationV1", batch_normalization, batch_slots, nullptr, true},
    {"LayerNormalization", layer_normalization, layer_slots, nullptr, true},
    {"RMSNormalization", rms_normalization, rms_slots},
    {"UnitNormalization", unit_normalization, nullptr, nullptr, true},
    {"GroupNormalization", group_normalization, layer_slots, nullptr, true},
    {"Normalization", normalization, normalization_slots, nullptr, true},
};

}  // namespace

std::span<const Importer> normalization_layers() { return kTable; }

}  // namespace mote::keras
