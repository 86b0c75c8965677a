#include "passes/fold_constants.h"

#include "passes/propagate.h"

namespace mote::passes {

bool fold_constants(Graph& graph) { return propagate(graph, Folding::compact); }

}  // namespace mote::passes
