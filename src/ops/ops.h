// The list of operators and what is done with any of them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "graph/op.h"

namespace mote {

// Every operator, in the order of ops.inc.
std::span<const OpDef* const> all_ops();
// By name, or by TFLite's operator code; null if Mote does not have it.
const OpDef* find_op(std::string_view name);
const OpDef* find_tflite_op(int code);

// Whether this library has the record "Conv2d": all do, but for one that is built for chosen
// models.
constexpr bool has_record(std::string_view name) {
  constexpr std::string_view kRecords[] = {
#define MOTE_OP(record) #record,
#include "ops/ops.inc"
#undef MOTE_OP
  };
  for (const std::string_view record : kRecords) {
    if (record == name) return true;
  }
  return false;
}

// "fully_connected in layer 'dense_1'", for messages.
std::string describe(const Node& node);

// Runs the shape rule of every node of the main subgraph in order, and of every subgraph that it
// calls, and writes the types of the outputs. `static` shapes are not demanded: unknown extents
// stay unknown. Throws a user Error that names the node where shapes don't fit.
void infer_types(Graph& graph);
// One node: returns the types of its outputs and sets `constants` to those that are already known.
std::vector<TensorType> infer_node(const Graph& graph, const Subgraph& subgraph, const Node& node,
                                   std::vector<std::optional<Buffer>>* constants = nullptr);

}  // namespace mote
