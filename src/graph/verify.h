// The IR's law, checked after import and, in debug builds, after every pass.
#pragma once

#include "base/error.h"
#include "graph/graph.h"

namespace mote {

// Throws an Error that names the subgraph and node if the graph breaks the law: ids in range, one
// producer for each value, producers before readers, arity as the record says, constants of exactly
// their type's size, quantization of the right length, subgraphs called without cycles and at most
// 64 deep, signatures that name real inputs and outputs. Readers of files pass Blame::user, since
// there the file is what breaks it.
void verify(const Graph& graph, Blame blame = Blame::internal);

}  // namespace mote
