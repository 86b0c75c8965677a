// Full-integer quantization: rewrites a float graph with integer nodes, and Quantize and Dequantize
// where integer and float meet.
#pragma once

#include <vector>

#include "compress/quantize/calibrate.h"
#include "compress/quantize/decide.h"

namespace mote::compress {

struct IntegerGraph {
  Graph graph;
  // For each node of the new main subgraph: the node of the old one that it stands for, or -1 for
  // a Quantize or Dequantize between them.
  std::vector<int> origin;
  std::vector<LayerReport> layers;  // one for each node of the old main subgraph that has floats
};

// `decisions`: one for each node. `calibration`: ranges for every activation of an integer node and
// for the model's float inputs and outputs.
IntegerGraph make_integer(const Graph& graph, const QuantizeOptions& options,
                          const std::vector<Decision>& decisions, const Calibration& calibration);

// The values whose ranges make_integer needs.
std::vector<ValueId> values_to_calibrate(const Graph& graph,
                                         const std::vector<Decision>& decisions);

}  // namespace mote::compress
