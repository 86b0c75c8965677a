// Reverse-mode differentiation, graph -> graph.
#pragma once

#include <span>
#include <vector>

#include "ops/builder.h"

namespace mote::train {

// Appends to the builder's graph the nodes that compute d loss / d value for each of `values`, and
// returns those gradients in the same order (kNoValue where the loss does not depend on a value).
// `loss` is a float32 scalar of the main subgraph. Every shape must be known; loops and subgraph
// calls must be gone (passes/unroll_loops). Throws an unsupported Error that names the operator and
// its layer, and the record's reason, where the way from a value to the loss passes a node without
// a gradient.
std::vector<ValueId> differentiate(GraphBuilder& builder, ValueId loss,
                                   std::span<const ValueId> values);

}  // namespace mote::train
