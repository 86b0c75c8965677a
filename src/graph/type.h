// The type of a value: element type, shape, quantization.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "base/shape.h"

namespace mote {

// real = scale * (stored - zero_point). Empty: the values are what they are.
struct Quantization {
  std::vector<float> scale;         // one, or one for each index of `axis`
  std::vector<int64_t> zero_point;  // as many as scales
  int axis = 0;                     // meaningful if there are several scales

  bool empty() const { return scale.empty(); }
  bool per_axis() const { return scale.size() > 1; }
  bool operator==(const Quantization&) const = default;
};

inline Quantization per_tensor(float scale, int64_t zero_point) {
  return {{scale}, {zero_point}, 0};
}

struct TensorType {
  DType dtype = DType::f32;
  Shape shape;
  Quantization quant = {};

  // The scale and zero point of a per-tensor quantized value; 1 and 0 if it is not quantized.
  float scale() const { return quant.empty() ? 1.0f : quant.scale[0]; }
  int32_t zero_point() const {
    return quant.zero_point.empty() ? 0 : static_cast<int32_t>(quant.zero_point[0]);
  }
  std::string str() const;  // "float32[1,28,28,1]", "int8[?,10]{0.5:-3}"
  bool operator==(const TensorType&) const = default;
};

// The byte that a variable's memory is filled with at the start: the official interpreter's rule is
// real zero for int8, which is the zero point, and stored zeros for every other type.
inline std::byte initial_byte(const TensorType& type) {
  return static_cast<std::byte>(type.dtype == DType::i8 ? type.zero_point() : 0);
}

}  // namespace mote
