// Where a function's tensors and scratch lie in its arena.
#include <algorithm>

#include "plan/bodies.h"
#include "plan/chosen_search.h"
#include "plan/function.h"

namespace mote::plan {
namespace {

std::vector<Overlap> overlaps_of(const std::vector<FunctionBuilder::Cut>& cuts) {
  std::vector<Overlap> overlaps;
  for (const auto& cut : cuts) overlaps.push_back(cut.overlap);
  return overlaps;
}

// Cuts that save less than this are not worth their bands.
constexpr double kLeastGain = 0.98;
// What an arena may be of its lower bound before other ways to share memory are tried.
constexpr double kMostRatio = 1.02;

}  // namespace

// What the arena must hold if tensors share memory as they do now.
FunctionBuilder::Draft FunctionBuilder::draft() {
  Draft draft;
  std::vector<std::ptrdiff_t> lowest(places_.size(), 0);  // by body
  for (const Place& place : places_) {
    if (place.body < 0) continue;
    std::ptrdiff_t& low = lowest[static_cast<size_t>(place.body)];
    low = std::min(low, place.delta);
  }
  for (size_t t = 0; t < places_.size(); ++t) {
    const Place& place = places_[t];
    const bool used = place.body >= 0 && place.first >= 0;
    Block block;
    block.align = kTensorAlign;
    if (used) {
      block.size_bytes = round_up(function_.tensors[t].size_bytes, kTensorAlign);
      block.first = place.first;
      block.last = place.last;
      block.body = place.body;
      block.delta_bytes =
          static_cast<size_t>(place.delta - lowest[static_cast<size_t>(place.body)]);
    }
    draft.blocks.push_back(block);
  }
  for (size_t s = 0; s < steps_.size(); ++s) {
    const int time = static_cast<int>(s) + 1;
    draft.blocks.push_back(
        {steps_[s].dropped ? 0 : steps_[s].step.scratch_bytes, kScratchAlign, time, time});
  }
  const Bodies bodies = bodies_of(draft.blocks, {}, false);
  draft.lower_bound_bytes = draft.uncut_bytes = bodies.lower_bound_bytes;
  if (shared_.options.observe) return draft;
  draft.live_bytes = live_bytes(bodies);
  draft.cuts = choose_cuts(draft.live_bytes);
  if (!draft.cuts.empty())
    draft.lower_bound_bytes =
        bodies_of(draft.blocks, overlaps_of(draft.cuts), false).lower_bound_bytes;
  return draft;
}

bool FunctionBuilder::joins_tensors() const {
  return std::any_of(steps_.begin(), steps_.end(),
                     [](const PendingStep& p) { return p.dropped && p.join_from >= 0; });
}

// For the steps in their present order. Joined tensors save a copy, and memory too unless a piece
// is ready long before the others.
FunctionBuilder::Draft FunctionBuilder::best_draft() {
  find_lives();
  share_memory(true);
  Draft joined = draft();
  if (!joins_tensors()) return joined;
  share_memory(false);
  Draft apart = draft();
  if (apart.lower_bound_bytes < joined.lower_bound_bytes) return apart;
  share_memory(true);
  return joined;
}

void FunctionBuilder::place_draft(Draft& draft) {
  const bool search = shared_.options.search;
  if (draft.cuts.empty()) {
    draft.layout = place(draft.blocks, {}, search);
    return;
  }
  std::vector<Block> whole = draft.blocks;
  draft.layout = place(draft.blocks, overlaps_of(draft.cuts), search);
  const auto is_worth = [&](size_t whole_bytes) {
    return static_cast<double>(draft.layout.arena_bytes) <
           kLeastGain * static_cast<double>(whole_bytes);
  };
  if (is_worth(draft.uncut_bytes)) return;  // less than without cuts however that is laid out
  const Layout uncut = place(whole, {}, search);
  if (is_worth(uncut.arena_bytes)) return;
  draft.layout = uncut;
  draft.blocks = std::move(whole);
  draft.cuts.clear();
}

void FunctionBuilder::plan_arena() {
  for (size_t t = 0; t < places_.size(); ++t) {
    places_[t].space = function_.tensors[t].space;
    places_[t].offset = function_.tensors[t].offset;
  }
  if (shared_.options.min_memory && !shared_.options.observe) stream_chains();
  Draft draft = best_draft();
  // Cuts are left out of the search.
  std::vector<size_t> order;
  if constexpr (kCanSearch) {
    if (shared_.options.search && !shared_.options.observe)
      order = order_below(tasks(), draft.uncut_bytes);
  }
  if (!order.empty()) {
    const std::vector<PendingStep> given = steps_;
    for (size_t s = 0; s < order.size(); ++s) steps_[s] = given[order[s]];
    Draft other = best_draft();
    if (other.lower_bound_bytes < draft.lower_bound_bytes) {
      draft = std::move(other);
    } else {
      steps_ = given;
      draft = best_draft();
    }
  }
  place_draft(draft);
  if (joins_tensors() && static_cast<double>(draft.layout.arena_bytes) >
                             kMostRatio * static_cast<double>(draft.layout.lower_bound_bytes)) {
    // Bodies of many tensors may leave holes.
    share_memory(false);
    Draft apart = this->draft();
    place_draft(apart);
    if (apart.layout.arena_bytes < draft.layout.arena_bytes) {
      draft = std::move(apart);
    } else {
      share_memory(true);
    }
  }
  function_.arena_bytes = draft.layout.arena_bytes;
  function_.arena_lower_bound_bytes = draft.layout.lower_bound_bytes;
  for (size_t t = 0; t < places_.size(); ++t) {
    if (places_[t].body >= 0) function_.tensors[t].offset = draft.blocks[t].offset;
  }
  for (size_t s = 0; s < steps_.size(); ++s)
    steps_[s].step.scratch_offset = draft.blocks[places_.size() + s].offset;
  cut_steps(draft.cuts);
  run_chains();
}

}  // namespace mote::plan
