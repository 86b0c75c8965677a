// The text form of a graph: what `mote inspect` prints, what pass tests compare, and what parse
// reads back.
//
//   graph "description"
//   subgraph main(%0 "x": float32[?,10]) -> (%4)
//     %1 "w": float32[4,10] = constant 0x3f800000...
//     %4 "y": float32[?,4] = fully_connected(%0, %1, _) {activation=relu, keep_num_dims=true}
//     @"dense"
#pragma once

#include <string>
#include <string_view>

#include "graph/graph.h"

namespace mote {

// Constants of more than `max_bytes` bytes are shown as their size and a hash, and do not parse
// back.
std::string print(const Graph& graph, size_t max_bytes = 64);

// How parse_graph finds an operator by name.
using FindOp = const OpDef* (*)(std::string_view name);
// Throws a user Error with line and column for text that is not a graph. Operators are looked up by
// `find_op`.
Graph parse_graph(std::string_view text, FindOp find_op);

}  // namespace mote
