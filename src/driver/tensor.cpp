#include "driver/tensor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "base/error.h"
#include "base/half.h"

namespace mote::driver {
namespace {

template <class T>
void widen(const Array& array, std::vector<double>* out) {
  const auto values = array.data.as<T>();
  out->assign(values.begin(), values.end());
}

// Two signed nibbles to a byte, the low half first.
std::vector<double> widen_nibbles(const Array& array) {
  std::vector<double> out(static_cast<size_t>(array.shape.elements()));
  for (size_t i = 0; i < out.size(); ++i) {
    const auto byte = std::to_integer<unsigned>(array.data.data()[i / 2]);
    const int nibble = static_cast<int>(i % 2 ? byte >> 4 : byte & 15u);
    out[i] = nibble >= 8 ? nibble - 16 : nibble;
  }
  return out;
}

std::vector<double> stored_values(const Array& array) {
  std::vector<double> out;
  switch (array.dtype) {
    case DType::f32:
    case DType::c64:
      widen<float>(array, &out);
      return out;
    case DType::f64:
    case DType::c128:
      widen<double>(array, &out);
      return out;
    case DType::f16:
      for (const uint16_t bits : array.data.as<uint16_t>()) out.push_back(half_to_float(bits));
      return out;
    case DType::bf16:
      for (const uint16_t bits : array.data.as<uint16_t>()) out.push_back(bfloat16_to_float(bits));
      return out;
    case DType::i4:
      return widen_nibbles(array);
    case DType::i8:
      widen<int8_t>(array, &out);
      return out;
    case DType::i16:
      widen<int16_t>(array, &out);
      return out;
    case DType::i32:
      widen<int32_t>(array, &out);
      return out;
    case DType::i64:
      widen<int64_t>(array, &out);
      return out;
    case DType::u8:
    case DType::boolean:
      widen<uint8_t>(array, &out);
      return out;
    case DType::u16:
      widen<uint16_t>(array, &out);
      return out;
    case DType::u32:
      widen<uint32_t>(array, &out);
      return out;
    case DType::u64:
      widen<uint64_t>(array, &out);
      return out;
    default:
      fail_unsupported("{} holds no numbers", name_of(array.dtype));
  }
}

// Which quantization parameter an element has: its index along the axis, or 0.
class ParameterIndex {
 public:
  ParameterIndex(const Quantization& quant, const Shape& shape) {
    if (!quant.per_axis() || quant.axis < 0 || quant.axis >= shape.rank()) return;
    count_ = shape[quant.axis];
    for (int i = quant.axis + 1; i < shape.rank(); ++i) stride_ *= shape[i];
    if (count_ != static_cast<int64_t>(quant.scale.size())) count_ = 1;
  }
  size_t operator()(size_t element) const {
    return static_cast<size_t>(static_cast<int64_t>(element) / stride_ % count_);
  }

