// propagate: walks a graph forward once; gives every value the type that the shape rules say, and
// computes what depends on constants only.
#pragma once

#include <span>

#include "graph/graph.h"

namespace mote::passes {

enum class Folding : uint8_t {
  // For a graph that will be written to a file: what is folded may not make it larger. A float32
  // view of float16 or int8 weights stays as it is.
  compact,
  // The same, but stored weights become float32: for what is going to store them another way.
  expanded,
  // For a graph that is about to run: everything that is known is computed once.
  full,
};

// Subgraphs that control flow calls take their inputs' types from the call if `shapes` is not
// empty, and keep their own otherwise. Throws an Error that names the node whose shapes don't fit.
// True if anything changed.
bool propagate(Graph& graph, Folding folding, std::span<const Shape> shapes = {});

}  // namespace mote::passes
