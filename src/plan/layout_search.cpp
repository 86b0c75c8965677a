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
constexpr int64_t kBranchWork = 60'000;
constexpr int64_t kLocalWork = 150'000;

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
  BranchAndBound(const Bodies& bodies, const std::vector<size_t>& subset, Attempt& best)
      : bodies_(bodies),
        best_(best),
        offsets_(bodies.list.size(), kUnplaced),
        floor_(bodies.list.size(), 0) {
    left_ = subset;
    std::sort(left_.begin(), left_.end());
    for (const size_t i : left_) steps_ = std::max(steps_, bodies.list[i].last() + 1);
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

void place_rest(const Bodies& bodies, const std::vector<size_t>& order, Attempt& attempt) {
  std::vector<std::pair<Distance, Distance>> taken;
  for (const size_t i : order) {
    if (attempt.offsets[i] != kUnplaced) continue;
    const Distance offset = lowest_place(bodies, i, attempt.offsets, taken);
    attempt.offsets[i] = offset;
    attempt.arena_bytes = std::max(attempt.arena_bytes, offset + bodies.list[i].height_bytes);
  }
}

Attempt place_in_order(const Bodies& bodies, const std::vector<size_t>& order) {
  Attempt attempt{std::vector<Distance>(bodies.list.size(), kUnplaced), 0};
  place_rest(bodies, order, attempt);
  return attempt;
}

bool branch_and_bound(const Bodies& bodies, const std::vector<size_t>& subset, Attempt& best) {
  return BranchAndBound(bodies, subset, best).run();
}

namespace {

// A walk over orders: small changes around a body that reaches too high, kept if the arena is no
// larger, sometimes if it is, with a return to the best from time to time.
class LocalSearch {
 public:
  LocalSearch(const Bodies& bodies, std::vector<size_t> order, Attempt& best)
      : bodies_(bodies), best_(best), best_order_(order), current_(best), order_(std::move(order)) {
    in_order_.assign(bodies.list.size(), false);
    for (const size_t i : order_) {
      in_order_[i] = true;
      work_of_attempt_ += 1 + static_cast<int64_t>(bodies.list[i].conflicts.size());
    }
  }

  void run() {
    const auto bound = static_cast<Distance>(bodies_.lower_bound_bytes);
    int since_best = 0;
    for (int64_t work = 0; work < kLocalWork; work += work_of_attempt_) {
      std::vector<size_t> next = order_;
      change(next);
      Attempt attempt = place_in_order(bodies_, next);
      if (attempt.arena_bytes <= current_.arena_bytes || below(16) == 0) {
        current_ = std::move(attempt);
        order_ = std::move(next);
      }
      if (current_.arena_bytes < best_.arena_bytes) {
        best_ = current_;
        best_order_ = order_;
        since_best = 0;
        if (best_.arena_bytes <= bound) return;
      } else if (++since_best % 64 == 0) {
        current_ = best_;
        order_ = best_order_;
      }
    }
  }

 private:
  size_t below(size_t n) {
    random_ = random_ * 1664525u + 1013904223u;
    return static_cast<size_t>((static_cast<uint64_t>(random_) * n) >> 32);
  }

  size_t neighbour_of(size_t body) {
    const std::vector<Conflict>& conflicts = bodies_.list[body].conflicts;
    for (int tries = 0; tries < 4 && !conflicts.empty(); ++tries) {
      const size_t other = conflicts[below(conflicts.size())].other;
      if (in_order_[other]) return other;
    }
    return body;
  }

  // One of the bodies that end above the lower bound.
  size_t high_body() {
    std::vector<size_t> high;
    for (const size_t i : order_) {
      if (current_.offsets[i] + bodies_.list[i].height_bytes >
          static_cast<Distance>(bodies_.lower_bound_bytes))
        high.push_back(i);
    }
    return high.empty() ? order_[below(order_.size())] : high[below(high.size())];
  }

  void change(std::vector<size_t>& order) {
    size_t a = high_body(), b = neighbour_of(a);
    // Up to three conflicts away from what is too high.
    for (size_t hops = below(3); hops > 0; --hops) a = b, b = neighbour_of(b);
    const auto at_a = std::find(order.begin(), order.end(), a);
    const auto at_b = std::find(order.begin(), order.end(), b);
    if (below(2) == 0) {
      std::iter_swap(at_a, at_b);
    } else if (at_b < at_a) {
      std::rotate(at_b, at_a, at_a + 1);
    } else {
      std::rotate(at_a, at_b, at_b + 1);
    }
  }

  const Bodies& bodies_;
  Attempt& best_;
  std::vector<size_t> best_order_;
  Attempt current_;
  std::vector<size_t> order_;
  std::vector<bool> in_order_;  // by body
  int64_t work_of_attempt_ = 0;
  uint32_t random_ = 1;
};

}  // namespace

void local_search(const Bodies& bodies, std::vector<size_t> order, Attempt& best) {
  LocalSearch(bodies, std::move(order), best).run();
}

}  // namespace mote::plan