 private:
  int64_t count_ = 1;
  int64_t stride_ = 1;
};

template <class T>
void store_integers(const std::vector<double>& values, std::byte* out) {
  // The largest double that is not above the type's maximum; for 64 bits that is not the maximum.
  constexpr double low = static_cast<double>(std::numeric_limits<T>::min());
  constexpr double high =
      sizeof(T) < 8 ? static_cast<double>(std::numeric_limits<T>::max())
                    : (std::is_signed_v<T> ? 9223372036854774784.0 : 18446744073709549568.0);
  for (size_t i = 0; i < values.size(); ++i) {
    const double value = std::isnan(values[i]) ? 0 : std::clamp(values[i], low, high);
    const T stored = static_cast<T>(value);
    std::memcpy(out + i * sizeof(T), &stored, sizeof(T));
  }
}

template <class T>
void store_floats(const std::vector<double>& values, std::byte* out) {
  for (size_t i = 0; i < values.size(); ++i) {
    const T stored = static_cast<T>(values[i]);
    std::memcpy(out + i * sizeof(T), &stored, sizeof(T));
  }
}

void store_halves(const std::vector<double>& values, DType dtype, std::byte* out) {
  for (size_t i = 0; i < values.size(); ++i) {
    const float value = static_cast<float>(values[i]);
    uint16_t stored = float_to_half(value);
    if (dtype == DType::bf16) {
      const uint32_t bits = std::bit_cast<uint32_t>(value);
      stored = static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
    }
    std::memcpy(out + i * 2, &stored, 2);
  }
}

void store_nibbles(const std::vector<double>& values, std::byte* out) {
  for (size_t i = 0; i < values.size(); ++i) {
    const double value = std::isnan(values[i]) ? 0 : std::clamp(values[i], -8.0, 7.0);
    const unsigned bits = static_cast<unsigned>(static_cast<int>(value)) & 15u;
    out[i / 2] |= static_cast<std::byte>(i % 2 ? bits << 4 : bits);
  }
}

Array store(const std::vector<double>& values, DType dtype, const Shape& shape) {
  const auto size_bytes = shape.bytes(dtype);
  if (!size_bytes) fail_user("an array of shape {} is too large", shape.str());
  Buffer::Writable writable = Buffer::allocate(*size_bytes);
  std::byte* out = writable.bytes;
  switch (dtype) {
    case DType::f32:
    case DType::c64:
      store_floats<float>(values, out);
      break;
    case DType::f64:
    case DType::c128:
      store_floats<double>(values, out);
      break;
    case DType::f16:
    case DType::bf16:
      store_halves(values, dtype, out);
      break;
    case DType::i4:
      store_nibbles(values, out);
      break;
    case DType::i8:
      store_integers<int8_t>(values, out);
      break;
    case DType::i16:
      store_integers<int16_t>(values, out);
      break;
    case DType::i32:
      store_integers<int32_t>(values, out);
      break;
    case DType::i64:
      store_integers<int64_t>(values, out);
      break;
    case DType::u8:
      store_integers<uint8_t>(values, out);
      break;
    case DType::u16:
      store_integers<uint16_t>(values, out);
      break;
    case DType::u32:
      store_integers<uint32_t>(values, out);
      break;
    case DType::u64:
      store_integers<uint64_t>(values, out);
      break;
    case DType::boolean:
      for (size_t i = 0; i < values.size(); ++i) out[i] = std::byte{values[i] != 0};
      break;
    default:
      fail_unsupported("can't make values of type {}", name_of(dtype));
  }
  return {dtype, shape, std::move(writable.buffer)};
}

bool is_complex(DType dtype) { return dtype == DType::c64 || dtype == DType::c128; }

}  // namespace

std::vector<double> real_values(const Array& array, const Quantization& quant) {
  std::vector<double> values = stored_values(array);
  if (quant.empty()) return values;
  const ParameterIndex parameter(quant, array.shape);
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t p = parameter(i);
    const double zero =
        p < quant.zero_point.size() ? static_cast<double>(quant.zero_point[p]) : 0.0;
    values[i] = static_cast<double>(quant.scale[p]) * (values[i] - zero);
  }
  return values;
}

Array from_real(const std::vector<double>& values, const TensorType& type, const Shape& shape) {
  if (type.quant.empty()) {
    if (!is_integer(type.dtype)) return store(values, type.dtype, shape);
    std::vector<double> rounded(values);
    for (double& value : rounded) value = std::nearbyint(value);
    return store(rounded, type.dtype, shape);
  }
  const Quantization& quant = type.quant;
  const ParameterIndex parameter(quant, shape);
  std::vector<double> stored(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t p = parameter(i);
    const double zero =
        p < quant.zero_point.size() ? static_cast<double>(quant.zero_point[p]) : 0.0;
    // Single precision and halves away from zero, as the quantize operator does it.
    const float steps = std::round(static_cast<float>(values[i]) / quant.scale[p]);
    stored[i] = static_cast<double>(steps) + zero;
  }
  return store(stored, type.dtype, shape);
}

const char* name_of(Conversion conversion) {
  constexpr const char* kNames[] = {"none", "cast", "quantized"};
  return kNames[static_cast<size_t>(conversion)];
}

