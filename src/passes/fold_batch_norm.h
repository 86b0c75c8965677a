// fold_batch_norm: a multiplication, division, addition or subtraction by a constant for each
// channel, after a convolution, a depthwise or transposed convolution or a fully connected node,
// disappears into its weights and bias.
//
// Needs   constants folded (a batch normalisation is then mul; add by constants), constants on the
//         right of commutative operators (simplify). The product must have no other reader.
// Gives   fewer nodes, results equal within rounding. The layer's name is the convolution's.
// Stands  after simplify, before fuse_activation: the activation follows the normalisation.
//
// Which operators these are, and where their weights, bias and channel axis are, is read from the
// records' quantization rules.
#pragma once

#include "graph/graph.h"

namespace mote::passes {

bool fold_batch_norm(Graph& graph);

}  // namespace mote::passes
