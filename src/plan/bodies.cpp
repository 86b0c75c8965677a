#include "plan/bodies.h"

#include <algorithm>
#include <cstdint>

namespace mote::plan {
namespace {

Distance signed_of(size_t value) { return static_cast<Distance>(value); }

// Visits every pair of blocks of two bodies that are needed at one step.
template <class Visit>
void for_each_pair(const std::vector<Block>& blocks, const std::vector<size_t>& body_of_block,
                   Visit&& visit) {
  std::vector<size_t> order;
  for (size_t b = 0; b < blocks.size(); ++b) {
    if (blocks[b].size_bytes > 0) order.push_back(b);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return blocks[a].first < blocks[b].first; });
  std::vector<size_t> live;
  for (const size_t b : order) {
    std::erase_if(live, [&](size_t a) { return blocks[a].last < blocks[b].first; });
    for (const size_t a : live) {
      if (body_of_block[a] != body_of_block[b]) visit(a, b);
    }
    live.push_back(b);
  }
}

// `is_only`: the two bodies have one block each, so this is their only conflict.
void add_conflict(Bodies& bodies, size_t a, size_t b, Distance low, Distance high, bool is_only) {
  if (low >= high) return;
  Body& body = bodies.list[a];
  bodies.pushable = bodies.pushable && low < 0 && high > 0;
  if (is_only) {
    body.conflicts.push_back({b, low, high});
    return;
  }
  for (Conflict& conflict : body.conflicts) {
    // Joined where no distance lies between the two.
    if (conflict.other != b) continue;
    if (low >= conflict.high || conflict.low >= high) {
      bodies.pushable = false;
      continue;
    }
    conflict.low = std::min(conflict.low, low);
    conflict.high = std::max(conflict.high, high);
    return;
  }
  body.conflicts.push_back({b, low, high});
}

void find_conflicts(Bodies& bodies, const std::vector<Block>& blocks,
                    const std::vector<Overlap>& overlaps) {
  // Overlaps by the block that they write: a step writes one block over one other.
  std::vector<const Overlap*> overlap_of_output(blocks.size(), nullptr);
  for (const Overlap& overlap : overlaps) overlap_of_output[overlap.output] = &overlap;
  for_each_pair(blocks, bodies.body_of_block, [&](size_t a, size_t b) {
    // Distances of a above b, as bodies.
    const Distance shift = signed_of(blocks[b].delta_bytes) - signed_of(blocks[a].delta_bytes);
    Distance low = -signed_of(blocks[a].size_bytes);
    Distance high = signed_of(blocks[b].size_bytes);
    if (const Overlap* o = overlap_of_output[b]; o && o->input == a) {
      low = std::max(low, -o->down);
      high = std::min(high, o->up);
    } else if (o = overlap_of_output[a]; o && o->input == b) {
      low = std::max(low, -o->up);
      high = std::min(high, o->down);
    }
    const size_t body_a = bodies.body_of_block[a], body_b = bodies.body_of_block[b];
    const bool is_only = bodies.list[body_a].blocks == 1 && bodies.list[body_b].blocks == 1;
    add_conflict(bodies, body_a, body_b, low + shift, high + shift, is_only);
    add_conflict(bodies, body_b, body_a, -(high + shift), -(low + shift), is_only);
  });
}

// What the body holds at each step: the union of its blocks that are needed then.
std::vector<Span> spans_of(const std::vector<const Block*>& blocks) {
  std::vector<int> times;
  for (const Block* block : blocks) {
    times.push_back(block->first);
    times.push_back(block->last + 1);
  }
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  std::vector<const Block*> by_delta = blocks;
  std::stable_sort(by_delta.begin(), by_delta.end(),
                   [](const Block* a, const Block* b) { return a->delta_bytes < b->delta_bytes; });
  std::vector<Span> spans;
  for (size_t t = 0; t + 1 < times.size(); ++t) {
    Distance total = 0, top = 0;
    for (const Block* block : by_delta) {
      if (block->last < times[t] || block->first > times[t]) continue;
      const Distance begin = std::max(top, signed_of(block->delta_bytes));
      const Distance end = signed_of(block->delta_bytes + block->size_bytes);
      total += std::max(Distance{0}, end - begin);
      top = std::max(top, end);
    }
    if (total == 0) continue;
    if (!spans.empty() && spans.back().last + 1 == times[t] && spans.back().size_bytes == total) {
      spans.back().last = times[t + 1] - 1;
    } else {
      spans.push_back({times[t], times[t + 1] - 1, total});
    }
  }
  return spans;
}

void find_savings(Bodies& bodies, const std::vector<Block>& blocks,
                  const std::vector<Overlap>& overlaps) {
  int steps = 0;
  for (const Block& block : blocks) steps = std::max(steps, block.last + 1);
  bodies.saved_bytes.assign(static_cast<size_t>(steps), 0);
  for (const Overlap& overlap : overlaps) {
    const Block& output = blocks[overlap.output];
    const Distance in_bytes = signed_of(blocks[overlap.input].size_bytes);
    const Distance out_bytes = signed_of(output.size_bytes);
    bodies.saved_bytes[static_cast<size_t>(output.first)] +=
        in_bytes + out_bytes - joint_bytes(overlap, in_bytes, out_bytes);
  }
}

size_t lower_bound(const Bodies& bodies) {
  std::vector<std::pair<int, Distance>> events;
  for (const Body& body : bodies.list) {
    for (const Span& span : body.spans) {
      events.emplace_back(span.first, span.size_bytes);
      events.emplace_back(span.last + 1, -span.size_bytes);
    }
  }
  for (size_t t = 0; t < bodies.saved_bytes.size(); ++t) {
    if (bodies.saved_bytes[t] == 0) continue;
    events.emplace_back(static_cast<int>(t), -bodies.saved_bytes[t]);
    events.emplace_back(static_cast<int>(t) + 1, bodies.saved_bytes[t]);
  }
  std::sort(events.begin(), events.end());
  Distance live = 0, peak = 0;
  for (size_t e = 0; e < events.size(); ++e) {
    live += events[e].second;
    if (e + 1 == events.size() || events[e + 1].first != events[e].first)
      peak = std::max(peak, live);
  }
  return static_cast<size_t>(peak);
}

}  // namespace

