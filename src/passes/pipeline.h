// The list of passes between import and compression or export.
#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"
#include "graph/graph.h"

namespace mote::passes {

// Told after every pass; `changed` says whether it did anything.
struct PassEvent {
  std::string_view pass;
  const Graph& graph;
  bool changed;
  double milliseconds;
};
using Observer = std::function<void(const PassEvent&)>;

// Makes a graph smaller and faster without changing what it computes: float results stay within
// rounding, integer results stay as they are. Names and order of inputs and outputs are kept.
Status optimize(Graph& graph, const Observer& observer = {});

// What no file format has a form for, for a graph that is about to run: static shapes, folded
// constants (specialize).
void fuse_to_run(Graph& graph);

// A pass by its name, for tests and tools; null if there is none.
using Pass = bool (*)(Graph&);
Pass find_pass(std::string_view name);

}  // namespace mote::passes
