#include "plan/function.h"

#include <algorithm>

#include "base/error.h"
#include "kernels/kernel.h"
#include "ops/ops.h"

namespace mote::plan {

FunctionBuilder::FunctionBuilder(Shared& shared, int subgraph_index)
    : shared_(shared),
      subgraph_(shared.graph.subgraphs[static_cast<size_t>(subgraph_index)]),
      subgraph_index_(subgraph_index),
      tensor_of_value_(subgraph_.values.size(), -1) {}

Function FunctionBuilder::build() {
  for (const ValueId id : subgraph_.inputs) {
    const int tensor = value_tensor(id);
    function_.inputs.push_back(tensor);
    places_[static_cast<size_t>(tensor)].pinned = true;
    ProgramTensor& made = function_.tensors[static_cast<size_t>(tensor)];
    if (subgraph_index_ != 0 && made.space == Space::arena) {
      made.space = Space::argument;
      made.offset = function_.inputs.size() - 1;
    }
  }
  lower_nodes();
  for (const ValueId id : subgraph_.outputs) {
    function_.outputs.push_back(output_tensor(value_tensor(id), function_.outputs.size()));
  }
  plan_arena();
  for (const PendingStep& pending : steps_) {
    if (!pending.dropped) emit(pending);
  }
  return std::move(function_);
}

// Callers write what a function gives one by one, so an argument that is given at another place
// than its own must not lie where the caller has it.
int FunctionBuilder::output_tensor(int tensor, size_t index) {
  const ProgramTensor given = function_.tensors[static_cast<size_t>(tensor)];
  if (given.space != Space::argument || given.offset == index) return tensor;
  PendingStep copy;
  copy.step.kind = StepKind::copy;
  copy.step.label = static_cast<int>(shared_.program.labels.size());
  shared_.program.labels.push_back({"copy", "", "", 0, {}});
  copy.step.params_offset = add_params({});
  copy.inputs = {tensor};
  copy.outputs = {add_tensor(given.dtype, given.shape, Space::arena, "output")};
  const int made = copy.outputs[0];
  steps_.push_back(std::move(copy));
  return made;
}

void FunctionBuilder::emit(const PendingStep& pending) {
  Step step = pending.step;
  std::vector<int>& operands = function_.operands;
  step.inputs_begin = static_cast<int>(operands.size());
  step.inputs_count = static_cast<int>(pending.inputs.size());
  operands.insert(operands.end(), pending.inputs.begin(), pending.inputs.end());
  step.outputs_begin = static_cast<int>(operands.size());
  step.outputs_count = static_cast<int>(pending.outputs.size());
  operands.insert(operands.end(), pending.outputs.begin(), pending.outputs.end());
  function_.steps.push_back(step);
}

void FunctionBuilder::lower_nodes() {
  for (const Node& node : subgraph_.nodes) {
    Lowered lowered = lower(shared_.graph, subgraph_, node, shared_.options.lowering);
    const NodeView view(shared_.graph, subgraph_, node);
    const int label = static_cast<int>(shared_.program.labels.size());
    shared_.program.labels.push_back(
        {node.op->name, node.layer, "", node.op->cost ? node.op->cost(view).macs : 0});
    std::vector<int> temps(lowered.temps.size(), -1);
    for (LoweredStep& step : lowered.steps) {
      StepLabel& named = shared_.program.labels.back();
      if (step.kernel) named.kernel = step.kernel->name;
      named.refused.insert(named.refused.end(), step.refused.begin(), step.refused.end());
      std::vector<int> inputs, outputs;
      for (const Ref& ref : step.inputs) inputs.push_back(tensor_of(ref, lowered, temps));
      for (const Ref& ref : step.outputs) outputs.push_back(tensor_of(ref, lowered, temps));
      add_step(std::move(step), std::move(inputs), std::move(outputs), label);
    }
  }
}

int FunctionBuilder::tensor_of(const Ref& ref, const Lowered& lowered, std::vector<int>& temps) {
  const auto i = static_cast<size_t>(ref.index);
  switch (ref.kind) {
    case Ref::none:
      return add_tensor(DType::f32, Shape{0}, Space::none, "");
    case Ref::value:
      return value_tensor(ref.index);
    case Ref::constant:
      return constant_tensor(lowered.constants[i].dtype, lowered.constants[i].shape,
                             lowered.constants[i].data);
    case Ref::state:
      return state_tensor(lowered.states[i].key, lowered.states[i].dtype, lowered.states[i].shape);
    case Ref::temp:
      break;
  }
  if (temps[i] < 0)
    temps[i] =
        add_tensor(lowered.temps[i].dtype, lowered.temps[i].shape, Space::arena, "temporary");
  return temps[i];
}

int FunctionBuilder::value_tensor(ValueId id) {
  int& tensor = tensor_of_value_[static_cast<size_t>(id)];
  if (tensor >= 0) return tensor;
  const Value& value = subgraph_.value(id);
  if (value.is_constant) {
    tensor = constant_tensor(value.type.dtype, value.type.shape, value.data);
  } else if (value.is_variable) {
    tensor = state_tensor(fmt::format("variable {}/{}", subgraph_index_, id), value.type.dtype,
                          value.type.shape, initial_byte(value.type));
  } else if (bits_of(value.type.dtype) == 0) {
    tensor = add_tensor(value.type.dtype, Shape{0}, Space::none, value.name);
  } else {
    tensor = add_tensor(value.type.dtype, value.type.shape, Space::arena, value.name);
  }
  return tensor;
}

int FunctionBuilder::add_tensor(DType dtype, const Shape& shape, Space space,
                                const std::string& name) {
  const auto size_bytes = space == Space::none ? std::optional<size_t>(0) : shape.bytes(dtype);
  if (!size_bytes)
    fail_user("'{}' has shape {}: every extent must be known (give --input-shape)", name,
              shape.str());
  const int tensor = static_cast<int>(function_.tensors.size());
  function_.tensors.push_back({dtype, shape, space, 0, *size_bytes});
  places_.emplace_back();
  return tensor;
}

int FunctionBuilder::constant_tensor(DType dtype, const Shape& shape, const Buffer& data) {
  const int tensor = add_tensor(dtype, shape, Space::constant, "constant");
  auto [found, is_new] =
      shared_.constants.try_emplace(data.data(), shared_.program.constants.size());
  if (is_new) shared_.program.constants.push_back(data);
  function_.tensors.back().offset = found->second;
  return tensor;
}

int FunctionBuilder::state_tensor(const std::string& key, DType dtype, const Shape& shape,
                                  std::byte initial) {
  const int tensor = add_tensor(dtype, shape, Space::state, key);
  ProgramTensor& made = function_.tensors.back();
  Program& program = shared_.program;
  auto [found, is_new] =
      shared_.states.try_emplace(key, Shared::StatePlace{program.state_bytes, made.size_bytes});
  if (is_new) {
    program.state_bytes += round_up(made.size_bytes, kTensorAlign);
    if (initial != std::byte{})
      program.state_fills.push_back({found->second.offset, made.size_bytes, initial});
  }
  if (found->second.size_bytes != made.size_bytes) fail_user("{} is used with two sizes", key);
  made.offset = found->second.offset;
  return tensor;
}

size_t FunctionBuilder::add_params(const std::vector<std::byte>& params) {
  std::vector<std::byte>& all = shared_.program.params;
  const size_t offset = round_up(all.size(), 8);
  all.resize(offset);
  all.insert(all.end(), params.begin(), params.end());
  return offset;
}

void FunctionBuilder::add_step(LoweredStep lowered, std::vector<int> inputs,
                               std::vector<int> outputs, int label) {
  PendingStep pending;
  pending.inputs = std::move(inputs);
  pending.outputs = std::move(outputs);
  pending.params_bytes = lowered.params.size();
  static_cast<StepFreedom&>(pending) = std::move(static_cast<StepFreedom&>(lowered));
  Step& step = pending.step;
  step.kind = lowered.kind;
  step.kernel = lowered.kernel;
  step.units = lowered.units;
  step.label = label;
  step.params_offset = add_params(lowered.params);
  const auto threads = static_cast<size_t>(lowered.units > 1 ? shared_.options.threads : 1);
  step.scratch_bytes = round_up(lowered.scratch_bytes, kScratchAlign) * threads;
  const auto callee = [&](int subgraph) {
    return subgraph < 0 ? -1 : shared_.function_of_subgraph[static_cast<size_t>(subgraph)];
  };
  step.callee_a = callee(lowered.subgraph_a);
  step.callee_b = callee(lowered.subgraph_b);
  check_call(pending);
  for (const int f : {step.callee_a, step.callee_b}) {
    if (f >= 0)
      step.scratch_bytes = std::max(step.scratch_bytes,
                                    shared_.program.functions[static_cast<size_t>(f)].arena_bytes);
  }
  steps_.push_back(std::move(pending));
}

// What a step passes to a function must be as large as what the function takes, since the runtime
// copies bytes.
void FunctionBuilder::check_call(const PendingStep& pending) const {
  const Step& step = pending.step;
  const auto check = [&](int callee, std::span<const int> passed, bool arguments) {
    const Function& function = shared_.program.functions[static_cast<size_t>(callee)];
    const std::vector<int>& expected = arguments ? function.inputs : function.outputs;
    const char* what = arguments ? "inputs" : "outputs";
    if (passed.size() != expected.size()) {
      fail_user("passes {} {} to a subgraph with {}", passed.size(), what, expected.size());
    }
    for (size_t i = 0; i < passed.size(); ++i) {
      const ProgramTensor& ours = function_.tensors[static_cast<size_t>(passed[i])];
      const ProgramTensor& theirs = function.tensors[static_cast<size_t>(expected[i])];
      if (ours.size_bytes != theirs.size_bytes) {
        fail_user("{} {} of a subgraph is {}{}, got {}{}", what, i, name_of(theirs.dtype),
                  theirs.shape.str(), name_of(ours.dtype), ours.shape.str());
      }
    }
  };
  const std::span<const int> inputs = pending.inputs;
  switch (step.kind) {
    case StepKind::kernel:
      return;
    case StepKind::copy: {
      const ProgramTensor& from = function_.tensors[static_cast<size_t>(inputs[0])];
      const ProgramTensor& to = function_.tensors[static_cast<size_t>(pending.outputs[0])];
      if (from.size_bytes != to.size_bytes)
        fail_user("{} of {} bytes goes where {} are expected", from.shape.str(), from.size_bytes,
                  to.size_bytes);
      return;
    }
    case StepKind::call_once:
      return check(step.callee_a, {}, true);
    case StepKind::call:
      check(step.callee_a, inputs, true);
      return check(step.callee_a, pending.outputs, false);
    case StepKind::branch:
      for (const int callee : {step.callee_a, step.callee_b}) {
        check(callee, inputs.subspan(1), true);
        check(callee, pending.outputs, false);
      }
      return;
    case StepKind::loop:
      check(step.callee_a, pending.outputs, true);
      check(step.callee_b, pending.outputs, true);
      check(step.callee_b, pending.outputs, false);
      if (inputs.size() != pending.outputs.size())
        fail_user("a loop has {} inputs and {} outputs", inputs.size(), pending.outputs.size());
      if (shared_.program.functions[static_cast<size_t>(step.callee_a)].outputs.size() != 1)
        fail_user("a loop's condition must give one bool");
      return;
  }
}

}  // namespace mote::plan
