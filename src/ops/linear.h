// What the records of the multiply-accumulate operators share: shape rules of windows, checks of
// element types and quantization, the arithmetic that a quantized node needs, and how many bits its
// sums have.
#pragma once

#include <vector>

#include "kernels/common/mac.h"
#include "ops/lower.h"

namespace mote::ops {

// The operands of a convolution or matrix product, by input index; bias may be absent.
struct Operands {
  int x = 0, w = 1, bias = 2;
  int w_axis = 0;     // the weights' output channels
  bool half = false;  // takes float16 weights beside float32 inputs
};

// Fails if input i is absent or has another rank; `what` names it.
const TensorType& require_rank(const NodeView& c, int i, int rank, const char* what);
// For shape rules, before they set the output. Fails unless x, w, bias and a declared integer
// output have element types that go together, float, quantized or hybrid, and the bias has one
// element a channel. `channels` may be unknown.
void check_operands(const InferContext& c, const Operands& o, int64_t channels);
// The same, and what a quantized node's scales and zero points must be; the output's are declared.
void check_quantization(const NodeView& c, const Operands& o, const TensorType& y,
                        int64_t channels);

// Extent of the output of a window that slides along `in` (or unknown). Fails on nonsense.
int64_t window_extent(Padding padding, int64_t in, int64_t filter, int64_t stride, int64_t dilation,
                      const char* axis);
// Padding before the first element that `padding` means.
int32_t window_pad(Padding padding, int64_t in, int64_t filter, int64_t stride, int64_t dilation,
                   int64_t out);

// A window with the extents of input x [n,h,w,c], weights w [_,h,w,_] and output y [n,h,w,c]; all
// must be known.
MoteWindow window_extents(const Shape& x, const Shape& w, const Shape& y);

// The clamp of a fused activation. Those that are no clamp are unsupported.
struct FloatRange {
  float min, max;
};
FloatRange float_range(Activation activation);
struct IntRange {
  int32_t min, max;
};
IntRange int_range(Activation activation, const TensorType& y);

int32_t element_type(DType dtype);  // kMoteI8, ...
bool is_hybrid(const NodeView& c, const Operands& o);
// Scales of the weights, one a channel.
std::vector<float> weight_scales(const TensorType& w, int64_t channels);

// How a quantized node computes: parameters and the constant inputs that hold its scales.
struct IntPlan {
  MoteIntMac mac;
  Ref first, second;  // multiplier and shift, or doubles
};
// `exact`: scaled by doubles (fully connected), else in fixed point. `bias_type` is the declared
// type of bias and accumulator for int16 activations (float32: not declared).
IntPlan plan_int(LowerContext& c, const Operands& o, Activation activation, int64_t channels,
                 bool exact, DType bias_type);

// Quantizes x on the fly, `rows` rows of it.
struct QuantizedRows {
  Ref x, scale, zero;
};
QuantizedRows quantize_rows(LowerContext& c, Ref x, int64_t rows, int64_t size, bool asymmetric);

}  // namespace mote::ops
