// fuse_list_update: what TensorFlow's converter makes of "list[i] = item", x[:i] and item and
// x[i+1:] joined, becomes dynamic_update_slice. The pieces have no fixed size; the whole has.
//
// Needs   types inferred; constants folded.
// Gives   the same values for every i inside the list; others were errors and now write its edge.
// Stands  in the pipeline after the folds, and before memory is planned, which the pieces prevent.
#pragma once

#include "graph/graph.h"

namespace mote::passes {

bool fuse_list_update(Graph& graph);

}  // namespace mote::passes
