#include "import/keras/spatial.h"

namespace mote::keras {

bool is_channels_first(const Config& config) {
  return config.text("data_format", "channels_last") == "channels_first";
}

ValueId to_channels_last(GraphBuilder& b, ValueId x, bool first) {
  if (!first) return x;
  std::vector<int> perm = {0};
  for (int axis = 2; axis < b.rank(x); ++axis) perm.push_back(axis);
  perm.push_back(1);
  return b.transpose(x, perm);
}

ValueId to_channels_first(GraphBuilder& b, ValueId x, bool first) {
  if (!first) return x;
  std::vector<int> perm = {0, b.rank(x) - 1};
  for (int axis = 1; axis + 1 < b.rank(x); ++axis) perm.push_back(axis);
  return b.transpose(x, perm);
}

ValueId crop(GraphBuilder& b, ValueId x, const std::vector<std::pair<int64_t, int64_t>>& crops) {
  std::vector<int32_t> begin, end, stride(crops.size(), 1);
  int32_t begin_mask = 0, end_mask = 0;
  for (size_t axis = 0; axis < crops.size(); ++axis) {
    const auto [before, after] = crops[axis];
    const int64_t extent = b.shape(x)[static_cast<int>(axis)];
    if (before < 0 || after < 0 || (extent != kDynamic && before + after > extent)) {
      fail_user("can't cut {} and {} elements from an axis of {}", before, after, extent);
    }
    begin.push_back(static_cast<int32_t>(before));
    end.push_back(static_cast<int32_t>(extent == kDynamic ? -after : extent - after));
    if (before == 0) begin_mask |= 1 << axis;
    if (after == 0) {
      end_mask |= 1 << axis;
      end.back() = 0;
    }
  }
  const int32_t all = (1 << crops.size()) - 1;
  if (begin_mask == all && end_mask == all) return x;
  return b.op("strided_slice", {x, b.ints(begin), b.ints(end), b.ints(stride)},
              {{"begin_mask", begin_mask}, {"end_mask", end_mask}});
}

ValueId merge_axes(GraphBuilder& b, ValueId x, int axis) {
  std::vector<Extent> shape = b.extents(x);
  const Extent first = shape[static_cast<size_t>(axis)];
  const Extent second = shape[static_cast<size_t>(axis) + 1];
  const bool known = first.of == kNoValue && second.of == kNoValue;
  shape[static_cast<size_t>(axis)] = Extent(known ? first.size * second.size : kDynamic);
  shape.erase(shape.begin() + axis + 1);
  return b.reshape(x, shape);
}

ValueId split_axis(GraphBuilder& b, ValueId x, int axis, Extent first, Extent second) {
  std::vector<Extent> shape = b.extents(x);
  shape[static_cast<size_t>(axis)] = second;
  shape.insert(shape.begin() + axis, first);
  return b.reshape(x, shape);
}

std::vector<std::pair<int64_t, int64_t>> read_pairs(const Config& config, std::string_view key,
                                                    size_t spatial) {
  const Config& value = config[key];
  std::vector<std::pair<int64_t, int64_t>> pairs;
  if (value.is_number()) {
    const int64_t n = value.as_integer(key);
    pairs.assign(spatial, {n, n});
  } else if (spatial == 1 && value.items().size() == 2 && value.items()[0].is_number()) {
    pairs.emplace_back(value.items()[0].as_integer(key), value.items()[1].as_integer(key));
  } else {
    for (const Config& item : value.items()) {
      const std::vector<int64_t> pair = item.as_integers(key);
      if (pair.empty() || pair.size() > 2) fail_user("'{}' should be pairs of integers", key);
      pairs.emplace_back(pair.front(), pair.back());
    }
  }
  if (pairs.size() != spatial) fail_user("'{}' should have {} entries", key, spatial);
  return pairs;
}

}  // namespace mote::keras
