// What the records of element-wise, normalizing and reducing operators share: names of kernels,
// ranges of fused activations, checks of quantization.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "kernels/common/families.h"
#include "kernels/common/quantization.h"
#include "ops/lower.h"

namespace mote::ops {

// "f32", "i8", ...: how kernels spell types.
std::string_view short_name(DType dtype);
// A tensor whose integers stand for real numbers.
bool is_quantized(const TensorType& type);
// "f32", "i32", or "qi8" where it is quantized.
std::string kernel_type(const TensorType& type);

// The scale and zero point of a tensor that must have one scale. A user Error if it has none, more
// than one, or one that is not a positive number, or if the zero point is outside the type.
kernels::Affine affine_of(const TensorType& type, std::string_view what);
// Scale and zero point that the operator fixes: a user Error if `type` has others.
void require_affine(const TensorType& type, std::string_view what, float scale, int32_t zero_point);
// 0 for int16 tensors, which must be symmetric.
void require_symmetric_16(const TensorType& type, std::string_view what);

struct Range {
  int64_t min, max;
};
// The smallest and largest number of an integer type.
Range range_of(DType dtype);

struct RealRange {
  float min, max;
};
// What a fused activation leaves through; unsupported for those that are not a clamp.
RealRange clamp_of(Activation activation);
Range clamp_of(Activation activation, DType dtype);
// In a quantized output's own numbers.
Range quantized_clamp_of(Activation activation, const TensorType& y);

// The family called `name`; unsupported (naming the types that there are) if there is none.
const kernels::Family& require_family(std::span<const kernels::Family> families,
                                      std::string_view op, std::string_view type,
                                      std::string_view detail);

// y has x's shape and type; its quantization is the declared one.
void infer_same(InferContext& c);
// Output 0 takes input 0's quantization if the file gives none.
void inherit_quant(InferContext& c, int from = 0);
// The type of input i must be one of these.
void require_type(const NodeView& c, int i, std::initializer_list<DType> allowed);

}  // namespace mote::ops
