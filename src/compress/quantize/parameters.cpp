#include "compress/quantize/parameters.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"

namespace mote::compress {
namespace {

// Narrower ranges would give scales whose quotients overflow what kernels can express.
constexpr double kNarrowest = 1e-6;

// The range with 0 in it, and not narrower than kNarrowest.
Range widened(const Range& range) {
  Range r;
  r.include(range);
  if (r.max - r.min > kNarrowest) return r;
  r.include(-kNarrowest / 2);
  r.include(kNarrowest / 2);
  return r;
}

// In float32, as the kernels hold it.
float symmetric_scale(double largest, int limit) {
  const Range r = widened({-largest, largest});
  return (static_cast<float>(r.max) - static_cast<float>(r.min)) / static_cast<float>(2 * limit);
}

// The channel that element i belongs to.
struct Channels {
  size_t inner = 1;
  size_t count = 1;
  size_t of(size_t i) const { return i / inner % count; }
};

Channels channels_of(const Shape& shape, int axis) {
  if (axis < 0 || axis >= shape.rank()) return {1, 1};
  return {static_cast<size_t>(shape.elements(axis + 1, shape.rank())),
          static_cast<size_t>(shape[axis])};
}

Channels channels_of(const Shape& shape, const Quantization& quant) {
  return channels_of(shape, quant.per_axis() ? quant.axis : -1);
}

// value * (1 / scale) in float32, rounded half away from zero.
float stored(float value, float scale) {
  const float inverse = scale == 0 ? 0.0f : static_cast<float>(1.0 / static_cast<double>(scale));
  return std::round(value * inverse);
}

template <class T>
T clamp_to(double value, double low, double high) {
  return static_cast<T>(std::clamp(value, low, high));
}

template <class T>
Buffer map(std::span<const float> values, T (*convert)(float, float, double),
           const Quantization& quant, const Channels& channels) {
  auto [buffer, bytes] = Buffer::allocate(values.size() * sizeof(T));
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t c = channels.of(i);
    const T q = convert(values[i], quant.scale[c], static_cast<double>(quant.zero_point[c]));
    std::memcpy(bytes + i * sizeof(T), &q, sizeof(T));
  }
  return buffer;
}

template <class T>
T to_activation(float value, float scale, double zero_point) {
  const double q = std::round(static_cast<double>(value) / static_cast<double>(scale)) + zero_point;
  return clamp_to<T>(q, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
}

template <class T>
T to_bias(float value, float scale, double) {
  // The largest doubles below 2^31 and 2^63 that are integers of that many bits.
  const double limit = sizeof(T) == 4 ? 2147483647.0 : 9223372036854774784.0;
  return clamp_to<T>(static_cast<double>(stored(value, scale)), -limit, limit);
}

}  // namespace

Quantization activation_parameters(const Range& range, DType dtype) {
  const Range r = widened(range);
  const auto low = static_cast<float>(r.min);
  const auto high = static_cast<float>(r.max);
  if (dtype == DType::i16) return per_tensor(std::max(-low, high) / 32767.0f, 0);
  const double qmin = dtype == DType::u8 ? 0 : -128;
  const float scale = (high - low) / 255.0f;
  const double zero_point = std::round(qmin - r.min / static_cast<double>(scale));
  return per_tensor(scale, static_cast<int64_t>(std::clamp(zero_point, qmin, qmin + 255)));
}

Quantization weight_parameters(const Shape& shape, std::span<const float> weights, int axis,
                               int limit) {
  const Channels channels = channels_of(shape, axis);
  std::vector<float> largest(channels.count, 0.0f);
  for (size_t i = 0; i < weights.size(); ++i) {
    float& top = largest[channels.of(i)];
    top = std::max(top, std::fabs(weights[i]));
  }
  Quantization quant;
  quant.axis = std::max(axis, 0);
  for (const float top : largest) {
    quant.scale.push_back(symmetric_scale(static_cast<double>(top), limit));
    quant.zero_point.push_back(0);
  }
  if (quant.scale.size() == 1) quant.axis = 0;
  return quant;
}

Buffer quantize_weights(const Shape& shape, std::span<const float> weights,
                        const Quantization& quant, int limit, DType dtype) {
  const Channels channels = channels_of(shape, quant);
  const auto count = static_cast<int64_t>(weights.size());
  auto [buffer, bytes] = Buffer::allocate(bytes_of(dtype, count));
  const auto low = static_cast<double>(-limit);
  for (size_t i = 0; i < weights.size(); ++i) {
    const auto q = clamp_to<int8_t>(
        static_cast<double>(stored(weights[i], quant.scale[channels.of(i)])), low, -low);
    if (dtype == DType::i4) {
      const auto nibble = static_cast<unsigned>(static_cast<uint8_t>(q) & 15u);
      bytes[i / 2] |= static_cast<std::byte>(i % 2 ? nibble << 4 : nibble);
    } else {
      bytes[i] = static_cast<std::byte>(q);
    }
  }
  return buffer;
}

Quantization bias_parameters(float input_scale, const Quantization& weights) {
  Quantization quant;
  for (const float scale : weights.scale) {
    quant.scale.push_back(input_scale * scale);
    quant.zero_point.push_back(0);
  }
  return quant;
}

Buffer quantize_bias(std::span<const float> bias, const Quantization& quant, DType dtype) {
  const Channels channels = {1, quant.scale.size()};
  return dtype == DType::i64 ? map<int64_t>(bias, to_bias<int64_t>, quant, channels)
                             : map<int32_t>(bias, to_bias<int32_t>, quant, channels);
}

Buffer quantize_constant(std::span<const float> values, const Quantization& quant, DType dtype) {
  const Channels one;
  switch (dtype) {
    case DType::i8:
      return map<int8_t>(values, to_activation<int8_t>, quant, one);
    case DType::u8:
      return map<uint8_t>(values, to_activation<uint8_t>, quant, one);
    case DType::i16:
      return map<int16_t>(values, to_activation<int16_t>, quant, one);
    default:
      fail_internal("activations of type {}", name_of(dtype));
  }
}

std::vector<float> dequantized_weights(const Shape& shape, std::span<const float> weights,
                                       const Quantization& quant, int limit) {
  const Channels channels = channels_of(shape, quant);
  std::vector<float> values(weights.size());
  const auto high = static_cast<float>(limit);
  for (size_t i = 0; i < weights.size(); ++i) {
    const float scale = quant.scale[channels.of(i)];
    values[i] = std::clamp(stored(weights[i], scale), -high, high) * scale;
  }
  return values;
}

void require_finite(std::span<const float> values, const std::string& name) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    fail_user("constant '{}' is {} at element {}: a model with such weights can't be quantized",
              name, values[i], i);
  }
}

}  // namespace mote::compress