Array to_input(const Array& array, const TensorType& type, Conversion* how) {
  Conversion conversion = Conversion::none;
  Array result = array;
  if (array.dtype != type.dtype) {
    if (is_complex(array.dtype) != is_complex(type.dtype)) {
      fail_user("{} can't be converted to {}; save the array as {}", name_of(array.dtype),
                name_of(type.dtype), name_of(type.dtype));
    }
    conversion = type.quant.empty() ? Conversion::cast : Conversion::quantized;
    result = from_real(real_values(array), type, array.shape);
  }
  if (how) *how = conversion;
  return result;
}

Array random_array(const TensorType& type, const Shape& shape, uint64_t seed, double low,
                   double high) {
  const auto size_bytes = shape.bytes(type.dtype);
  if (!size_bytes) fail_user("an array of shape {} is too large", shape.str());
  std::mt19937_64 engine(seed);
  // The engine's numbers are the same everywhere; the library's distributions are not.
  const auto uniform = [&] { return static_cast<double>(engine() >> 11) * 0x1p-53; };
  const size_t numbers =
      static_cast<size_t>(shape.elements()) * (is_complex(type.dtype) ? size_t{2} : size_t{1});
  std::vector<double> values(numbers);
  if (is_integer(type.dtype) && !type.quant.empty()) {
    const int bits = std::min(bits_of(type.dtype), 31);
    const bool is_unsigned = type.dtype >= DType::u8;
    const double least = is_unsigned ? 0 : -std::ldexp(1.0, bits - 1);
    for (double& value : values) value = least + std::floor(uniform() * std::ldexp(1.0, bits));
  } else if (is_integer(type.dtype) || type.dtype == DType::boolean) {
    for (double& value : values) value = static_cast<double>(engine() >> 63);
  } else {
    for (double& value : values) value = low + (high - low) * uniform();
  }
  return store(values, type.dtype, shape);
}

Array slice_rows(const Array& array, int64_t index, int64_t count) {
  if (array.shape.rank() == 0 || array.shape[0] == 0) fail_user("the array has no rows");
  Shape row = array.shape;
  row[0] = 1;
  const auto row_bytes = row.bytes(array.dtype);
  Shape shape = array.shape;
  shape[0] = count;
  const auto size_bytes = shape.bytes(array.dtype);
  if (!row_bytes || !size_bytes) fail_user("an array of shape {} is too large", shape.str());
  const int64_t begin = index * count;
  if (begin + count <= array.shape[0]) {
    return {array.dtype, shape,
            array.data.slice(static_cast<size_t>(begin) * *row_bytes, *size_bytes)};
  }
  Buffer::Writable writable = Buffer::allocate(*size_bytes);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t from = std::min(begin + i, array.shape[0] - 1);
    std::memcpy(writable.bytes + static_cast<size_t>(i) * *row_bytes,
                array.data.data() + static_cast<size_t>(from) * *row_bytes, *row_bytes);
  }
  return {array.dtype, shape, std::move(writable.buffer)};
}

std::optional<size_t> find_nan(const Array& array) {
  if (array.dtype == DType::f32) {  // without a copy: weights may be large
    const auto values = array.data.as<float>();
    const auto bad = std::find_if(values.begin(), values.end(), [](float v) { return v != v; });
    if (bad == values.end()) return std::nullopt;
    return static_cast<size_t>(bad - values.begin());
  }
  const std::vector<double> values = real_values(array);
  const auto bad = std::find_if(values.begin(), values.end(), [](double v) { return v != v; });
  if (bad == values.end()) return std::nullopt;
  return static_cast<size_t>(bad - values.begin());
}

void require_finite(const Array& array, const std::string& what) {
  if (!is_float(array.dtype)) return;
  const std::vector<double> values = real_values(array);
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      fail_user("{} has {} at element {}; remove or replace such values", what,
                std::isnan(values[i]) ? "a NaN" : "an infinity", i);
    }
  }
}

}  // namespace mote::driver
