#include "plan/function.h"

#include <algorithm>

#include "base/error.h"
#include "kernels/kernel.h"
#include "ops/ops.h"
#include "plan/memory.h"

namespace mote::plan {
namespace {

size_t round_up(size_t value, size_t align) { return (value + align - 1) / align * align; }

}  // namespace

FunctionBuilder::FunctionBuilder(Shared& shared, int subgraph_index)
    : shared_(shared),
      subgraph_(shared.graph.subgraphs[static_cast<size_t>(subgraph_index)]),
      subgraph_index_(subgraph_index),
      tensor_of_value_(subgraph_.values.size(), -1) {}

Function FunctionBuilder::build() {
  for (const ValueId id : subgraph_.inputs) {
    const int tensor = value_tensor(id);
    function_.inputs.push_back(tensor);
    const int storage = storage_of_tensor_[static_cast<size_t>(tensor)];
    if (storage >= 0) storages_[static_cast<size_t>(storage)].pinned = true;
  }
  lower_nodes();
  for (const ValueId id : subgraph_.outputs) {
    const int tensor = value_tensor(id);
    function_.outputs.push_back(tensor);
    const int storage = storage_of_tensor_[static_cast<size_t>(tensor)];
    if (storage >= 0) storages_[static_cast<size_t>(storage)].output = true;
  }
  if (!shared_.options.observe) {
    share_storage();
    drop_shared_copies();
  }
  assign_lifetimes();
  place_storages();
  for (PendingStep& pending : steps_) {
    pending.step.inputs_begin = static_cast<int>(function_.operands.size());
    pending.step.inputs_count = static_cast<int>(pending.inputs.size());
    function_.operands.insert(function_.operands.end(), pending.inputs.begin(),
                              pending.inputs.end());
    pending.step.outputs_begin = static_cast<int>(function_.operands.size());
    pending.step.outputs_count = static_cast<int>(pending.outputs.size());
    function_.operands.insert(function_.operands.end(), pending.outputs.begin(),
                              pending.outputs.end());
    function_.steps.push_back(pending.step);
  }
  return std::move(function_);
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
  storage_of_tensor_.push_back(-1);
  if (space == Space::arena) {
    storage_of_tensor_.back() = static_cast<int>(storages_.size());
    storages_.push_back({*size_bytes});
  }
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

void FunctionBuilder::add_step(LoweredStep lowered, std::vector<int> inputs,
                               std::vector<int> outputs, int label) {
  PendingStep pending;
  pending.inputs = std::move(inputs);
  pending.outputs = std::move(outputs);
  pending.reuse_input = lowered.reuse_input;
  pending.view = lowered.view;
  Step& step = pending.step;
  step.kind = lowered.kind;
  step.kernel = lowered.kernel;
  step.units = lowered.units;
  step.label = label;
  step.params_offset = round_up(shared_.program.params.size(), 8);
  shared_.program.params.resize(step.params_offset);
  shared_.program.params.insert(shared_.program.params.end(), lowered.params.begin(),
                                lowered.params.end());
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

void FunctionBuilder::find_last_uses() {
  last_use_.assign(storages_.size(), 0);
  for (size_t s = 0; s < steps_.size(); ++s) {
    for (const auto* list : {&steps_[s].inputs, &steps_[s].outputs}) {
      for (const int tensor : *list) {
        const int storage = storage_of_tensor_[static_cast<size_t>(tensor)];
        if (storage >= 0) last_use_[static_cast<size_t>(storage)] = s;
      }
    }
  }
}

// Steps are visited in order, so that when one is reached everything before it is settled: a
// storage's last use then only grows by tensors that are merged into it here.
void FunctionBuilder::share_storage() {
  find_last_uses();
  for (size_t s = 0; s < steps_.size(); ++s) {
    if (steps_[s].view && share_view(s)) continue;
    share_in_place(s);
  }
}

bool FunctionBuilder::share_view(size_t step) {
  const auto input = static_cast<size_t>(steps_[step].inputs[0]);
  const auto output = static_cast<size_t>(steps_[step].outputs[0]);
  const ProgramTensor& from = function_.tensors[input];
  ProgramTensor& to = function_.tensors[output];
  if (from.size_bytes != to.size_bytes || to.space != Space::arena) return false;
  Storage& old = storages_[static_cast<size_t>(storage_of_tensor_[output])];
  if (from.space == Space::constant) {
    if (old.output) return false;  // outputs stay in the arena, where callers may expect them
    to.space = Space::constant;
    to.offset = from.offset;
    storage_of_tensor_[output] = -1;
    old.size_bytes = 0;
    return true;
  }
  if (from.space != Space::arena) return false;
  const int storage = storage_of_tensor_[input];
  Storage& kept = storages_[static_cast<size_t>(storage)];
  if (old.output && kept.pinned)
    return false;  // an output must not change when the next input is written
  const size_t later = last_use_[static_cast<size_t>(storage_of_tensor_[output])];
  last_use_[static_cast<size_t>(storage)] =
      std::max(last_use_[static_cast<size_t>(storage)], later);
  kept.output = kept.output || old.output;
  old.size_bytes = 0;
  storage_of_tensor_[output] = storage;
  return true;
}

bool FunctionBuilder::dies_at(int tensor, size_t step) const {
  const int storage = storage_of_tensor_[static_cast<size_t>(tensor)];
  if (storage < 0) return false;
  const Storage& s = storages_[static_cast<size_t>(storage)];
  return !s.pinned && !s.output && last_use_[static_cast<size_t>(storage)] == step;
}

void FunctionBuilder::share_in_place(size_t step) {
  const PendingStep& pending = steps_[step];
  if (pending.reuse_input < 0 || pending.step.kind != StepKind::kernel) return;
  const int input = pending.inputs[static_cast<size_t>(pending.reuse_input)];
  const int output = pending.outputs[0];
  const auto i = static_cast<size_t>(input);
  const auto o = static_cast<size_t>(output);
  if (!dies_at(input, step) || function_.tensors[o].space != Space::arena) return;
  if (function_.tensors[i].size_bytes != function_.tensors[o].size_bytes) return;
  // The same value twice among the inputs would be overwritten while it is still read at another
  // place.
  const auto same_storage = [&](int tensor) {
    return storage_of_tensor_[static_cast<size_t>(tensor)] == storage_of_tensor_[i];
  };
  if (std::count_if(pending.inputs.begin(), pending.inputs.end(), same_storage) != 1) return;
  const int storage = storage_of_tensor_[i];
  const int old = storage_of_tensor_[o];
  if (old == storage) return;
  last_use_[static_cast<size_t>(storage)] = last_use_[static_cast<size_t>(old)];
  storages_[static_cast<size_t>(storage)].output = storages_[static_cast<size_t>(old)].output;
  storages_[static_cast<size_t>(old)].size_bytes = 0;
  storage_of_tensor_[o] = storage;
}

void FunctionBuilder::drop_shared_copies() {
  std::erase_if(steps_, [&](const PendingStep& pending) {
    if (pending.step.kind != StepKind::copy) return false;
    const auto i = static_cast<size_t>(pending.inputs[0]);
    const auto o = static_cast<size_t>(pending.outputs[0]);
    const ProgramTensor& from = function_.tensors[i];
    const ProgramTensor& to = function_.tensors[o];
    if (from.space == Space::constant && to.space == Space::constant)
      return from.offset == to.offset;
    return storage_of_tensor_[i] >= 0 && storage_of_tensor_[i] == storage_of_tensor_[o];
  });
}

void FunctionBuilder::assign_lifetimes() {
  const int end = static_cast<int>(steps_.size());
  const auto touch = [&](int tensor, int step) {
    const int index = storage_of_tensor_[static_cast<size_t>(tensor)];
    if (index < 0) return;
    Storage& storage = storages_[static_cast<size_t>(index)];
    if (storage.first < 0) storage.first = step;
    storage.last = std::max(storage.last, step);
  };
  // Step numbers start at 1: inputs are written at 0, outputs are read after the last.
  for (const int tensor : function_.inputs) touch(tensor, 0);
  for (int s = 0; s < end; ++s) {
    for (const int tensor : steps_[static_cast<size_t>(s)].inputs) touch(tensor, s + 1);
    for (const int tensor : steps_[static_cast<size_t>(s)].outputs) touch(tensor, s + 1);
  }
  for (const int tensor : function_.outputs) touch(tensor, end + 1);
  if (shared_.options.observe) {
    for (Storage& storage : storages_) storage.last = end + 1;
  }
}

void FunctionBuilder::place_storages() {
  std::vector<Block> blocks;
  for (const Storage& storage : storages_) {
    const bool used = storage.first >= 0 && storage.size_bytes > 0;
    blocks.push_back({used ? round_up(storage.size_bytes, kTensorAlign) : 0, kTensorAlign,
                      storage.first, storage.last});
  }
  for (size_t s = 0; s < steps_.size(); ++s) {
    const int step = static_cast<int>(s) + 1;
    blocks.push_back({steps_[s].step.scratch_bytes, kScratchAlign, step, step});
  }
  const Layout layout = place(blocks);
  function_.arena_bytes = layout.arena_bytes;
  function_.arena_lower_bound_bytes = layout.lower_bound_bytes;
  for (size_t t = 0; t < function_.tensors.size(); ++t) {
    if (storage_of_tensor_[t] >= 0)
      function_.tensors[t].offset = blocks[static_cast<size_t>(storage_of_tensor_[t])].offset;
  }
  for (size_t s = 0; s < steps_.size(); ++s)
    steps_[s].step.scratch_offset = blocks[storages_.size() + s].offset;
}

}  // namespace mote::plan
