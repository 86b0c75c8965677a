// graph -> program: kernel choice, weight packing, views, in-place steps, arena offsets.
#pragma once

#include "base/result.h"
#include "graph/graph.h"
#include "ops/lower.h"
#include "program/program.h"

namespace mote::plan {

struct Options {
  int threads = 1;             // scratch is planned for so many; a session may use fewer
  LowerOptions lowering = {};  // which kernels may be chosen
  // Every value keeps memory of its own until the end of the run and can be found by
  // Program::observed.
  bool observe = false;
  // The least memory at any cost in calls of kernels, and in work that is done twice: chains of
  // steps run band after band, so that what lies between them never exists whole.
  bool min_memory = false;
  // Other orders of steps and layouts than the first that come to mind are looked for where these
  // take more memory than they must.
  bool search = true;
};

// Every extent in the graph must be known (passes/specialize). Errors name the operator and layer.
// Constants are shared with the graph, not copied, unless a kernel packs them.
Result<Program> compile(const Graph& graph, const Options& options = {});

}  // namespace mote::plan