Distance joint_bytes(const Overlap& overlap, Distance input_bytes, Distance output_bytes) {
  const Distance up = std::max(output_bytes, std::max(overlap.up, Distance{0}) + input_bytes);
  const Distance down = std::max(input_bytes, std::max(overlap.down, Distance{0}) + output_bytes);
  return std::min({up, down, input_bytes + output_bytes});
}

std::vector<Distance> live_bytes(const Bodies& bodies) {
  std::vector<Distance> live(bodies.saved_bytes.size() + 1, 0);
  for (const Body& body : bodies.list) {
    for (const Span& span : body.spans) {
      live[static_cast<size_t>(span.first)] += span.size_bytes;
      live[static_cast<size_t>(span.last) + 1] -= span.size_bytes;
    }
  }
  for (size_t t = 1; t < live.size(); ++t) live[t] += live[t - 1];
  live.pop_back();
  return live;
}

Bodies bodies_of(const std::vector<Block>& blocks, const std::vector<Overlap>& overlaps,
                 bool conflicts) {
  Bodies bodies;
  bodies.body_of_block.assign(blocks.size(), 0);
  std::vector<size_t> index_of_body;
  std::vector<std::vector<const Block*>> members;
  for (size_t b = 0; b < blocks.size(); ++b) {
    const Block& block = blocks[b];
    size_t index = members.size();
    if (block.body >= 0) {
      const auto given = static_cast<size_t>(block.body);
      if (index_of_body.size() <= given) index_of_body.resize(given + 1, SIZE_MAX);
      if (index_of_body[given] == SIZE_MAX) index_of_body[given] = index;
      index = index_of_body[given];
    }
    if (index == members.size()) {
      members.emplace_back();
      bodies.list.emplace_back();
    }
    bodies.body_of_block[b] = index;
    Body& body = bodies.list[index];
    body.align = std::max(body.align, signed_of(block.align));
    if (block.size_bytes == 0) continue;
    members[index].push_back(&block);
    ++body.blocks;
    body.height_bytes =
        std::max(body.height_bytes, signed_of(block.delta_bytes + block.size_bytes));
  }
  for (size_t i = 0; i < members.size(); ++i) bodies.list[i].spans = spans_of(members[i]);
  if (conflicts) find_conflicts(bodies, blocks, overlaps);
  find_savings(bodies, blocks, overlaps);
  bodies.lower_bound_bytes = lower_bound(bodies);
  return bodies;
}

}  // namespace mote::plan
