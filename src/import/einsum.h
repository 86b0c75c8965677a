// Einstein summation by the operators that there are: transpositions, reshapes, and one
// fully_connected (where an operand is constant) or batch_matmul.
#pragma once

#include <string>

#include "ops/builder.h"

namespace mote {

// Two operands, at most one ellipsis each: "abc,cd->abd", "...x,xy->...y". If the second operand is
// a constant float32 tensor and no axis is a batch axis, it is transposed here and now.
ValueId einsum(GraphBuilder& b, const std::string& equation, ValueId left, ValueId right);

// Elements of a row-major tensor in the order of its axes `perm`; `shape` becomes the new one.
std::vector<float> permute(const std::vector<float>& values, Shape* shape,
                           const std::vector<int>& perm);

}  // namespace mote
