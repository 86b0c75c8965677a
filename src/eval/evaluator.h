// Runs a graph node by node: every value in memory of its own, nothing planned, nothing reused. For
// constant folding, calibration, and as the oracle of tests (with the reference kernels, which it
// uses by default).
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "graph/graph.h"
#include "ops/lower.h"

namespace mote::eval {

// Memory that outlives a run: variables and resources, by key, and which call_once functions have
// run.
struct State {
  struct Cell {
    Buffer::Writable memory;
    size_t size_bytes = 0;
    std::byte initial{};
  };
  std::map<std::string, Cell> cells;
  std::map<int, bool> called;
  void reset();
};

class Evaluator {
 public:
  // `graph` must outlive the evaluator and have static shapes throughout (passes/specialize).
  // Throws an Error that names the node if an operator can't be lowered. Not safe to use from
  // several threads at once.
  explicit Evaluator(const Graph& graph, bool reference = true);
  ~Evaluator();

  // Throws a user Error if the size is not that of the input's type.
  void set_input(int index, std::span<const std::byte> bytes);
  // Throws a user Error that names the node if a kernel refuses its data (an index out of range).
  void run();
  // The bytes of any value of the main subgraph, after run().
  std::span<const std::byte> value(ValueId id) const;
  std::span<const std::byte> output(int index) const;
  void reset_state();

 private:
  friend class Frame;
  const Graph& graph_;
  State state_;
  std::unique_ptr<class Frame> frame_;
};

// The outputs of one node whose inputs are all constant.
std::vector<Buffer> evaluate_node(const Graph& graph, const Subgraph& subgraph, const Node& node);

}  // namespace mote::eval
