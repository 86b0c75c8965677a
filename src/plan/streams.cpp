// Chains of steps that run band after band, so that what lies between them never exists whole: for
// each band of the chain's output, every step makes the rows that the next one needs, in the
// chain's scratch. Rows that two bands need are made twice, which costs time: only where memory is
// all that counts (Options::min_memory). Kernels see nothing of this (see bands.cpp).
//
//   input   | b0 | b1 | b2 |   read where it lies
//   between   [  ]               one buffer at the lower end of the scratch, the next at the upper
//   output  | b0 | b1 | b2 |   written where it lies
#include <algorithm>

#include "plan/function.h"

namespace mote::plan {
namespace {

constexpr size_t kMostSteps = 12;  // of a chain
// Of the work of its steps without bands.
constexpr double kMostWork = 2.0;
constexpr int64_t kMostBands = 64;
constexpr int kMostChains = 16;

}  // namespace

FunctionBuilder::Need FunctionBuilder::need() {
  find_lives();
  share_memory(true);
  Draft made = draft();
  return {made.lower_bound_bytes, std::move(made.live_bytes)};
}

// How many steps need as much as `bound_bytes`, as if none were cut.
int64_t FunctionBuilder::Need::steps_at(size_t bound_bytes) const {
  return std::count_if(live.begin(), live.end(), [&](std::ptrdiff_t at_step) {
    return at_step >= static_cast<std::ptrdiff_t>(bound_bytes);
  });
}

// Whether the step makes an image from the rows of another, and one image.
bool FunctionBuilder::streams(const PendingStep& pending) const {
  return pending.by_rows && pending.chain.empty() && window_of(pending).batches == 1;
}

// Whether what the step makes is read by the next step alone, as its image.
bool FunctionBuilder::links(size_t step) const {
  if (step + 1 >= steps_.size()) return false;
  const PendingStep &from = steps_[step], &to = steps_[step + 1];
  if (!streams(from) || !streams(to) || is_line(window_of(from)) != is_line(window_of(to)))
    return false;
  const int between = from.outputs[0];
  const Place& place = places_[static_cast<size_t>(between)];
  return to.inputs[0] == between && std::count(to.inputs.begin(), to.inputs.end(), between) == 1 &&
         place.space == Space::arena && !place.output && place.last == static_cast<int>(step) + 2;
}

FunctionBuilder::ChainPlan FunctionBuilder::plan_chain(const PendingStep& chain) const {
  const std::vector<PendingStep>& steps = chain.chain;
  const size_t n = steps.size();
  ChainPlan plan;
  for (const Band& last : bands_of(window_of(steps.back()), chain.chain_rows)) {
    std::vector<Band> turn(n, last);
    for (size_t k = n - 1; k-- > 0;)
      turn[k] = band_of(window_of(steps[k]), turn[k + 1].in_begin, turn[k + 1].in_end);
    plan.turns.push_back(std::move(turn));
  }
  std::vector<size_t> made_bytes(n, 0);  // by step: the most that a band of it is; 0 for the last
  plan.steps.resize(n);
  double work = 0, work_whole = 0;
  for (size_t k = 0; k < n; ++k) {
    const auto row_work =
        static_cast<double>(work_of(steps[k])) / static_cast<double>(rows_out(window_of(steps[k])));
    work_whole += static_cast<double>(work_of(steps[k]));
    const auto row = static_cast<size_t>(row_bytes(steps[k]).second);
    for (const std::vector<Band>& turn : plan.turns) {
      const auto rows = static_cast<size_t>(turn[k].end - turn[k].begin);
      work += row_work * static_cast<double>(rows);
      if (k + 1 < n) made_bytes[k] = std::max(made_bytes[k], round_up(rows * row, kScratchAlign));
      const kernels::Kernel& kernel = *steps[k].step.kernel;
      const std::vector<std::byte> params = band_params(steps[k], turn[k]);
      const int64_t units = kernel.units ? kernel.units(params.data()) : 1;
      const auto threads = static_cast<size_t>(units > 1 ? shared_.options.threads : 1);
      const size_t scratch = kernel.scratch_bytes ? kernel.scratch_bytes(params.data()) : 0;
      plan.steps[k].units = std::max(plan.steps[k].units, units);
      plan.steps[k].scratch_bytes =
          std::max(plan.steps[k].scratch_bytes, round_up(scratch, kScratchAlign) * threads);
    }
  }
  plan.work = work / work_whole;
  for (size_t k = 0; k < n; ++k) {
    const size_t read_bytes = k > 0 ? made_bytes[k - 1] : 0;
    plan.total_bytes =
        std::max(plan.total_bytes, read_bytes + plan.steps[k].scratch_bytes + made_bytes[k]);
  }
  for (size_t k = 0; k < n; ++k) {
    const bool low = k % 2 == 0;
    plan.steps[k].output_offset = low ? 0 : plan.total_bytes - made_bytes[k];
    plan.steps[k].scratch_offset = made_bytes[low ? k : k - 1];
  }
  return plan;
}

// The steps from `first` to `last` as one, in bands of so many rows.
FunctionBuilder::PendingStep FunctionBuilder::make_chain(size_t first, size_t last,
                                                         int64_t rows) const {
  PendingStep made;
  made.step = steps_[last].step;
  made.outputs = steps_[last].outputs;
  made.chain.assign(steps_.begin() + static_cast<std::ptrdiff_t>(first),
                    steps_.begin() + static_cast<std::ptrdiff_t>(last) + 1);
  made.chain_rows = rows;
  for (size_t k = 0; k < made.chain.size(); ++k) {
    const std::vector<int>& inputs = made.chain[k].inputs;
    made.inputs.insert(made.inputs.end(), inputs.begin() + (k > 0), inputs.end());
  }
  return made;
}

// Every way to stream steps, some of which need as much as the whole, within that.
std::vector<FunctionBuilder::Chain> FunctionBuilder::chains(const Need& now) const {
  std::vector<Chain> found;
  const auto bytes = [&](int tensor) {
    return function_.tensors[static_cast<size_t>(tensor)].size_bytes;
  };
  for (size_t first = 0; first < steps_.size(); ++first) {
    if (!links(first)) continue;
    const int input = steps_[first].inputs[0];
    if (places_[static_cast<size_t>(input)].body < 0) continue;
    bool at_peak = now.live[first + 1] >= static_cast<std::ptrdiff_t>(now.bytes);
    for (size_t last = first + 1; links(last - 1) && last - first < kMostSteps; ++last) {
      at_peak = at_peak || now.live[last + 1] >= static_cast<std::ptrdiff_t>(now.bytes);
      if (!at_peak) continue;
      const int64_t out = rows_out(window_of(steps_[last]));
      int64_t before = out;
      for (int64_t count = 2; count <= kMostBands; count *= 2) {
        const int64_t rows = (out + count - 1) / count;
        if (rows == before) continue;
        before = rows;
        PendingStep step = make_chain(first, last, rows);
        const ChainPlan plan = plan_chain(step);
        if (plan.work > kMostWork) break;
        step.step.scratch_bytes = plan.total_bytes;
        if (bytes(input) + bytes(step.outputs[0]) + plan.total_bytes <= now.bytes)
          found.push_back({first, last, plan.work, {}, std::move(step)});
      }
    }
  }
  return found;
}

// Makes the chain's weights such that its kernels take every band; false if they can't be.
bool FunctionBuilder::settle_chain(PendingStep& chain) {
  const ChainPlan plan = plan_chain(chain);
  std::vector<std::pair<size_t, Buffer>> repacked;
  for (size_t k = 0; k < chain.chain.size(); ++k) {
    PendingStep& step = chain.chain[k];
    step.step.units = plan.steps[k].units;
    step.step.scratch_bytes = plan.steps[k].scratch_bytes;
    std::vector<Band> bands;
    for (const std::vector<Band>& turn : plan.turns) bands.push_back(turn[k]);
    const Buffer* have = packed_weights(step);
    if (kernel_takes(step, bands, have)) continue;
    if (!have) return false;
    // As a band inside the image wants them.
    const kernels::Kernel& kernel = *step.step.kernel;
    const std::vector<std::byte> params = band_params(step, bands[bands.size() / 2]);
    if (kernel.declines && kernel.declines(params.data())) return false;
    Buffer::Writable made = Buffer::allocate(kernel.packed_bytes(params.data()));
    kernel.pack(params.data(), step.weights.data(), made.bytes);
    if (!kernel_takes(step, bands, &made.buffer)) return false;
    const int tensor = step.inputs[static_cast<size_t>(kernel.pack_input)];
    ProgramTensor& weights = function_.tensors[static_cast<size_t>(tensor)];
    weights.size_bytes = made.buffer.size();
    repacked.emplace_back(weights.offset, std::move(made.buffer));
  }
  for (auto& [constant, data] : repacked) shared_.program.constants[constant] = std::move(data);
  return true;
}

// Streams what needs most until nothing is won by it.
void FunctionBuilder::stream_chains() {
  Need now = need();
  for (int made = 0; made < kMostChains; ++made) {
    std::vector<Chain> candidates = chains(now);
    const std::vector<PendingStep> given = steps_;
    const auto replace = [&](const Chain& chain) {
      steps_ = given;
      const auto at = [&](size_t s) { return steps_.begin() + static_cast<std::ptrdiff_t>(s); };
      steps_.erase(at(chain.first), at(chain.last));
      steps_[chain.first] = chain.step;
    };
    const auto rank = [&](const Need& need) {
      return std::pair(need.bytes, need.steps_at(now.bytes));
    };
    for (Chain& chain : candidates) {
      replace(chain);
      chain.need = need();
    }
    steps_ = given;
    std::erase_if(candidates, [&](const Chain& c) { return rank(c.need) >= rank(now); });
    std::sort(candidates.begin(), candidates.end(), [&](const Chain& a, const Chain& b) {
      return std::pair(rank(a.need), a.work) < std::pair(rank(b.need), b.work);
    });
    const auto chosen = std::find_if(candidates.begin(), candidates.end(),
                                     [&](Chain& c) { return settle_chain(c.step); });
    if (chosen == candidates.end()) break;
    replace(*chosen);
    now = chosen->need;
  }
}

// The chain's steps, band after band, where the layout put the chain.
void FunctionBuilder::run_chain(const PendingStep& chain, std::vector<PendingStep>& steps) {
  const ChainPlan plan = plan_chain(chain);
  const size_t base = chain.step.scratch_offset;
  for (const std::vector<Band>& turn : plan.turns) {
    int input = input_rows(chain.chain[0], turn[0]);
    for (size_t k = 0; k < turn.size(); ++k) {
      PendingStep pending = chain.chain[k];
      pending.step.scratch_offset = base + plan.steps[k].scratch_offset;
      pending.step.scratch_bytes = plan.steps[k].scratch_bytes;
      const int output = output_rows(pending, turn[k]);
      if (k + 1 < turn.size())
        function_.tensors[static_cast<size_t>(output)].offset = base + plan.steps[k].output_offset;
      steps.push_back(band_step(pending, turn[k], input, output));
      input = output;
    }
  }
}

void FunctionBuilder::run_chains() {
  std::vector<PendingStep> steps;
  for (PendingStep& pending : steps_) {
    if (pending.chain.empty()) {
      steps.push_back(std::move(pending));
    } else {
      run_chain(pending, steps);
    }
  }
  steps_ = std::move(steps);
}

}  // namespace mote::plan
