// fuse_activation: relu, relu6 and relu_n1_to_1 become the `activation` attribute of the node that
// makes their input, if its record has one (kFusedActivation) and nothing else reads the input.
//
// Needs   batch normalisations folded, so that what is left between a convolution and its
//         activation is nothing.
// Gives   the same float results, bit for bit. Views that keep the last axis are seen through.
// Stands  after fold_batch_norm.
#pragma once

#include "graph/graph.h"

namespace mote::passes {

bool fuse_activation(Graph& graph);

}  // namespace mote::passes
