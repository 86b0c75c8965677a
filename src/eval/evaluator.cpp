#include "eval/evaluator.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "ops/ops.h"

namespace mote::eval {
namespace {

size_t static_bytes(const TensorType& type, const std::string& name) {
  const auto size_bytes = type.shape.bytes(type.dtype);
  if (!size_bytes)
    fail_user("'{}' has shape {}: every extent must be known before it can run", name,
              type.shape.str());
  return *size_bytes;
}

}  // namespace

void State::reset() {
  for (auto& [key, cell] : cells) std::fill_n(cell.memory.bytes, cell.size_bytes, cell.initial);
  called.clear();
}

// One subgraph, ready to run at one place in the graph.
class Frame {
 public:
  Frame(const Graph& graph, int index, State& state, const LowerOptions& options, int depth)
      : graph_(graph), subgraph_(graph.subgraphs[static_cast<size_t>(index)]), state_(state) {
    if (depth > 64) fail_user("subgraphs call each other more than 64 deep");
    values_.resize(subgraph_.values.size());
    for (size_t v = 0; v < values_.size(); ++v) {
      const Value& value = subgraph_.values[v];
      if (value.is_variable) {
        const std::string key = fmt::format("variable {}/{}", index, v);
        values_[v] = {
            state_cell(key, static_bytes(value.type, value.name), initial_byte(value.type)),
            static_bytes(value.type, value.name)};
      } else if (value.is_constant) {
        // Kernels take inputs as const; the cast only lets one table serve both directions.
        values_[v] = {const_cast<std::byte*>(value.data.data()), value.data.size()};
      }
    }
    for (const ValueId id : subgraph_.inputs) allocate(id);
    for (const Node& node : subgraph_.nodes) {
      for (const ValueId id : node.outputs) allocate(id);
      prepare(node, options, depth);
    }
  }

  void run() {
    for (Step& step : steps_) {
      with_context(describe(*step.node), [&] { run(step); });
    }
  }

  std::span<std::byte> value(ValueId id) const { return values_[static_cast<size_t>(id)]; }
  std::span<std::byte> input(size_t i) const { return value(subgraph_.inputs[i]); }
  std::span<std::byte> output(size_t i) const { return value(subgraph_.outputs[i]); }

 private:
  struct Step {
    const Node* node;
    LoweredStep lowered;
    std::vector<std::span<std::byte>> inputs;
    std::vector<std::span<std::byte>> outputs;
    std::unique_ptr<Frame> a;
    std::unique_ptr<Frame> b;
  };

  std::byte* state_cell(const std::string& key, size_t size_bytes, std::byte initial = {}) {
    auto [found, is_new] = state_.cells.try_emplace(key);
    if (is_new) {
      found->second = {Buffer::allocate(size_bytes), size_bytes, initial};
      std::fill_n(found->second.memory.bytes, size_bytes, initial);
    }
    if (found->second.size_bytes != size_bytes) fail_user("state '{}' is used with two sizes", key);
    return found->second.memory.bytes;
  }

  std::span<std::byte> allocate_bytes(size_t size_bytes) {
    owned_.push_back(Buffer::allocate(size_bytes));
    return {owned_.back().bytes, size_bytes};
  }

  void allocate(ValueId id) {
    auto& place = values_[static_cast<size_t>(id)];
    const Value& value = subgraph_.value(id);
    if (place.data() == nullptr && bits_of(value.type.dtype))
      place = allocate_bytes(static_bytes(value.type, value.name));
  }

  void prepare(const Node& node, const LowerOptions& options, int depth) {
    Lowered lowered = lower(graph_, subgraph_, node, options);
    std::vector<std::span<std::byte>> temps, constants, states;
    for (const LoweredTensor& t : lowered.temps)
      temps.push_back(allocate_bytes(static_bytes({t.dtype, t.shape}, "temporary")));
    for (const LoweredTensor& t : lowered.constants) {
      kept_.push_back(t.data);
      constants.emplace_back(const_cast<std::byte*>(t.data.data()), t.data.size());
    }
    for (const LoweredTensor& t : lowered.states) {
      const size_t size_bytes = static_bytes({t.dtype, t.shape}, t.key);
      states.emplace_back(state_cell(t.key, size_bytes), size_bytes);
    }
    const auto place = [&](const Ref& ref) -> std::span<std::byte> {
      const auto i = static_cast<size_t>(ref.index);
      switch (ref.kind) {
        case Ref::value:
          return values_[i];
        case Ref::temp:
          return temps[i];
        case Ref::constant:
          return constants[i];
        case Ref::state:
          return states[i];
        case Ref::none:
          break;
      }
      return {};
    };
    for (LoweredStep& step : lowered.steps) {
      Step made{&node, std::move(step), {}, {}, nullptr, nullptr};
      for (const Ref& ref : made.lowered.inputs) made.inputs.push_back(place(ref));
      for (const Ref& ref : made.lowered.outputs) made.outputs.push_back(place(ref));
      const auto callee = [&](int index) {
        return index < 0 ? nullptr
                         : std::make_unique<Frame>(graph_, index, state_, options, depth + 1);
      };
      made.a = callee(made.lowered.subgraph_a);
      made.b = callee(made.lowered.subgraph_b);
      scratch_bytes_ = std::max(scratch_bytes_, made.lowered.scratch_bytes);
      steps_.push_back(std::move(made));
    }
  }

  static void copy(std::span<const std::byte> from, std::span<std::byte> to) {
    if (from.size() != to.size())
      fail_user("a value of {} bytes goes where {} are expected", from.size(), to.size());
    if (!from.empty()) std::memmove(to.data(), from.data(), from.size());
  }

