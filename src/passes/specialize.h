// specialize: a graph for one set of input shapes, with every extent known, ready to be lowered.
//
// Needs   a valid graph; shapes for every input of the main subgraph, in its order.
// Gives   static shapes throughout; every constant expression computed (shape arithmetic, weights
//         that were stored smaller), so that lowering finds the constants that it needs.
// Stands  last, before planning or evaluation, on a copy: the graph that is written to a file keeps
//         its unknown extents and its small constants.
#pragma once

#include <span>
#include <vector>

#include "graph/graph.h"

namespace mote::passes {

// Throws a user Error if there are not as many shapes as inputs, a shape contradicts the input's
// known extents, or an operator can't take it; unsupported if an extent stays unknown (it depends
// on data).
void specialize(Graph& graph, std::span<const Shape> input_shapes);

// The declared shapes of the inputs with 1 for each unknown extent.
std::vector<Shape> default_input_shapes(const Graph& graph);

}  // namespace mote::passes
