// common_subexpressions: two nodes that compute the same thing become one.
//
// Needs   equal constants shared (share_constants), so that equal inputs are the same value.
// Gives   the same values. State is never joined. The first node's layer name stays.
// Stands  after simplify, so that equal things look equal.
#pragma once

#include "graph/graph.h"

namespace mote::passes {

bool common_subexpressions(Graph& graph);

}  // namespace mote::passes
