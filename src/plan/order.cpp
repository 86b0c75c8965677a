// A search for an order of the steps that keeps less alive at once: states are sets of steps that
// have run; of two ways to one set the one with the lower peak stays, and of the states after as
// many steps only the best few.
#include "plan/order.h"

#include <algorithm>
#include <set>

namespace mote::plan {
namespace {

constexpr size_t kBeam = 16;
// Of states, in numbers copied: a nanosecond or so each.
constexpr size_t kMostWork = 1'500'000;

struct State {
  std::vector<bool> done;
  std::vector<int> missing;     // by step: how many of `before` have not run
  std::vector<int> reads_left;  // by buffer; one more if it is an output of the function
  std::vector<size_t> order;
  size_t live_bytes = 0;
  size_t peak_bytes = 0;
};

// What is alive while the step runs, and afterwards.
std::pair<size_t, size_t> need_of(const Tasks& tasks, const State& state, size_t step) {
  const Task& task = tasks.list[step];
  size_t during = state.live_bytes + task.scratch_bytes, freed = 0, made = 0;
  for (const size_t b : task.makes) made += tasks.buffer_bytes[b];
  const auto dies = [&](size_t b) { return state.reads_left[b] == 1; };
  const bool replaced = std::any_of(task.replaces_one.begin(), task.replaces_one.end(), dies) ||
                        (!task.replaces_all.empty() &&
                         std::all_of(task.replaces_all.begin(), task.replaces_all.end(), dies));
  for (const size_t b : task.reads) {
    if (dies(b)) freed += tasks.buffer_bytes[b];
  }
  for (const size_t b : task.makes) {
    if (state.reads_left[b] == 0) freed += tasks.buffer_bytes[b];
  }
  if (!replaced) during += made;
  return {during, state.live_bytes + made - freed};
}

State after(const Tasks& tasks, const State& state, size_t step) {
  State next = state;
  const auto [during, live] = need_of(tasks, state, step);
  next.peak_bytes = std::max(next.peak_bytes, during);
  next.live_bytes = live;
  next.done[step] = true;
  next.order.push_back(step);
  for (const size_t b : tasks.list[step].reads) --next.reads_left[b];
  for (const size_t s : tasks.list[step].after) --next.missing[s];
  return next;
}

bool is_better(const State& a, const State& b) {
  if (a.peak_bytes != b.peak_bytes) return a.peak_bytes < b.peak_bytes;
  return a.live_bytes < b.live_bytes;
}

std::vector<size_t> ready_steps(const Tasks& tasks, const State& state) {
  std::vector<size_t> ready;
  for (size_t s = 0; s < tasks.list.size(); ++s) {
    if (!state.done[s] && state.missing[s] == 0) ready.push_back(s);
  }
  // One that leaves no more alive and does not raise the peak can only help.
  for (const size_t s : ready) {
    const auto [during, live] = need_of(tasks, state, s);
    if (during <= state.peak_bytes && live <= state.live_bytes) return {s};
  }
  return ready;
}

// The best few, one for each set of steps.
void prune(std::vector<State>& states) {
  std::stable_sort(states.begin(), states.end(), is_better);
  std::set<std::vector<bool>> seen;
  std::vector<State> kept;
  for (State& state : states) {
    if (kept.size() == kBeam) break;
    if (seen.insert(state.done).second) kept.push_back(std::move(state));
  }
  states = std::move(kept);
}

// What the step that needs most needs, whatever the order.
size_t least_bytes(const Tasks& tasks) {
  size_t least = 0;
  for (const Task& task : tasks.list) {
    size_t bytes = task.scratch_bytes;
    for (const size_t b : task.reads) bytes += tasks.buffer_bytes[b];
    if (task.replaces_one.empty() && task.replaces_all.empty()) {
      for (const size_t b : task.makes) bytes += tasks.buffer_bytes[b];
    }
    least = std::max(least, bytes);
  }
  return least;
}

}  // namespace

std::vector<size_t> order_below(const Tasks& tasks, size_t limit_bytes) {
  if (least_bytes(tasks) >= limit_bytes) return {};
  State start;
  start.done.assign(tasks.list.size(), false);
  start.reads_left = tasks.reads;
  start.live_bytes = start.peak_bytes = tasks.start_bytes;
  for (const Task& task : tasks.list) start.missing.push_back(static_cast<int>(task.before.size()));
  std::vector<State> states = {std::move(start)};
  const size_t work_of_state = 3 * tasks.list.size() + tasks.reads.size();
  if (tasks.list.size() * work_of_state > kMostWork) return {};
  size_t work = 0;
  for (size_t step = 0; step < tasks.list.size(); ++step) {
    std::vector<State> next;
    for (const State& state : states) {
      for (const size_t s : ready_steps(tasks, state)) {
        if ((work += work_of_state) > kMostWork) return {};
        State made = after(tasks, state, s);
        if (made.peak_bytes < limit_bytes) next.push_back(std::move(made));
      }
    }
    prune(next);
    states = std::move(next);
    if (states.empty()) return {};
  }
  return states.front().order;
}

}  // namespace mote::plan