  static void call(Frame& callee, std::span<const std::span<std::byte>> arguments) {
    if (arguments.size() != callee.subgraph_.inputs.size()) {
      fail_user("'{}' takes {} inputs, got {}", callee.subgraph_.name,
                callee.subgraph_.inputs.size(), arguments.size());
    }
    for (size_t i = 0; i < arguments.size(); ++i) copy(arguments[i], callee.input(i));
    callee.run();
  }

  static void results(const Frame& callee, std::span<std::span<std::byte>> outputs) {
    if (outputs.size() != callee.subgraph_.outputs.size()) {
      fail_user("'{}' gives {} outputs, {} are expected", callee.subgraph_.name,
                callee.subgraph_.outputs.size(), outputs.size());
    }
    for (size_t i = 0; i < outputs.size(); ++i) copy(callee.output(i), outputs[i]);
  }

  void run(Step& step) {
    switch (step.lowered.kind) {
      case StepKind::kernel:
        return run_kernel(step);
      case StepKind::copy:
        return copy(step.inputs[0], step.outputs[0]);
      case StepKind::call:
        call(*step.a, step.inputs);
        return results(*step.a, step.outputs);
      case StepKind::call_once:
        if (std::exchange(state_.called[step.lowered.subgraph_a], true)) return;
        return call(*step.a, {});
      case StepKind::branch: {
        Frame& taken = static_cast<bool>(step.inputs[0][0]) ? *step.a : *step.b;
        call(taken, std::span(step.inputs).subspan(1));
        return results(taken, step.outputs);
      }
      case StepKind::loop:
        return run_loop(step);
    }
  }

  void run_loop(Step& step) {
    for (size_t i = 0; i < step.inputs.size(); ++i) copy(step.inputs[i], step.outputs[i]);
    for (int64_t turn = 0;; ++turn) {
      call(*step.a, step.outputs);
      if (!static_cast<bool>(step.a->output(0)[0])) return;
      if (turn >= kMaxLoopTurns) fail_user("the loop did not end after {} turns", kMaxLoopTurns);
      call(*step.b, step.outputs);
      results(*step.b, step.outputs);
    }
  }

  void run_kernel(Step& step) {
    if (scratch_.buffer.size() < scratch_bytes_) scratch_ = Buffer::allocate(scratch_bytes_);
    std::vector<const void*> inputs;
    std::vector<void*> outputs;
    for (const auto& place : step.inputs) inputs.push_back(place.data());
    for (const auto& place : step.outputs) outputs.push_back(place.data());
    const kernels::Args args{step.lowered.params.data(), inputs.data(), outputs.data(),
                             scratch_.bytes};
    const int code = step.lowered.kernel->run(args, 0, step.lowered.units);
    if (code == kernels::kIndexOutOfRange) fail_user("an index in the data is out of range");
    if (code == kernels::kDivisionByZero) fail_user("division by zero in the data");
    if (code != kernels::kOk)
      fail_internal("kernel {} failed with code {}", step.lowered.kernel->name, code);
  }

  const Graph& graph_;
  const Subgraph& subgraph_;
  State& state_;
  std::vector<std::span<std::byte>> values_;
  std::vector<Step> steps_;
  std::vector<Buffer::Writable> owned_;
  std::vector<Buffer> kept_;
  Buffer::Writable scratch_{};
  size_t scratch_bytes_ = 0;
};

Evaluator::Evaluator(const Graph& graph, bool reference)
    : graph_(graph),
      frame_(std::make_unique<Frame>(graph, 0, state_, LowerOptions{.reference = reference}, 0)) {}

Evaluator::~Evaluator() = default;

void Evaluator::set_input(int index, std::span<const std::byte> bytes) {
  const auto place = frame_->input(static_cast<size_t>(index));
  if (place.size() != bytes.size()) {
    const Value& value = graph_.main().value(graph_.main().inputs[static_cast<size_t>(index)]);
    fail_user("input '{}' is {}: expected {} bytes, got {}", value.name, value.type.str(),
              place.size(), bytes.size());
  }
  if (!bytes.empty()) std::memcpy(place.data(), bytes.data(), bytes.size());
}

void Evaluator::run() { frame_->run(); }

std::span<const std::byte> Evaluator::value(ValueId id) const { return frame_->value(id); }

std::span<const std::byte> Evaluator::output(int index) const {
  return frame_->output(static_cast<size_t>(index));
}

void Evaluator::reset_state() { state_.reset(); }

std::vector<Buffer> evaluate_node(const Graph& graph, const Subgraph& subgraph, const Node& node) {
  // A graph of that node alone: its constants, nothing else.
  Graph alone;
  alone.subgraphs.emplace_back();
  Subgraph& main = alone.main();
  Node copy = node;
  const auto bring = [&](ValueId& id) {
    if (id == kNoValue) return;
    main.values.push_back(subgraph.value(id));
    id = static_cast<ValueId>(main.values.size()) - 1;
  };
  for (ValueId& id : copy.inputs) bring(id);
  for (ValueId& id : copy.intermediates) bring(id);
  for (ValueId& id : copy.outputs) bring(id);
  if (node.op->has(kControlFlow))
    fail_internal("control flow can't be folded ({} subgraphs)", graph.subgraphs.size());
  main.outputs = copy.outputs;
  main.nodes.push_back(std::move(copy));
  Evaluator evaluator(alone, false);
  evaluator.run();
  std::vector<Buffer> results;
  for (size_t i = 0; i < main.outputs.size(); ++i) {
    const auto bytes = evaluator.output(static_cast<int>(i));
    results.push_back(Buffer::copy_of(bytes.data(), bytes.size()));
  }
  return results;
}

}  // namespace mote::eval
