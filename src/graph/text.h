// The text form of a graph: what `mote inspect` prints, what pass tests compare, and what parse
// reads back.
//
//   graph "description"
//   subgraph main(%0 "x": float32[?,10]) -> (%4) {
//     %1 "w": float32[4,10] = constant fill(0.5)
//     %2 "b": float32[4] = constant [1, 2, 3, 4]
//     %4 "y": float32[?,4] = fully_connected(%0, %1, %2) {activation=relu} @"dense"
//   }
//   signature "serving_default" 0 ("x": %0) -> ("y": %4)
//
// An absent input is `_`. Attributes at their defaults are left out. Quantization follows a type:
// int8[4]{0.5:-3}, or per axis int8[2,4]{axis 0, 0.5:0, 0.25:0}. State is `= variable`; a value
// that no node makes (an intermediate) stands alone on its line, and the node names it in
// `intermediates(%7)`. `//` starts a comment.
#pragma once

#include <string>
#include <string_view>

#include "graph/graph.h"

namespace mote {

// Constants of more than `max_bytes` bytes are shown as their size and a hash, and so do lists of
// scales; these do not parse back.
std::string print(const Graph& graph, size_t max_bytes = 64);

// How parse_graph finds an operator by name.
using FindOp = const OpDef* (*)(std::string_view name);
// Throws a user Error with line and column for text that is not a graph. Operators are looked up by
// `find_op`.
Graph parse_graph(std::string_view text, FindOp find_op);

}  // namespace mote
