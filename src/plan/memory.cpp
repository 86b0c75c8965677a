#include "plan/memory.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "plan/bodies.h"
#include "plan/chosen_search.h"

namespace mote::plan {
namespace {

// The orders in which first fit does well on one kind of graph or another.
std::vector<std::vector<size_t>> greedy_orders(const Bodies& bodies) {
  struct Key {
    Distance size_bytes, life, first, last, company_bytes;
  };
  std::vector<Key> keys;
  const std::vector<Distance> live = live_bytes(bodies);
  std::vector<size_t> filled;  // a body without bytes lies anywhere
  for (size_t i = 0; i < bodies.list.size(); ++i) {
    const Body& body = bodies.list[i];
    if (body.spans.empty()) {
      keys.push_back({});
      continue;
    }
    filled.push_back(i);
    // The most that is needed at one of its steps.
    const Distance company_bytes =
        *std::max_element(live.begin() + body.first(), live.begin() + body.last() + 1);
    keys.push_back({body.height_bytes, body.last() - body.first() + 1, body.first(), body.last(),
                    company_bytes});
  }
  const std::function<bool(const Key&, const Key&)> before[] = {
      [](const Key& a, const Key& b) { return a.size_bytes > b.size_bytes; },
      [](const Key& a, const Key& b) {
        return a.company_bytes != b.company_bytes ? a.company_bytes > b.company_bytes
                                                  : a.size_bytes > b.size_bytes;
      },
      [](const Key& a, const Key& b) {
        return a.life != b.life ? a.life > b.life : a.size_bytes > b.size_bytes;
      },
      [](const Key& a, const Key& b) { return a.size_bytes * a.life > b.size_bytes * b.life; },
      [](const Key& a, const Key& b) {
        return a.first != b.first ? a.first < b.first : a.size_bytes > b.size_bytes;
      },
      [](const Key& a, const Key& b) {
        return a.last != b.last ? a.last > b.last : a.size_bytes > b.size_bytes;
      },
  };
  std::vector<std::vector<size_t>> orders;
  for (const auto& rule : before) {
    orders.push_back(filled);
    std::stable_sort(orders.back().begin(), orders.back().end(),
                     [&](size_t a, size_t b) { return rule(keys[a], keys[b]); });
  }
  return orders;
}

// Those of `order` that are needed at a step where the sum is more than half of the largest.
std::vector<size_t> crowded(const Bodies& bodies, const std::vector<size_t>& order) {
  const std::vector<Distance> live = live_bytes(bodies);
  const Distance most = *std::max_element(live.begin(), live.end());
  std::vector<size_t> list;
  for (const size_t i : order) {
    const Body& body = bodies.list[i];
    const auto first = live.begin() + body.first(), last = live.begin() + body.last();
    if (*std::max_element(first, last + 1) * 2 > most) list.push_back(i);
  }
  return list;
}

// Looks for a smaller layout than `best`, which `order` gave, and for a better bound.
void improve(const Bodies& bodies, const std::vector<size_t>& order, Attempt& best,
             Layout& layout) {
  const auto bound = static_cast<Distance>(bodies.lower_bound_bytes);
  // First those that are needed where much is: the rest mostly fits around them.
  const std::vector<size_t> hard = crowded(bodies, order);
  Attempt attempt = place_in_order(bodies, hard);
  if (attempt.arena_bytes > bound) local_search(bodies, hard, attempt);
  if (attempt.arena_bytes > bound && branch_and_bound(bodies, hard, attempt) && bodies.pushable)
    layout.lower_bound_bytes = static_cast<size_t>(std::max(bound, attempt.arena_bytes));
  place_rest(bodies, order, attempt);
  if (attempt.arena_bytes < best.arena_bytes) best = std::move(attempt);
  // The last hundredth is worth a proof for few blocks, not another search for many.
  if (static_cast<double>(best.arena_bytes) >
          1.01 * static_cast<double>(layout.lower_bound_bytes) &&
      hard.size() < order.size())
    local_search(bodies, order, best);
}

}  // namespace

Layout place(std::vector<Block>& blocks, const std::vector<Overlap>& overlaps, bool search) {
  const Bodies bodies = bodies_of(blocks, overlaps);
  Layout layout{0, bodies.lower_bound_bytes};
  const auto bound = static_cast<Distance>(bodies.lower_bound_bytes);
  Attempt best;
  std::vector<size_t> best_order;
  for (std::vector<size_t>& order : greedy_orders(bodies)) {
    Attempt attempt = place_in_order(bodies, order);
    if (best.offsets.empty() || attempt.arena_bytes < best.arena_bytes) {
      best = std::move(attempt);
      best_order = std::move(order);
    }
    if (best.arena_bytes <= bound) break;
  }
  if constexpr (kCanSearch) {
    if (search && best.arena_bytes > bound) improve(bodies, best_order, best, layout);
  }
  layout.arena_bytes = static_cast<size_t>(best.arena_bytes);
  for (size_t b = 0; b < blocks.size(); ++b) {
    const Distance offset = std::max(Distance{0}, best.offsets[bodies.body_of_block[b]]);
    blocks[b].offset = static_cast<size_t>(offset) + blocks[b].delta_bytes;
  }
  return layout;
}

}  // namespace mote::plan
