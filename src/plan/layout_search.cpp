// The searches for a layout: first fit in a given order, branch and bound, local search.
#include <algorithm>
#include <cstdint>
#include <limits>

#include "plan/bodies.h"

namespace mote::plan {
namespace {

constexpr Distance kUnplaced = -1;

// Work is counted in conflicts and spans looked at, a few nanoseconds each, so that preparing a
// model stays quick and does not depend on the machine.
constexpr int64_t kBranchWork = 400'000;
constexpr int64_t kLocalWork = 400'000;

Distance round_up(Distance value, Distance align) { return (value + align - 1) / align * align; }

// The lowest offset for the body among those that are placed.
Distance lowest_place(const Bodies& bodies, size_t index, const std::vector<Distance>& offsets,
                      std::vector<std::pair<Distance, Distance>>& taken) {
  const Body& body = bodies.list[index];
  taken.clear();
  for (const Conflict& conflict : body.conflicts) {
    const Distance other = offsets[conflict.other];
    if (other != kUnplaced) taken.emplace_back(other + conflict.low, other + conflict.high);
  }
  std::sort(taken.begin(), taken.end());
  Distance offset = 0;
  for (const auto& [low, high] : taken) {
    if (offset <= low) break;
    if (offset < high) offset = round_up(high, body.align);
  }
  return offset;
}

// Layouts in which every body lies on the floor or right above one that it conflicts with, bodies
// taken in order of offset.
class BranchAndBound {
 public:
  BranchAndBound(const Bodies& bodies, Attempt& best)
      : bodies_(bodies),
        best_(best),
        offsets_(bodies.list.size(), kUnplaced),
        floor_(bodies.list.size(), 0) {
    for (size_t i = 0; i < bodies.list.size(); ++i) {
      if (bodies.list[i].spans.empty()) {
        offsets_[i] = 0;
        continue;
      }
      left_.push_back(i);
      steps_ = std::max(steps_, bodies.list[i].last() + 1);
    }
    remaining_.assign(static_cast<size_t>(steps_), 0);
    lowest_.assign(static_cast<size_t>(steps_), 0);
    for (const size_t i : left_) add_remaining(i, 1);
  }

  bool run() {
    search(0, 0, 0);
    return work_ < kBranchWork;
  }

 private:
  void add_remaining(size_t index, Distance sign) {
    for (const Span& span : bodies_.list[index].spans) {
      for (int t = span.first; t <= span.last; ++t)
        remaining_[static_cast<size_t>(t)] += sign * span.size_bytes;
    }
  }

  // Whether what is left can't fit below the best arena so far.
  bool hopeless() {
    std::fill(lowest_.begin(), lowest_.end(), std::numeric_limits<Distance>::max());
    for (const size_t i : left_) {
      const Body& body = bodies_.list[i];
      if (floor_[i] + body.height_bytes >= best_.arena_bytes) return true;
      for (const Span& span : body.spans) {
        for (int t = span.first; t <= span.last; ++t) {
          Distance& lowest = lowest_[static_cast<size_t>(t)];
          lowest = std::min(lowest, floor_[i]);
        }
        work_ += span.last - span.first + 1;
      }
    }
    for (size_t t = 0; t < lowest_.size(); ++t) {
      const Distance least = remaining_[t] - bodies_.saved_bytes[t];
      if (least > 0 && lowest_[t] + least >= best_.arena_bytes) return true;
    }
    return false;
  }

  void search(Distance reached, Distance last_offset, size_t last_index) {
    if (left_.empty()) {
      best_ = {offsets_, reached};
      return;
    }
    if (++work_ >= kBranchWork || hopeless()) return;
    Distance limit = std::numeric_limits<Distance>::max();
    std::vector<size_t> candidates;
    for (const size_t i : left_) limit = std::min(limit, floor_[i] + bodies_.list[i].height_bytes);
    for (const size_t i : left_) {
      const bool in_order =
          floor_[i] > last_offset || (floor_[i] == last_offset && i >= last_index);
      if (in_order && floor_[i] < limit) candidates.push_back(i);
    }
    std::stable_sort(candidates.begin(), candidates.end(), [&](size_t a, size_t b) {
      if (floor_[a] != floor_[b]) return floor_[a] < floor_[b];
      return bodies_.list[a].height_bytes > bodies_.list[b].height_bytes;
    });
    for (const size_t i : candidates) {
      try_next(i, reached);
      if (work_ >= kBranchWork || done()) return;
    }
  }

