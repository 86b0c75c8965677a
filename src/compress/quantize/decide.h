// Which nodes are quantized to integers, and why the others are not.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "compress/quantize/quantize.h"
#include "graph/op.h"

namespace mote::compress {

struct Decision {
  bool integer = false;
  // Why a node that computes with floats is not: empty if there is nothing to quantize in it.
  std::string reason;
};

// Reasons that are known from elsewhere, by node index of the main subgraph.
using Refusals = std::map<size_t, std::string>;

// One decision for each node of the main subgraph. Nodes that only move data follow their
// neighbours: they are integer if a computing neighbour is.
std::vector<Decision> decide(const Graph& graph, Precision precision, const Refusals& refusals);

// Input i of the node carries an activation that quantization applies to: float32, as the record
// says.
bool is_activation(const NodeView& node, int i);
bool is_float(const Value& value);

}  // namespace mote::compress
