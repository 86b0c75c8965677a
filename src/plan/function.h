// One subgraph on its way to becoming a Function. Used by compile.cpp alone.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "ops/lower.h"
#include "plan/bands.h"
#include "plan/compile.h"
#include "plan/memory.h"
#include "plan/order.h"
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
  // One way to cut a step into bands.
  struct Cut {
    size_t step = 0;
    int64_t rows = 0;  // of a band
    std::ptrdiff_t saved = 0;
    Overlap overlap;  // of blocks: a tensor's block has the tensor's index
  };

  FunctionBuilder(Shared& shared, int subgraph_index);
  Function build();
  // Tensor index by value of the subgraph; -1 if it has none.
  const std::vector<int>& tensor_of_value() const { return tensor_of_value_; }

 private:
  // Where a tensor is and when it is needed. Tensors that share memory are one body, named by one
  // of them, and lie at fixed distances in it.
  struct Place {
    Space space = Space::none;  // as lowered; a view of a constant becomes one
    size_t offset = 0;
    bool pinned = false;  // an input of the function: only its caller may write it
    bool output = false;
    int first = -1;  // times, see find_lives
    int last = -1;
    int body = -1;             // -1: not in the arena
    std::ptrdiff_t delta = 0;  // above where the body was first put; may be negative
  };

  struct PendingStep : StepFreedom {
    Step step;
    std::vector<int> inputs;
    std::vector<int> outputs;
    size_t params_bytes = 0;
    bool dropped = false;  // its outputs share its inputs' memory: nothing to run
    // Not empty: the step stands for these, which run band after band of so many rows of the last.
    std::vector<PendingStep> chain = {};
    int64_t chain_rows = 0;
  };

  // How a chain runs.
  struct ChainPlan {
    std::vector<std::vector<Band>> turns;  // by band of the chain's output, then by step
    struct OfStep {
      int64_t units = 1;  // the most that a band has
      size_t scratch_bytes = 0;
      size_t scratch_offset = 0, output_offset = 0;  // bytes into the chain's scratch
    };
    std::vector<OfStep> steps;
    size_t total_bytes = 0;
    double work = 0;  // of the work of its steps without bands
  };

  // What a plan needs at least.
  struct Need {
    size_t bytes = 0;
    std::vector<std::ptrdiff_t> live;  // by time, without cuts
    int64_t steps_at(size_t bound_bytes) const;
  };

  // Steps `first` to `last` as one.
  struct Chain {
    size_t first = 0, last = 0;
    double work = 0;
    Need need;
    PendingStep step;
  };

  // Blocks of the arena: the tensors, then the steps' scratch.
  struct Draft {
    std::vector<Block> blocks;
    std::vector<std::ptrdiff_t> live_bytes;  // by time, without cuts
    std::vector<Cut> cuts;
    Layout layout;
    size_t uncut_bytes = 0;  // lower bounds: without cuts, and with them
    size_t lower_bound_bytes = 0;
  };

  // function.cpp: nodes become steps over tensors
  void lower_nodes();
  int tensor_of(const Ref& ref, const Lowered& lowered, std::vector<int>& temps);
  int value_tensor(ValueId id);
  int add_tensor(DType dtype, const Shape& shape, Space space, const std::string& name);
  int constant_tensor(DType dtype, const Shape& shape, const Buffer& data);
  int state_tensor(const std::string& key, DType dtype, const Shape& shape,
                   std::byte initial = std::byte{});
  size_t add_params(const std::vector<std::byte>& params);
  void add_step(LoweredStep lowered, std::vector<int> inputs, std::vector<int> outputs, int label);
  void check_call(const PendingStep& pending) const;
  int output_tensor(int tensor, size_t index);
  void emit(const PendingStep& pending);

  // sharing.cpp: which tensors share memory
  void find_lives();
  void share_memory(bool join);
  void join_body(int tensor, int other, std::ptrdiff_t delta);
  bool may_show(int tensor, int other) const;
  bool share_view(size_t step);
  bool share_divided(size_t step);
  bool show_whole(int input, int output);
  void share_loop(size_t step);
  bool share_joined(size_t step);
  bool move_body(int piece, int whole, std::ptrdiff_t offset);
  bool dies_at(int tensor, size_t step) const;
  bool may_overwrite_input(size_t step, int input, int output) const;
  void share_in_place(size_t step);

  // arena.cpp: where everything lies
  void plan_arena();
  Draft draft();
  bool joins_tensors() const;
  Draft best_draft();
  void place_draft(Draft& draft);

  // tasks.cpp: what the search for an order sees
  std::vector<size_t> buffers() const;
  void find_dependencies(Tasks& tasks) const;
  Tasks tasks() const;

  // bands.cpp: steps that write over their input
  MoteWindow window_of(const PendingStep& pending) const;
  int64_t work_of(const PendingStep& pending) const;
  std::vector<std::byte> band_params(const PendingStep& pending, const Band& band) const;
  const Buffer* packed_weights(const PendingStep& pending) const;
  bool kernel_takes(const PendingStep& pending, const std::vector<Band>& bands,
                    const Buffer* weights) const;
  bool kernel_takes(const PendingStep& pending, int64_t rows);
  std::pair<std::ptrdiff_t, std::ptrdiff_t> row_bytes(const PendingStep& pending) const;
  PendingStep band_step(const PendingStep& pending, const Band& band, int input, int output);
  int input_rows(const PendingStep& pending, const Band& band);
  int output_rows(const PendingStep& pending, const Band& band);
  int part_of(int image, std::ptrdiff_t row_bytes, int64_t begin, int64_t end, Shape shape);
  Overlap band_overlap(const PendingStep& pending, const std::vector<Band>& bands) const;
  bool may_overwrite(size_t step) const;
  std::vector<Cut> cuts_of(size_t step);
  std::vector<Cut> choose_cuts(const std::vector<std::ptrdiff_t>& live);
  std::vector<PendingStep> cut_step(const PendingStep& pending, const Cut& cut);
  void cut_steps(const std::vector<Cut>& cuts);

  // streams.cpp: chains of steps that run band after band
  Need need();
  bool streams(const PendingStep& pending) const;
  bool links(size_t step) const;
  ChainPlan plan_chain(const PendingStep& chain) const;
  PendingStep make_chain(size_t first, size_t last, int64_t rows) const;
  std::vector<Chain> chains(const Need& now) const;
  bool settle_chain(PendingStep& chain);
  void stream_chains();
  void run_chain(const PendingStep& chain, std::vector<PendingStep>& steps);
  void run_chains();

  Shared& shared_;
  const Subgraph& subgraph_;
  int subgraph_index_;
  Function function_;
  std::vector<PendingStep> steps_;
  std::vector<int> tensor_of_value_;
  std::vector<Place> places_;                         // by tensor
  std::map<std::pair<size_t, int64_t>, bool> takes_;  // kernel_takes, by parameters and rows
};

}  // namespace mote::plan
