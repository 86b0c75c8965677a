// fold_constants: what depends on constants only is computed now.
//
// Needs   a valid graph; input shapes may be unknown.
// Gives   types as the shape rules say, with unknown extents where they must be; no node whose
//         inputs are all constant, unless its result would take more bytes than they do.
// Stands  first: the other passes recognise constants.
#pragma once

#include "graph/graph.h"

namespace mote::passes {

bool fold_constants(Graph& graph);

}  // namespace mote::passes
