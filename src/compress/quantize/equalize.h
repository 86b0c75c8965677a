// Cross-layer equalization: of two layers in a row, channel c of the first is divided by s_c and
// what reads it in the second multiplied by s_c, so that both use their ranges alike. With nothing
// or a ReLU between them the function stays the same.
#pragma once

#include "graph/graph.h"

namespace mote::compress {

// Returns how many pairs were equalized. Weights become new constants; results are equal within
// rounding.
int equalize_layers(Graph& graph);

}  // namespace mote::compress
