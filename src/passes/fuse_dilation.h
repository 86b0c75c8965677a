// fuse_dilation: a convolution between space_to_batch_nd and batch_to_space_nd becomes a dilated
// one, which is what a converter made them from and does without the copies.
//
//   x -> space_to_batch_nd(block, paddings) -> conv (valid, stride 1) -> batch_to_space_nd(block,
//   crops) x -> conv (same or valid, dilation = block)
//
// Needs   static shapes and folded constants (specialize).
// Gives   the dilated convolution where its padding is what the paddings and crops amount to and
//         nothing else reads what is in between. Integer results are the same.
// Stands  after specialize: converters leave these operators where extents were unknown.
#pragma once

#include "graph/graph.h"

namespace mote::passes {

bool fuse_dilation(Graph& graph);

}  // namespace mote::passes
