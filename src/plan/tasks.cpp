// The steps as the search for an order sees them.
#include <algorithm>
#include <numeric>

#include "plan/function.h"
#include "plan/order.h"

namespace mote::plan {
namespace {

void make_unique(std::vector<size_t>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

}  // namespace

// By tensor: the one whose buffer it shows. Views and divided tensors are one buffer with what they
// show.
std::vector<size_t> FunctionBuilder::buffers() const {
  std::vector<size_t> buffer(places_.size());
  std::iota(buffer.begin(), buffer.end(), size_t{0});
  for (const PendingStep& pending : steps_) {
    if (!pending.dropped || pending.join_from >= 0) continue;
    const int shown = pending.inputs[static_cast<size_t>(std::max(pending.divide_input, 0))];
    for (const int output : pending.outputs)
      buffer[static_cast<size_t>(output)] = buffer[static_cast<size_t>(shown)];
  }
  return buffer;
}

// Which steps must come first: writers of what a step touches, readers of what it writes again, and
// the step with effects before it if it has effects too.
void FunctionBuilder::find_dependencies(Tasks& tasks) const {
  std::vector<std::vector<size_t>> readers(places_.size());
  std::vector<std::vector<size_t>> writer(places_.size());  // the last, or none
  std::vector<size_t> last_effect;
  for (size_t s = 0; s < steps_.size(); ++s) {
    const PendingStep& pending = steps_[s];
    std::vector<size_t>& before = tasks.list[s].before;
    const auto needs = [&](const std::vector<size_t>& steps) {
      for (const size_t step : steps)
        if (step != s) before.push_back(step);
    };
    bool effect = pending.step.kind != StepKind::kernel && pending.step.kind != StepKind::copy;
    for (const auto* list : {&pending.inputs, &pending.outputs}) {
      for (const int tensor : *list) {
        needs(writer[static_cast<size_t>(tensor)]);
        effect = effect || places_[static_cast<size_t>(tensor)].space == Space::state;
      }
    }
    for (const int tensor : pending.inputs) readers[static_cast<size_t>(tensor)].push_back(s);
    for (const int tensor : pending.outputs) {
      needs(readers[static_cast<size_t>(tensor)]);
      writer[static_cast<size_t>(tensor)] = {s};
    }
    if (effect) {
      needs(last_effect);
      last_effect = {s};
    }
    make_unique(before);
    for (const size_t step : before) tasks.list[step].after.push_back(s);
  }
}

Tasks FunctionBuilder::tasks() const {
  Tasks tasks;
  tasks.list.resize(steps_.size());
  find_dependencies(tasks);
  const std::vector<size_t> buffer = buffers();
  tasks.buffer_bytes.assign(places_.size(), 0);
  tasks.reads.assign(places_.size(), 0);
  const auto in_arena = [&](int tensor) {
    return places_[static_cast<size_t>(tensor)].space == Space::arena;
  };
  const auto bytes_of = [&](int tensor) {
    return function_.tensors[static_cast<size_t>(tensor)].size_bytes;
  };
  const auto buffer_of = [&](int tensor) { return buffer[static_cast<size_t>(tensor)]; };
  for (size_t t = 0; t < places_.size(); ++t) {
    if (in_arena(static_cast<int>(t)) && buffer[t] == t)
      tasks.buffer_bytes[t] = bytes_of(static_cast<int>(t));
  }
  std::vector<bool> made(places_.size(), false);
  for (const int input : function_.inputs) {
    made[static_cast<size_t>(input)] = true;
    tasks.start_bytes += tasks.buffer_bytes[static_cast<size_t>(input)];
  }
  for (size_t s = 0; s < steps_.size(); ++s) {
    const PendingStep& pending = steps_[s];
    Task& task = tasks.list[s];
    task.scratch_bytes = pending.dropped ? 0 : pending.step.scratch_bytes;
    for (const int input : pending.inputs)
      if (in_arena(input)) task.reads.push_back(buffer_of(input));
    make_unique(task.reads);
    for (const size_t b : task.reads) ++tasks.reads[b];
    for (const int output : pending.outputs) {
      if (!in_arena(output) || made[buffer_of(output)]) continue;
      made[buffer_of(output)] = true;
      task.makes.push_back(buffer_of(output));
    }
    if (pending.dropped && pending.join_from >= 0) task.replaces_all = task.reads;
    for (size_t i = 0; i < pending.inputs.size() && !pending.dropped; ++i) {
      const int input = pending.inputs[i];
      if ((pending.reuse_inputs >> std::min(i, size_t{31}) & 1u) && in_arena(input) &&
          bytes_of(input) == bytes_of(pending.outputs[0]))
        task.replaces_one.push_back(buffer_of(input));
    }
  }
  for (const int output : function_.outputs) ++tasks.reads[buffer_of(output)];
  return tasks;
}

}  // namespace mote::plan
