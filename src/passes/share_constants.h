// share_constants: constants of one type with the same bytes become one.
//
// Needs   a valid graph.
// Gives   each constant once in every subgraph; nothing else changes.
// Stands  last, since the passes before it make constants.
#pragma once

#include "graph/graph.h"

namespace mote::passes {

bool share_constants(Graph& graph);

}  // namespace mote::passes
