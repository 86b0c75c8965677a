// simplify: one form for what can be written in several ways, and nothing for what does nothing.
//
//   squeeze, expand_dims             -> reshape
//   a transpose that moves only axes of extent 1 -> reshape
//   reshape of a reshape             -> reshape of what the first one reads
//   transpose of a transpose         -> one transpose
//   constant first in a commutative operator -> constant second
//   div by a constant                -> mul by its reciprocal, where that is exact
//   reshape, transpose, cast, pad, slice, concatenation, tile... that change nothing -> nothing
//   x * 1, x / 1, x + 0, x - 0, relu of relu -> x
//   quantize of a dequantize with the same parameters -> nothing
//
// Needs   types inferred, constants folded.
// Gives   the same values, bit for bit (but for the sign of zero in x + 0).
// Stands  before the fusions, whose patterns then are few.
#pragma once

#include "graph/graph.h"

namespace mote::passes {

bool simplify(Graph& graph);

}  // namespace mote::passes
