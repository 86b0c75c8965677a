#include "plan/memory.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "plan/bodies.h"

namespace mote::plan {
namespace {

// The orders in which first fit does well on one kind of graph or another.
std::vector<std::vector<size_t>> greedy_orders(const Bodies& bodies) {
  struct Key {
    Distance size_bytes, life, first, last;
  };
  std::vector<Key> keys;
  std::vector<size_t> filled;  // a body without bytes lies anywhere
  for (size_t i = 0; i < bodies.list.size(); ++i) {
    const Body& body = bodies.list[i];
    if (body.spans.empty()) {
      keys.push_back({});
      continue;
    }
    filled.push_back(i);
    keys.push_back({body.height_bytes, body.last() - body.first() + 1, body.first(), body.last()});
  }
  const std::function<bool(const Key&, const Key&)> before[] = {
      [](const Key& a, const Key& b) { return a.size_bytes > b.size_bytes; },
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

}  // namespace

Layout place(std::vector<Block>& blocks, const std::vector<Overlap>& overlaps) {
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
  if (best.arena_bytes > bound) local_search(bodies, best_order, best);
  if (best.arena_bytes > bound && branch_and_bound(bodies, best) && bodies.pushable)
    layout.lower_bound_bytes = static_cast<size_t>(best.arena_bytes);
  layout.arena_bytes = static_cast<size_t>(best.arena_bytes);
  for (size_t b = 0; b < blocks.size(); ++b) {
    blocks[b].offset =
        static_cast<size_t>(best.offsets[bodies.body_of_block[b]]) + blocks[b].delta_bytes;
  }
  return layout;
}

}  // namespace mote::plan
