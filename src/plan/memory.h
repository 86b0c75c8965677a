// Offsets for buffers that share one arena.
#pragma once

#include <cstddef>
#include <vector>

namespace mote::plan {

inline size_t round_up(size_t value, size_t align) { return (value + align - 1) / align * align; }

// A buffer that is needed from step `first` to step `last`, both included.
struct Block {
  size_t size_bytes = 0;
  size_t align = 1;  // a power of two
  int first = 0;
  int last = 0;
  // Blocks of one body keep their distances: each lies `delta_bytes` above where the body starts,
  // and may share memory with the others of its body. -1: a body of its own.
  int body = -1;
  size_t delta_bytes = 0;
  size_t offset = 0;  // the result
};

// A step reads `input` for the last time while it writes `output`, in an order that lets them
// overlap: the step may start at the low end if the input starts at least `up` bytes above the
// output, at the high end if the output starts at least `down` bytes above the input. Both may be
// negative.
//
//     upward:    | output .......... |            downward:  | input ........... |
//                     | input ........... |                       | output .......... |
//                <-up->                                       <down>
struct Overlap {
  size_t input = 0;  // of the blocks; of two bodies
  size_t output = 0;
  std::ptrdiff_t up = 0;
  std::ptrdiff_t down = 0;
};

struct Layout {
  size_t arena_bytes = 0;
  // No layout can be smaller: the largest sum of what is needed at one step, or more where the
  // search proved more.
  size_t lower_bound_bytes = 0;
};

// Sets every block's offset so that no two blocks that are needed at the same step overlap, except
// within a body and as `overlaps` allow. Tries several greedy orders; if none reaches the lower
// bound, a branch and bound over the offsets, then a local search, both of bounded work. The same
// blocks give the same layout. Sizes must be small enough that their sum fits a ptrdiff_t.
Layout place(std::vector<Block>& blocks, const std::vector<Overlap>& overlaps = {},
             bool search = true);

}  // namespace mote::plan
