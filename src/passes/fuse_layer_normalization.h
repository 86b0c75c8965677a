// fuse_layer_normalization: the steps that a layer normalisation along the last axis is written as
// become one operator, which reads x once instead of nine times:
//
//   d = x - mean(x);  y = d * rsqrt(mean(square(d)) + epsilon) [* gamma] [+ beta]
//
// Needs   static shapes and folded constants (specialize).
// Gives   layer_normalization where nothing else reads what is in between. Its sums are taken in
//         another order, as every fast kernel takes them.
// Stands  after specialize, for a graph that is about to run: no file format has the operator.
#pragma once

#include "graph/graph.h"

namespace mote::passes {

bool fuse_layer_normalization(Graph& graph);

}  // namespace mote::passes