  bool done() const {
    return best_.arena_bytes <= static_cast<Distance>(bodies_.lower_bound_bytes);
  }

  void try_next(size_t index, Distance reached) {
    const Body& body = bodies_.list[index];
    const Distance offset = floor_[index];
    const std::vector<size_t> left = left_;
    const std::vector<Distance> floor = floor_;
    std::erase(left_, index);
    offsets_[index] = offset;
    add_remaining(index, -1);
    for (const Conflict& conflict : body.conflicts) {
      Distance& above = floor_[conflict.other];
      // The other may not lie between offset - high and offset - low.
      above = std::max(above, round_up(offset - conflict.low, bodies_.list[conflict.other].align));
    }
    work_ += static_cast<int64_t>(left.size() + body.conflicts.size());
    search(std::max(reached, offset + body.height_bytes), offset, index);
    add_remaining(index, 1);
    offsets_[index] = kUnplaced;
    floor_ = floor;
    left_ = left;
  }

  const Bodies& bodies_;
  Attempt& best_;
  std::vector<Distance> offsets_;
  std::vector<Distance> floor_;               // by body: what is placed keeps it at or above this
  std::vector<size_t> left_;                  // bodies to be placed
  std::vector<Distance> remaining_, lowest_;  // by step
  int steps_ = 0;
  int64_t work_ = 0;
};

}  // namespace

Attempt place_in_order(const Bodies& bodies, const std::vector<size_t>& order) {
  Attempt attempt{std::vector<Distance>(bodies.list.size(), kUnplaced), 0};
  std::vector<std::pair<Distance, Distance>> taken;
  for (const size_t i : order) {
    const Distance offset = lowest_place(bodies, i, attempt.offsets, taken);
    attempt.offsets[i] = offset;
    attempt.arena_bytes = std::max(attempt.arena_bytes, offset + bodies.list[i].height_bytes);
  }
  for (Distance& offset : attempt.offsets) offset = std::max(offset, Distance{0});
  return attempt;
}

bool branch_and_bound(const Bodies& bodies, Attempt& best) {
  return BranchAndBound(bodies, best).run();
}

// Moves a body that reaches too high to an earlier place in the order, or swaps two; keeps what is
// no worse.
void local_search(const Bodies& bodies, std::vector<size_t> order, Attempt& best) {
  int64_t conflicts = 0;
  for (const Body& body : bodies.list) conflicts += 1 + static_cast<int64_t>(body.conflicts.size());
  Attempt current = best;
  uint32_t random = 1;
  const auto below = [&](size_t n) {
    random = random * 1664525u + 1013904223u;
    return static_cast<size_t>((static_cast<uint64_t>(random) * n) >> 32);
  };
  const auto bound = static_cast<Distance>(bodies.lower_bound_bytes);
  for (int64_t work = 0; work < kLocalWork && best.arena_bytes > bound; work += conflicts) {
    std::vector<size_t> next = order;
    std::vector<size_t> high;
    for (size_t at = 1; at < next.size(); ++at) {
      if (current.offsets[next[at]] + bodies.list[next[at]].height_bytes > bound)
        high.push_back(at);
    }
    const size_t from =
        high.empty() || below(4) == 0 ? below(next.size()) : high[below(high.size())];
    const size_t to = below(from + 1);
    if (below(3) == 0) {
      std::swap(next[from], next[to]);
    } else {
      std::rotate(next.begin() + static_cast<Distance>(to),
                  next.begin() + static_cast<Distance>(from),
                  next.begin() + static_cast<Distance>(from) + 1);
    }
    Attempt attempt = place_in_order(bodies, next);
    if (attempt.arena_bytes > current.arena_bytes) continue;
    current = std::move(attempt);
    order = std::move(next);
    if (current.arena_bytes < best.arena_bytes) best = current;
  }
}

}  // namespace mote::plan
