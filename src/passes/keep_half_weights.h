// keep_half_weights: float16 weights that are widened by a dequantize are read as they are, by
// operators that can (kHalfWeights). Results are the same: widening is exact.
//
// For a graph that is about to run, before its constants are folded; files keep the dequantize,
// which other programs expect.
#pragma once

#include "graph/graph.h"

namespace mote::passes {

bool keep_half_weights(Graph& graph);

}  // namespace mote::passes
