#include "driver/data.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"

namespace mote::driver {
namespace {

// The extents `wanted` from axis `wanted_from` on are those of `shape` from `from` on, or unknown.
bool tail_fits(const Shape& wanted, int wanted_from, const Shape& shape, int from) {
  if (wanted.rank() - wanted_from != shape.rank() - from) return false;
  for (int i = 0; i + wanted_from < wanted.rank(); ++i) {
    const int64_t extent = wanted[wanted_from + i];
    if (extent >= 0 && extent != shape[from + i]) return false;
  }
  return true;
}

const Array* find_array(const NamedArrays& data, const std::string& name) {
  for (const auto& [key, array] : data) {
    if (key == name) return &array;
  }
  return nullptr;
}

std::string names_in(const NamedArrays& data) {
  std::string names;
  for (size_t i = 0; i < data.size() && i < 20; ++i) {
    names += fmt::format("{}'{}'", i ? ", " : "", data[i].first);
  }
  return names.empty() ? "no arrays" : names;
}

// Without axis 0.
Array drop_axis(const Array& array) {
  Array result = array;
  result.shape.erase(0);
  return result;
}

// The range of a quantized type, cut to what is common in data.
std::pair<double, double> float_range(const TensorType& type) {
  if (type.quant.empty() || !is_integer(type.dtype)) return {-1, 1};
  const int bits = std::min(bits_of(type.dtype), 31);
  const bool is_unsigned = type.dtype >= DType::u8;
  const double least = is_unsigned ? 0 : -static_cast<double>(int64_t{1} << (bits - 1));
  const double most = least + static_cast<double>((int64_t{1} << bits) - 1);
  const double zero = type.zero_point();
  return {static_cast<double>(type.scale()) * (least - zero),
          static_cast<double>(type.scale()) * (most - zero)};
}

}  // namespace

NamedArrays load_data(const std::string& path) {
  if (file_extension(path) == ".npz") return formats::load_npz(path);
  return {{"x", formats::load_npy(path)}};
}

Samples::Samples(std::span<const PortInfo> inputs, const NamedArrays& data) {
  if (inputs.empty()) fail_user("the model has no inputs, so it takes no data");
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Array* array = find_array(data, inputs[i].name);
    if (!array) array = find_array(data, inputs[i].tensor);
    if (!array) array = find_array(data, std::to_string(i));
    if (!array && inputs.size() == 1) array = find_array(data, "x");
    if (!array) {
      fail_user("the data has no array for input '{}'; it has {}; name the array '{}'{}",
                inputs[i].name, names_in(data), inputs[i].name,
                inputs.size() == 1 && inputs[i].name != "x" ? " or 'x'" : "");
    }
    place(inputs[i], *array);
  }
  if (count_ < 0) {  // every array is exactly its input's shape: one sample
    count_ = 1;
    batch_ = 1;
  }
  if (count_ == 0) fail_user("the data has no samples");
}

void Samples::place(const PortInfo& port, const Array& array) {
  const Shape& wanted = port.type.shape;
  const Shape& given = array.shape;
  require_finite(array, fmt::format("the data for input '{}'", port.name));
  Source source{port, array, Layout::constant};
  Shape shape = given;
  int64_t count = -1;
  int64_t batch = 1;
  if (given.rank() == wanted.rank() && given.rank() > 0 && tail_fits(wanted, 1, given, 1)) {
    batch = wanted[0] < 0 ? 1 : wanted[0];
    if (batch == 0) fail_user("input '{}' has no rows", port.name);
    source.layout = Layout::rows;
    has_batch_axis_ = true;
    count = given[0];
    shape[0] = batch;
  } else if (given.rank() == wanted.rank() + 1 && tail_fits(wanted, 0, given, 1)) {
    source.layout = Layout::stacked;
    count = given[0];
    shape.erase(0);
  } else if (given.rank() != 0 || wanted.rank() != 0) {
    fail_user("the data for input '{}' has shape {}, which is not samples of the input's shape {}",
              port.name, given.str(), wanted.str());
  }
  if (count >= 0) {
    if (count_ >= 0 && (count != count_ || batch != batch_)) {
      fail_user(
          "the data for input '{}' has {} samples ({} a run), that of others has {} ({} a run)",
          port.name, count, batch, count_, batch_);
    }
    count_ = count;
    batch_ = batch;
  }
  if (array.dtype != port.type.dtype) {
    Array first = array;
    first.shape = Shape{0};
    first.data = {};
    Conversion how = Conversion::none;
    to_input(first, port.type, &how);
    notes_.push_back(fmt::format("input '{}': {} data {} to {}", port.name,
                                 mote::name_of(array.dtype), name_of(how),
                                 mote::name_of(port.type.dtype)));
  }
  sources_.push_back(std::move(source));
  shapes_.push_back(shape);
}

std::vector<Array> Samples::inputs(int64_t run) const {
  std::vector<Array> arrays;
  for (const Source& source : sources_) {
    Array array = source.array;
    if (source.layout == Layout::rows) array = slice_rows(array, run, batch_);
    if (source.layout == Layout::stacked) array = drop_axis(slice_rows(array, run, 1));
    arrays.push_back(to_input(array, source.port.type));
  }
  return arrays;
}

Samples Samples::random(std::span<const PortInfo> inputs, std::span<const PortInfo> candidate,
                        int64_t count, uint64_t seed) {
  Samples samples;
  samples.count_ = inputs.empty() ? 1 : count;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const PortInfo& port = inputs[i];
    Shape shape = port.type.shape;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] < 0) shape[axis] = 1;
    }
    Shape stacked = shape;
    if (stacked.rank() == kMaxRank) fail_unsupported("random input of rank {}", kMaxRank);
    stacked.insert(0, samples.count_);
    const auto [low, high] = float_range(
        i < candidate.size() && port.type.quant.empty() ? candidate[i].type : port.type);
    Array array = random_array(port.type, stacked, seed + i, low, high);
    samples.sources_.push_back({port, std::move(array), Layout::stacked});
    samples.shapes_.push_back(shape);
  }
  return samples;
}

const Array* find_truth(const NamedArrays& data, std::span<const PortInfo> outputs, size_t output) {
  const Array* truth = find_array(data, outputs[output].name);
  if (!truth) truth = find_array(data, outputs[output].tensor);
  if (!truth && outputs.size() > 1) truth = find_array(data, fmt::format("y{}", output));
  return truth ? truth : find_array(data, "y");
}

}  // namespace mote::driver
