#include "plan/memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>

#include "plan/bodies.h"

namespace mote::plan {
namespace {

using Overlaps = std::vector<Overlap>;

bool may_touch(const std::vector<Block>& blocks, const Overlaps& overlaps, size_t a, size_t b) {
  if (blocks[a].body >= 0 && blocks[a].body == blocks[b].body) return true;
  for (const Overlap& o : overlaps) {
    if ((o.input != a || o.output != b) && (o.input != b || o.output != a)) continue;
    const auto in = static_cast<std::ptrdiff_t>(blocks[o.input].offset);
    const auto out = static_cast<std::ptrdiff_t>(blocks[o.output].offset);
    return in - out >= o.up || out - in >= o.down;
  }
  return false;
}

bool is_valid(const std::vector<Block>& blocks, const Overlaps& overlaps) {
  for (size_t a = 0; a < blocks.size(); ++a) {
    for (size_t b = 0; b < a; ++b) {
      const bool same_time = blocks[a].first <= blocks[b].last && blocks[b].first <= blocks[a].last;
      const bool same_place = blocks[a].offset < blocks[b].offset + blocks[b].size_bytes &&
                              blocks[b].offset < blocks[a].offset + blocks[a].size_bytes;
      if (same_time && same_place && !may_touch(blocks, overlaps, a, b)) return false;
    }
  }
  return true;
}

size_t extent(const std::vector<Block>& blocks) {
  size_t end = 0;
  for (const Block& block : blocks)
    if (block.size_bytes) end = std::max(end, block.offset + block.size_bytes);
  return end;
}

void expect_valid(const std::vector<Block>& blocks, const Layout& layout,
                  const Overlaps& overlaps = {}) {
  EXPECT_TRUE(is_valid(blocks, overlaps));
  EXPECT_LE(extent(blocks), layout.arena_bytes);
  EXPECT_GE(layout.arena_bytes, layout.lower_bound_bytes);
  for (const Block& block : blocks) EXPECT_EQ((block.offset - block.delta_bytes) % block.align, 0u);
}

// The smallest arena over all orders of first fit, one of which is optimal where blocks are plain.
size_t best_by_orders(std::vector<Block> blocks) {
  const Bodies bodies = bodies_of(blocks, {});
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  size_t best = SIZE_MAX;
  do {
    best = std::min(best, static_cast<size_t>(place_in_order(bodies, order).arena_bytes));
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

// The smallest arena over all offsets below `limit`: bodies move as one.
size_t best_by_offsets(std::vector<Block> blocks, const Overlaps& overlaps, size_t limit) {
  int bodies = 0;
  for (const Block& block : blocks) bodies = std::max(bodies, block.body + 1);
  std::vector<size_t> offsets(static_cast<size_t>(bodies), 0);
  size_t best = SIZE_MAX;
  for (;;) {
    for (Block& block : blocks)
      block.offset = offsets[static_cast<size_t>(block.body)] + block.delta_bytes;
    if (extent(blocks) < best && is_valid(blocks, overlaps)) best = extent(blocks);
    size_t digit = 0;
    while (digit < offsets.size() && ++offsets[digit] == limit) offsets[digit++] = 0;
    if (digit == offsets.size()) return best;
  }
}

TEST(Memory, AChainNeedsItsTwoLargestNeighbours) {
  std::vector<Block> blocks = {{100, 1, 0, 1}, {300, 1, 1, 2}, {200, 1, 2, 3}, {50, 1, 3, 4}};
  const Layout layout = place(blocks);
  EXPECT_EQ(layout.lower_bound_bytes, 500u);
  EXPECT_EQ(layout.arena_bytes, 500u);
  expect_valid(blocks, layout);
}

TEST(Memory, NothingIsNothing) {
  std::vector<Block> blocks;
  EXPECT_EQ(place(blocks).arena_bytes, 0u);
  blocks = {{0, 16, 0, 3}, {0, 64, 1, 1}};
  EXPECT_EQ(place(blocks).arena_bytes, 0u);
}

TEST(Memory, RandomBlocksNeverOverlap) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<Block> blocks(random() % 40 + 1);
    for (Block& block : blocks) {
      block.size_bytes = random() % 1000;
      block.align = size_t{1} << random() % 7;
      block.first = static_cast<int>(random() % 20);
      block.last = block.first + static_cast<int>(random() % 6);
    }
    expect_valid(blocks, place(blocks));
  }
}

TEST(Memory, FewBlocksLieAsWellAsTheyCan) {
  std::mt19937 random(11);
  for (int round = 0; round < 400; ++round) {
    SCOPED_TRACE(round);
    std::vector<Block> blocks(random() % 7 + 1);
    for (Block& block : blocks) {
      block.size_bytes = random() % 12 + 1;
      block.align = size_t{1} << random() % 3;
      block.first = static_cast<int>(random() % 6);
      block.last = block.first + static_cast<int>(random() % 4);
    }
    const size_t best = best_by_orders(blocks);
    const Layout layout = place(blocks);
    expect_valid(blocks, layout);
    EXPECT_EQ(layout.arena_bytes, best);
    EXPECT_LE(layout.lower_bound_bytes, best);
  }
}

// Sets of blocks that fit the bound exactly (a rectangle cut into pieces), where greedy orders
// leave holes.
TEST(Memory, ACutRectangleIsPutTogetherAgain) {
  std::mt19937 random(5);
  double worst = 1;
  for (int round = 0; round < 60; ++round) {
    struct Piece {
      size_t low, high;
      int first, last;
    };
    std::vector<Piece> pieces = {{0, 1024, 0, 63}};
    const size_t count = 8 + random() % 40;
    while (pieces.size() < count) {
      Piece& piece = pieces[random() % pieces.size()];
      Piece rest = piece;
      if (random() % 2 && piece.last > piece.first) {
        piece.last = piece.first +
                     static_cast<int>(random() % static_cast<unsigned>(piece.last - piece.first));
        rest.first = piece.last + 1;
      } else if (piece.high - piece.low > 1) {
        piece.high = piece.low + 1 + random() % (piece.high - piece.low - 1);
        rest.low = piece.high;
      } else {
        continue;
      }
      pieces.push_back(rest);
    }
    std::shuffle(pieces.begin(), pieces.end(), random);
    std::vector<Block> blocks;
    for (const Piece& piece : pieces)
      blocks.push_back({piece.high - piece.low, 1, piece.first, piece.last});
    const Layout layout = place(blocks);
    expect_valid(blocks, layout);
    EXPECT_GE(layout.lower_bound_bytes, 1024u);
    worst = std::max(worst, static_cast<double>(layout.arena_bytes) / 1024);
    if (count <= 16) {
      EXPECT_EQ(layout.arena_bytes, 1024u);
    }
  }
  EXPECT_LE(worst, 1.25);
  RecordProperty("worst", std::to_string(worst));
}

// A row of the output is written when the input's rows before it are dead.
TEST(Memory, AnOutputMayStartBelowItsInput) {
  std::vector<Block> blocks = {{100, 1, 0, 1}, {100, 1, 1, 2}};
  const Overlaps overlaps = {{0, 1, 10, 100}};
  const Layout layout = place(blocks, overlaps);
  expect_valid(blocks, layout, overlaps);
  EXPECT_EQ(layout.arena_bytes, 110u);
  EXPECT_EQ(blocks[0].offset, 10u);
}

TEST(Memory, AChainOfOverlapsGoesUpAndDown) {
  std::vector<Block> blocks;
  Overlaps overlaps;
  for (int i = 0; i < 12; ++i) {
    blocks.push_back({100, 1, i, i + 1});
    if (i > 0) overlaps.push_back({static_cast<size_t>(i) - 1, static_cast<size_t>(i), 10, 10});
  }
  const Layout layout = place(blocks, overlaps);
  expect_valid(blocks, layout, overlaps);
  EXPECT_EQ(layout.arena_bytes, 110u);
}

TEST(Memory, PiecesOfABodyKeepTheirDistances) {
  std::vector<Block> blocks = {
      {32, 16, 0, 3, 0, 0}, {32, 16, 1, 3, 0, 32}, {64, 16, 3, 5, 0, 0}, {48, 16, 0, 1}};
  const Layout layout = place(blocks);
  expect_valid(blocks, layout);
  EXPECT_EQ(blocks[1].offset, blocks[0].offset + 32);
  EXPECT_EQ(blocks[2].offset, blocks[0].offset);
  EXPECT_EQ(layout.lower_bound_bytes, 112u);
  EXPECT_EQ(layout.arena_bytes, 112u);
}

TEST(Memory, BodiesAndOverlapsAgainstAllOffsets) {
  std::mt19937 random(3);
  const auto below = [&](unsigned n) { return static_cast<size_t>(random() % n); };
  int optimal = 0, rounds = 250;
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE(round);
    std::vector<Block> blocks;
    const size_t bodies = 2 + below(3);
    for (size_t b = 0; b < bodies; ++b) {
      for (size_t pieces = 1 + below(2); pieces > 0; --pieces) {
        const int first = static_cast<int>(below(4));
        blocks.push_back({1 + below(4), 1, first, first + static_cast<int>(below(3)),
                          static_cast<int>(b), pieces > 1 ? 1 + below(3) : 0});
      }
    }
    Overlaps overlaps;
    for (size_t a = 0; a < blocks.size(); ++a) {
      for (size_t b = 0; b < blocks.size(); ++b) {
        const auto is_output = [&](const Overlap& o) { return o.output == b; };
        if (blocks[a].body == blocks[b].body || blocks[a].last != blocks[b].first ||
            std::any_of(overlaps.begin(), overlaps.end(), is_output) || below(2) == 0)
          continue;
        if (blocks[a].first == blocks[b].first) continue;
        overlaps.push_back({a, b, static_cast<std::ptrdiff_t>(below(6)) - 2,
                            static_cast<std::ptrdiff_t>(below(6)) - 2});
      }
    }
    const size_t best = best_by_offsets(blocks, overlaps, 13);
    const Layout layout = place(blocks, overlaps);
    expect_valid(blocks, layout, overlaps);
    EXPECT_LE(layout.lower_bound_bytes, best);
    EXPECT_GE(layout.arena_bytes, best);
    optimal += layout.arena_bytes == best;
  }
  EXPECT_GE(optimal, rounds * 95 / 100) << optimal;
}

}  // namespace
}  // namespace mote::plan
