// Lowering: one node, with every extent known, becomes kernel steps. The only path from meaning to
// loops; eval, plan and what follows them consume the same steps.
#pragma once

#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "graph/op.h"
#include "kernels/kernel.h"
#include "program/program.h"

namespace mote {

// What a lowered step reads or writes.
struct Ref {
  enum Kind : uint8_t {
    none,
    value,     // of the subgraph: index is its ValueId
    temp,      // Lowered::temps[index], lives only within this node
    constant,  // Lowered::constants[index]
    state,     // Lowered::states[index]
  };
  Kind kind = none;
  int index = -1;
};

// What a step leaves to whoever lays out its memory.
struct StepFreedom {
  // Inputs, as bits, whose memory output 0 may take, if they are dead afterwards and as large.
  uint32_t reuse_inputs = 0;
  // Moves that need not happen where the planner lays out memory to fit. A view: output 0 is the
  // bytes of input 0 from there on. Joined: output 0 is the inputs from that one on, end to end.
  // Divided: the outputs are that input, end to end.
  bool view = false;
  size_t view_offset_bytes = 0;
  int join_from = -1;
  int divide_input = -1;
  // The parameters start with the MoteWindow that makes image output 0 from image input 0, so that
  // the same kernel makes any rows of it from the rows that these need.
  bool by_rows = false;
  Buffer weights;  // as they were before they were packed, if they were
};

struct LoweredStep : StepFreedom {
  StepKind kind = StepKind::kernel;
  const kernels::Kernel* kernel = nullptr;
  std::vector<std::byte> params;
  std::vector<Ref> inputs;
  std::vector<Ref> outputs;
  int64_t units = 1;
  size_t scratch_bytes = 0;  // for each thread
  int subgraph_a = -1;
  int subgraph_b = -1;
  std::vector<RowRefusal> refused = {};  // if LowerOptions::explain
};

struct LoweredTensor {
  DType dtype;
  Shape shape;
  Buffer data;      // constants
  std::string key;  // states: nodes of any subgraph that name the same key share it
};

struct Lowered {
  std::vector<LoweredStep> steps;
  std::vector<LoweredTensor> temps;
  std::vector<LoweredTensor> constants;
  std::vector<LoweredTensor> states;
};

// One argument of a step whose row is being chosen.
struct RowArgument {
  DType dtype = DType::f32;
  size_t size_bytes = 0;            // 0: absent
  const std::byte* data = nullptr;  // of constants
};

// A step and the rows that could run it, in order of preference.
struct RowRequest {
  const kernels::Family& family;
  std::span<const std::byte> params;
  std::vector<const kernels::Kernel*> rows;
  std::vector<RowArgument> inputs;
  std::vector<RowArgument> outputs;
};

// Decides between rows where the order of preference should not, as when they are measured.
class RowChooser {
 public:
  virtual ~RowChooser() = default;
  // One of request.rows; `why` says in a few words why not the others.
  virtual const kernels::Kernel& choose(const RowRequest& request, std::string* why) = 0;
};

// What sees every choice of this process, where a program wants to know them all
// (cmake/operators_of.cpp).
inline RowChooser* watching_chooser = nullptr;

struct LowerOptions {
  bool reference = false;   // only reference kernels, as the tests' oracle wants
  bool approximate = true;  // also rows whose error exceeds that of a sum (Kernel::approximate)
  RowChooser* chooser = watching_chooser;  // null: the first row that takes the parameters
  bool explain = false;                    // fill LoweredStep::refused
};

class LowerContext : public NodeView {
 public:
  LowerContext(const Graph& graph, const Subgraph& subgraph, const Node& node,
               const LowerOptions& options)
      : NodeView(graph, subgraph, node), options_(options) {}

  Ref in_ref(int i) const {
    return has(i) ? Ref{Ref::value, node().inputs[static_cast<size_t>(i)]} : Ref{};
  }
  Ref out_ref(int i) const { return {Ref::value, node().outputs[static_cast<size_t>(i)]}; }
  std::vector<Ref> in_refs() const;
  std::vector<Ref> out_refs() const;
  const LowerOptions& options() const { return options_; }
  Ref temp(DType dtype, const Shape& shape);
  Ref constant(DType dtype, const Shape& shape, Buffer data);
  template <class T>
  Ref constant(const std::vector<T>& values) {
    return constant(dtype_of<T>, Shape{static_cast<int64_t>(values.size())}, Buffer::of(values));
  }
  // What `constant` was given.
  const Buffer& constant_of(const Ref& ref) const {
    return lowered_.constants[static_cast<size_t>(ref.index)].data;
  }
  // Memory that persists between runs, zero at first, shared by every node that names the same key.
  Ref state(const std::string& key, DType dtype, const Shape& shape);

  // Appends a step that runs the family's first row that takes `params`. If the row wants packed
  // weights and its pack_input is constant, packs them. `reuse_input`: see LoweredStep.
  template <class Params>
  void step(const kernels::Family& family, const Params& params, std::vector<Ref> inputs,
            std::vector<Ref> outputs, int reuse_input = -1) {
    static_assert(std::is_trivially_copyable_v<Params>);
    std::vector<std::byte> bytes(sizeof(Params));
    std::memcpy(bytes.data(), &params, sizeof(Params));
    add_step(family, std::move(bytes), std::move(inputs), std::move(outputs), reuse_input);
  }
  // What else holds of the last step; see LoweredStep.
  LoweredStep& last_step() { return lowered_.steps.back(); }
  // output = input, byte for byte; the planner makes it disappear where it can.
  void view(Ref input, Ref output);
  void copy(Ref input, Ref output);
  // Control flow: subgraphs by index; see StepKind for what inputs and outputs mean.
  void control(StepKind kind, int subgraph_a, int subgraph_b, std::vector<Ref> inputs,
               std::vector<Ref> outputs);

  Lowered take() { return std::move(lowered_); }

 private:
  void add_step(const kernels::Family& family, std::vector<std::byte> params,
                std::vector<Ref> inputs, std::vector<Ref> outputs, int reuse_input);
  const kernels::Kernel& choose_row(const kernels::Family& family,
                                    std::span<const std::byte> params, std::span<const Ref> inputs,
                                    std::span<const Ref> outputs,
                                    std::vector<RowRefusal>* refused) const;
  const char* refusal(const kernels::Kernel& row, simd::Isa isa, const void* params,
                      std::span<const Ref> inputs) const;
  RowArgument argument(const Ref& ref) const;
  bool is_packable(const Ref& ref) const;
  Buffer bytes_of_ref(const Ref& ref) const;

  LowerOptions options_;
  Lowered lowered_;
};

// Lowers one node. Throws an Error with the operator and layer named; an operator without a
// lowering is unsupported.
Lowered lower(const Graph& graph, const Subgraph& subgraph, const Node& node,
              const LowerOptions& options = {});

}  // namespace mote
