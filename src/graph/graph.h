// The intermediate representation. NHWC, TFLite's operators and their semantics, static single
// assignment: every value has one producer (a node, an input, or its constant data).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "graph/attrs.h"
#include "graph/type.h"

namespace mote {

struct OpDef;

using ValueId = int32_t;
inline constexpr ValueId kNoValue = -1;  // an optional input that is absent

struct Value {
  std::string name;
  TensorType type;
  // Constant data, exactly type.shape.bytes(type.dtype) long, if `is_constant`.
  Buffer data = {};
  bool is_constant = false;
  // State that persists between runs and starts at zero (recurrent state, for one).
  bool is_variable = false;
};

struct Node {
  const OpDef* op = nullptr;
  Attrs attrs;
  std::vector<ValueId> inputs;  // kNoValue where optional and absent
  std::vector<ValueId> outputs;
  // The layer of the source model that this node came from ("conv2d_1"); kept through every pass to
  // the reports.
  std::string layer = {};
  // Values that an integer kernel needs besides (an LSTM's five intermediates): only their
  // quantization matters.
  std::vector<ValueId> intermediates = {};
};

struct Subgraph {
  std::string name;
  std::vector<Value> values;
  std::vector<Node> nodes;  // in an order in which they can run
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;

  Value& value(ValueId id) { return values[static_cast<size_t>(id)]; }
  const Value& value(ValueId id) const { return values[static_cast<size_t>(id)]; }

  ValueId add_value(std::string value_name, TensorType type);
  ValueId add_constant(std::string value_name, TensorType type, Buffer data);
};

// A named way to call a subgraph.
struct Signature {
  std::string key = "serving_default";
  int subgraph = 0;
  std::vector<std::pair<std::string, ValueId>> inputs = {};
  std::vector<std::pair<std::string, ValueId>> outputs = {};
};

struct Graph {
  std::vector<Subgraph> subgraphs = {};  // [0] is the main one
  std::vector<Signature> signatures = {};
  std::string description = {};
  std::map<std::string, Buffer> metadata = {};

  Subgraph& main() { return subgraphs[0]; }
  const Subgraph& main() const { return subgraphs[0]; }
};

// Which node makes each value (-1: none), and how many node inputs and subgraph outputs read it.
struct Uses {
  std::vector<int> producer;  // node index by value
  std::vector<int> readers;   // count by value
};
Uses uses_of(const Subgraph& subgraph);

// Removes nodes whose outputs nothing needs (stateful and control-flow ones stay), then values that
// nothing refers to; the rest is renumbered.
void remove_dead(Graph& graph);

// Two graphs that mean the same: equal nodes, types, attributes and constant bytes, in the same
// order; names of values and their numbers may differ. On a difference `why` (if given) says where.
bool equal(const Graph& a, const Graph& b, std::string* why = nullptr);

}  // namespace mote
