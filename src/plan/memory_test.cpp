#include "plan/memory.h"

#include <gtest/gtest.h>

#include <random>

namespace mote::plan {
namespace {

void expect_valid(const std::vector<Block>& blocks, const Layout& layout) {
  for (size_t a = 0; a < blocks.size(); ++a) {
    EXPECT_EQ(blocks[a].offset % blocks[a].align, 0u);
    EXPECT_LE(blocks[a].offset + blocks[a].size_bytes, layout.arena_bytes);
    for (size_t b = 0; b < a; ++b) {
      const bool same_time = blocks[a].first <= blocks[b].last && blocks[b].first <= blocks[a].last;
      const bool same_place = blocks[a].offset < blocks[b].offset + blocks[b].size_bytes &&
                              blocks[b].offset < blocks[a].offset + blocks[a].size_bytes;
      EXPECT_FALSE(same_time && same_place) << a << " and " << b;
    }
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
    const Layout layout = place(blocks);
    EXPECT_GE(layout.arena_bytes, layout.lower_bound_bytes);
    expect_valid(blocks, layout);
  }
}

}  // namespace
}  // namespace mote::plan
