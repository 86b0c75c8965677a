// Zero biases for the operators whose official kernel refuses to go without one.
#pragma once

#include "graph/graph.h"

namespace mote::tflite {

// The same graph with a bias of zeros where TfliteFormat::needs_bias asks for one that is absent.
Graph with_biases(const Graph& graph);

}  // namespace mote::tflite
