// What the records of data-movement operators share: axes, element sizes, and lowering to strided
// copies.
#pragma once

#include <vector>

#include "ops/lower.h"

namespace mote::ops {

// `axis` counted from the end where negative; a user Error if it is outside.
int checked_axis(int64_t axis, int rank, const char* what = "axis");

// The elements of integer input i, which must be constant: `what` names it in the message.
std::vector<int64_t> required_ints(const NodeView& node, int i, const char* what);
// The same for a shape rule: empty if they are not known yet and the declared output shape, which
// has the right rank, stands.
std::optional<std::vector<int64_t>> ints_or_declared(InferContext& c, int i, const char* what,
                                                     int out_rank);

// Input i must be a vector (or scalar) of int32 or int64: what kernels read as indices. Its bits.
int32_t checked_index_bits(const NodeView& node, int i, const char* what);

// Bits of an element that kernels can move; unsupported for strings, resources and the like.
int32_t movable_bits(DType dtype);
// "movable", and both sides alike: the output takes the input's type, and its quantization too if
// the file gives none.
void set_moved(InferContext& c, int out, int in, const Shape& shape);

// y[i0, i1, ...] = x[offset + sum_d i_d * stride[d]].
struct CopyPlan {
  std::vector<int64_t> extent;
  std::vector<int64_t> stride;
  int64_t offset = 0;
};
std::vector<int64_t> strides_of(const Shape& shape);
// Output 0 from input `in`. Neighbouring axes that x holds in order become one; if all of them do
// and nothing is left out, the copy is a view.
void lower_copy(LowerContext& c, CopyPlan plan, int in = 0);

// Operator versions as the official converter numbers them, where only the type of one input
// matters.
template <int input, int int8, int int16 = 1>
int version_by_type(const NodeView& node) {
  const DType dtype = node.in(input).dtype;
  return dtype == DType::i16 ? int16 : (dtype == DType::i8 ? int8 : 1);
}

}  // namespace mote::ops
