// fuse_padding: a pad of zeros before a convolution that pads nothing disappears where padding=same
// would pad the same (a stride of 2 over an even size, padded by one row below, for one).
//
// Needs   types inferred; constants folded.
// Gives   the same values, bit for bit: a padded zero and a skipped element add the same.
// Stands  before the other fusions; nothing depends on it.
#pragma once

#include "graph/graph.h"

namespace mote::passes {

bool fuse_padding(Graph& graph);

// The same for any pad of zeros (a stride of 2 over an even size, padded by one row on both sides,
// as PyTorch does): it goes into the convolution's attribute `pads`. For a graph that is about to
// run: no file format has that attribute.
bool fuse_any_padding(Graph& graph);

}  // namespace mote::passes
