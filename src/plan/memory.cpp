#include "plan/memory.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace mote::plan {
namespace {

size_t round_up(size_t value, size_t align) { return (value + align - 1) / align * align; }

bool overlap_in_time(const Block& a, const Block& b) {
  return a.first <= b.last && b.first <= a.last;
}

// Places the blocks in that order; returns the arena's size.
size_t place_in_order(std::vector<Block>& blocks, const std::vector<size_t>& order) {
  std::vector<const Block*> placed;  // by offset
  size_t arena_bytes = 0;
  for (const size_t index : order) {
    Block& block = blocks[index];
    size_t offset = 0;
    for (const Block* other : placed) {
      if (!overlap_in_time(block, *other)) continue;
      if (offset + block.size_bytes <= other->offset) break;
      offset = std::max(offset, round_up(other->offset + other->size_bytes, block.align));
    }
    block.offset = offset;
    arena_bytes = std::max(arena_bytes, offset + block.size_bytes);
    const auto after =
        std::upper_bound(placed.begin(), placed.end(), offset,
                         [](size_t value, const Block* other) { return value < other->offset; });
    placed.insert(after, &block);
  }
  return arena_bytes;
}

size_t lower_bound(const std::vector<Block>& blocks) {
  // The sum can only peak where a block begins.
  std::vector<std::pair<int, std::ptrdiff_t>> events;
  for (const Block& block : blocks) {
    events.emplace_back(block.first, static_cast<std::ptrdiff_t>(block.size_bytes));
    events.emplace_back(block.last + 1, -static_cast<std::ptrdiff_t>(block.size_bytes));
  }
  std::sort(events.begin(), events.end());  // at equal steps ends (negative) come first
  std::ptrdiff_t live = 0, peak = 0;
  for (const auto& [step, bytes] : events) peak = std::max(peak, live += bytes);
  return static_cast<size_t>(peak);
}

}  // namespace

Layout place(std::vector<Block>& blocks) {
  Layout layout;
  layout.lower_bound_bytes = lower_bound(blocks);
  const auto life = [](const Block& b) { return b.last - b.first; };
  const std::function<bool(const Block&, const Block&)> orders[] = {
      [](const Block& a, const Block& b) { return a.size_bytes > b.size_bytes; },
      [&](const Block& a, const Block& b) {
        return life(a) != life(b) ? life(a) > life(b) : a.size_bytes > b.size_bytes;
      },
      [&](const Block& a, const Block& b) {
        return a.size_bytes * static_cast<size_t>(life(a) + 1) >
               b.size_bytes * static_cast<size_t>(life(b) + 1);
      },
      [](const Block& a, const Block& b) {
        return a.first != b.first ? a.first < b.first : a.size_bytes > b.size_bytes;
      },
      [](const Block& a, const Block& b) {
        return a.last != b.last ? a.last > b.last : a.size_bytes > b.size_bytes;
      },
  };
  std::vector<Block> best;
  for (const auto& before : orders) {
    std::vector<size_t> order(blocks.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return before(blocks[a], blocks[b]); });
    std::vector<Block> attempt = blocks;
    const size_t arena_bytes = place_in_order(attempt, order);
    if (best.empty() || arena_bytes < layout.arena_bytes) {
      layout.arena_bytes = arena_bytes;
      best = std::move(attempt);
    }
    if (layout.arena_bytes <= layout.lower_bound_bytes) break;
  }
  blocks = std::move(best);
  return layout;
}

}  // namespace mote::plan
