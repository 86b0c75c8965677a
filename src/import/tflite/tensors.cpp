#include "import/tflite/tensors.h"

#include <algorithm>
#include <cmath>

#include "formats/tflite.h"
#include "import/tflite/sparsity.h"

namespace mote::tflite {
namespace {

// What the shape fields say. A constant's extents are all known; elsewhere the signature's -1 wins
// over the placeholder in `shape`.
Shape read_shape(const Table& tensor, bool is_constant) {
  const auto extents = tensor.vector<int32_t>(tensor::shape);
  const auto signature = tensor.vector<int32_t>(tensor::shape_signature);
  std::vector<int64_t> dims(extents.begin(), extents.end());
  if (!is_constant && signature.size() == dims.size()) {
    for (size_t i = 0; i < dims.size(); ++i) {
      if (signature[i] == kDynamic) dims[i] = kDynamic;
    }
  }
  if (dims.size() > static_cast<size_t>(kMaxRank))
    fail_unsupported("has {} dimensions, Mote takes at most {}", dims.size(), kMaxRank);
  const auto negative = std::find_if(
      dims.begin(), dims.end(), [&](int64_t d) { return d < kDynamic || (is_constant && d < 0); });
  if (negative != dims.end()) fail_user("shape has the extent {}", *negative);
  const auto shape = Shape::checked(dims);
  if (!shape) {
    std::string text;
    for (const int64_t d : dims) text += (text.empty() ? "" : ",") + std::to_string(d);
    fail_user("shape [{}] has more than {} elements", text, kMaxElements);
  }
  return *shape;
}

DType read_dtype(const Table& tensor) {
  const int code = tensor.get<int8_t>(tensor::type, 0);
  const auto dtype = dtype_of(code);
  if (!dtype) {
    fail_unsupported("has element type {}; convert the model with int8 or int4 weights instead",
                     tensor_type_name(code));
  }
  return *dtype;
}

// The axis with one scale an index. Some converters give biases the axis of the weights; where only
// one axis can be meant, it is taken. Otherwise `said` stays, for the verifier to refuse.
int scale_axis(int said, const Shape& shape, size_t scales) {
  const auto fits = [&](int axis) { return shape[axis] == static_cast<int64_t>(scales); };
  if (said >= 0 && said < shape.rank() && fits(said)) return said;
  int found = -1;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (!fits(axis)) continue;
    if (found >= 0) return said;
    found = axis;
  }
  return found >= 0 ? found : said;
}

// Ranges (min, max) are left over from training and mean nothing here, and neither do scales of
// types that hold real numbers as they are.
Quantization read_quantization(const Table& tensor, DType dtype, const Shape& shape) {
  const auto table = tensor.table(tensor::quantization);
  if (!table) return {};
  const int details = table->get<uint8_t>(quantization::details_type, 0);
  if (details == quantization::blockwise || details == quantization::multi_axis) {
    fail_unsupported(
        "is quantized {}, which Mote can't run; convert the model with scales per "
        "tensor or per channel",
        details == quantization::blockwise ? "in blocks" : "along several axes");
  }
  Quantization quant;
  quant.scale = table->vector<float>(quantization::scales);
  if (quant.empty() || !is_integer(dtype)) return {};
  quant.zero_point = table->vector<int64_t>(quantization::zero_points);
  const size_t count = quant.scale.size();
  if (quant.zero_point.empty()) {
    quant.zero_point.assign(count, 0);
  } else if (quant.zero_point.size() == 1) {
    quant.zero_point.assign(count, quant.zero_point[0]);
  } else if (quant.zero_point.size() != count) {
    fail_user("has {} scales and {} zero points", count, quant.zero_point.size());
  }
  for (const int64_t zero_point : quant.zero_point) {
    if (zero_point < INT32_MIN || zero_point > INT32_MAX)
      fail_user("has the zero point {}", zero_point);
  }
  if (quant.per_axis())
    quant.axis = scale_axis(table->get<int32_t>(quantization::axis, 0), shape, count);
  return quant;
}

// A string tensor's bytes: a count, that many offsets and the end, then the characters.
void check_strings(const Buffer& data, const Shape& shape) {
  const auto word = [&](size_t i) {
    int32_t value;
    std::memcpy(&value, data.data() + 4 * i, 4);
    return static_cast<int64_t>(value);
  };
  const auto size = static_cast<int64_t>(data.size());
  const bool has_count = size >= 4;
  const int64_t count = has_count ? word(0) : 0;
  if (count != shape.elements() || (has_count && size < 4 * (count + 2)))
    fail_user("holds {} strings in {} bytes, its shape is {}", count, size, shape.str());
  if (!has_count) return;
  int64_t previous = 4 * (count + 2);
  for (int64_t i = 0; i <= count; ++i) {
    const int64_t offset = word(static_cast<size_t>(i + 1));
    if (offset < previous || offset > size)
      fail_user("string {} starts at byte {} of {}", i, offset, size);
    previous = offset;
  }
}

Buffer aligned(const Table& tensor, const Buffer& data, DType dtype) {
  const auto alignment = static_cast<size_t>(std::clamp(bits_of(dtype) / 8, 1, 8));
  if (reinterpret_cast<uintptr_t>(data.data()) % alignment == 0) return data;
  tensor.spend(data.size());
  return Buffer::copy_of(data.data(), data.size());
}

void set_constant(Value& value, const Table& tensor, const Buffer& data) {
  value.is_constant = true;
  const TensorType& type = value.type;
  if (const auto sparse = tensor.table(tensor::sparsity)) {
    value.data = densify(*sparse, type.dtype, type.shape, data);
    return;
  }
  if (type.dtype == DType::string) {
    check_strings(data, type.shape);
    value.data = aligned(tensor, data, DType::i32);
    return;
  }
  const auto wanted_bytes = type.shape.bytes(type.dtype);
  if (!wanted_bytes || *wanted_bytes != data.size() || bits_of(type.dtype) == 0)
    fail_user("is {}, but has {} bytes of data", type.str(), data.size());
  value.data = aligned(tensor, data, type.dtype);
}

}  // namespace

