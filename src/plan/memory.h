// Offsets for buffers that share one arena.
#pragma once

#include <cstddef>
#include <vector>

namespace mote::plan {

// A buffer that is needed from step `first` to step `last`, both included.
struct Block {
  size_t size_bytes = 0;
  size_t align = 1;  // a power of two
  int first = 0;
  int last = 0;
  size_t offset = 0;  // the result
};

struct Layout {
  size_t arena_bytes = 0;
  // The largest sum of blocks that are needed at one step: no layout can be smaller.
  size_t lower_bound_bytes = 0;
};

// Sets every block's offset so that no two blocks that are needed at the same step overlap. Tries
// several greedy orders (each block at the lowest place that is free during its whole life) and
// keeps the smallest arena. O(orders * n^2) for n blocks. Sizes must be small enough that their sum
// fits a size_t.
Layout place(std::vector<Block>& blocks);

}  // namespace mote::plan
