// One subgraph on its way to becoming a Function. Used by compile.cpp alone.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "ops/lower.h"
#include "plan/compile.h"
#include "program/program.h"

namespace mote::plan {

// What functions of one program share.
struct Shared {
  const Graph& graph;
  const Options& options;
  Program& program;
  struct StatePlace {
    size_t offset = 0;
    size_t size_bytes = 0;
  };
  std::map<std::string, StatePlace> states;
  std::map<const std::byte*, size_t> constants;  // data already in the program, by address
  std::vector<int> function_of_subgraph;         // -1: not compiled yet
};

class FunctionBuilder {
 public:
  FunctionBuilder(Shared& shared, int subgraph_index);
  Function build();
  // Tensor index by value of the subgraph; -1 if it has none.
  const std::vector<int>& tensor_of_value() const { return tensor_of_value_; }

 private:
  // A tensor in the arena belongs to a storage; views and in-place steps share one.
  struct Storage {
    size_t size_bytes = 0;
    int first = -1;
    int last = -1;
    bool pinned = false;  // an input of the function: only its caller may write it
    bool output = false;
  };

  struct PendingStep {
    Step step;
    std::vector<int> inputs;
    std::vector<int> outputs;
    int reuse_input = -1;
    bool view = false;
  };

  void lower_nodes();
  int tensor_of(const Ref& ref, const Lowered& lowered, std::vector<int>& temps);
  int value_tensor(ValueId id);
  int add_tensor(DType dtype, const Shape& shape, Space space, const std::string& name);
  int constant_tensor(DType dtype, const Shape& shape, const Buffer& data);
  int state_tensor(const std::string& key, DType dtype, const Shape& shape,
                   std::byte initial = std::byte{});
  void add_step(LoweredStep lowered, std::vector<int> inputs, std::vector<int> outputs, int label);
  void check_call(const PendingStep& pending) const;
  void find_last_uses();
  void share_storage();
  bool share_view(size_t step);
  void share_in_place(size_t step);
  bool dies_at(int tensor, size_t step) const;
  void drop_shared_copies();
  void assign_lifetimes();
  void place_storages();

  Shared& shared_;
  const Subgraph& subgraph_;
  int subgraph_index_;
  Function function_;
  std::vector<PendingStep> steps_;
  std::vector<int> tensor_of_value_;
  std::vector<int> storage_of_tensor_;  // -1: not in the arena
  std::vector<Storage> storages_;
  std::vector<size_t> last_use_;  // by storage: index of the last step that touches it
};

}  // namespace mote::plan