Buffers::Buffers(const File& file, Buffer bytes, const Table& root)
    : file_(file), bytes_(std::move(bytes)), tables_(root.tables(model::buffers)) {}

std::optional<Buffer> Buffers::find(uint32_t i) const {
  // Buffer 0 means "no data" even in files that have no buffers.
  if (i == 0) return std::nullopt;
  if (i >= tables_.size()) fail_user("refers to buffer {}, there are {}", i, tables_.size());
  const Table& table = tables_[i];
  if (table.has(buffer::data)) {
    const Span span = table.locate(buffer::data, 1);
    return bytes_.slice(span.at, span.count);
  }
  // Files above 2 GB keep the data behind the FlatBuffer. Offsets 0 and 1 are placeholders.
  const auto offset = table.get<uint64_t>(buffer::offset, 0);
  const auto size_bytes = table.get<uint64_t>(buffer::size, 0);
  if (offset <= 1 || size_bytes <= 1) return std::nullopt;
  file_.check(offset, size_bytes);
  return bytes_.slice(offset, size_bytes);
}

Value read_tensor(const Table& tensor, const Buffers& buffers) {
  Value value;
  value.name = tensor.string(tensor::name);
  if (tensor.get<uint32_t>(tensor::external_buffer, 0) != 0) {
    fail_unsupported("keeps its data in another file; convert the model into a single file");
  }
  const auto data = buffers.find(tensor.get<uint32_t>(tensor::buffer, 0));
  value.is_variable = tensor.get<uint8_t>(tensor::is_variable, 0) != 0;
  // Without bytes it is an activation, or a constant of no elements: the reader of the graph sees.
  const bool is_constant = data && !data->empty();
  value.type.dtype = read_dtype(tensor);
  value.type.shape = read_shape(tensor, is_constant);
  value.type.quant = read_quantization(tensor, value.type.dtype, value.type.shape);
  if (!is_constant) return value;
  if (value.is_variable) {
    fail_unsupported("is a variable with a first value; Mote's variables start at zero");
  }
  set_constant(value, tensor, *data);
  return value;
}

}  // namespace mote::tflite
