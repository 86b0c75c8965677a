// The numbers of quantization: ranges to scales and zero points, reals to integers.
#pragma once

#include <span>
#include <vector>

#include "graph/graph.h"

namespace mote::compress {

struct Range {
  double min = 0;
  double max = 0;

  void include(double value) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  void include(const Range& other) {
    include(other.min);
    include(other.max);
  }
};

// Scale and zero point of an activation. int8: all of [-128, 127], 0 exactly representable. int16:
// symmetric, zero point 0. Ranges are widened to hold 0, and to 1e-6 where they are narrower.
Quantization activation_parameters(const Range& range, DType dtype);

// Symmetric scales of weights, one for each index of `axis` (-1: one for all), zero points 0.
// `limit`: the largest stored magnitude, 127 for int8, 7 for int4.
Quantization weight_parameters(const Shape& shape, std::span<const float> weights, int axis,
                               int limit);
// The stored weights; int4 is packed, two to a byte, the low half first.
Buffer quantize_weights(const Shape& shape, std::span<const float> weights,
                        const Quantization& quant, int limit, DType dtype);

// Scales s_x * s_w[c], on axis 0.
Quantization bias_parameters(float input_scale, const Quantization& weights);
// int32, or int64 where activations are int16.
Buffer quantize_bias(std::span<const float> bias, const Quantization& quant, DType dtype);

// A constant activation with the given parameters.
Buffer quantize_constant(std::span<const float> values, const Quantization& quant, DType dtype);

// What the stored weights mean.
std::vector<float> dequantized_weights(const Shape& shape, std::span<const float> weights,
                                       const Quantization& quant, int limit);

// Throws a user Error that names the tensor if an element is a NaN or infinite.
void require_finite(std::span<const float> values, const std::string& name);

}  // namespace mote::compress
