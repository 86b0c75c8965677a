// What the search for a layout sees of the blocks: rigid bodies, and for each pair of them the
// distances that they may not have. Used by memory.cpp alone.
#pragma once

#include <cstddef>
#include <vector>

#include "plan/memory.h"

namespace mote::plan {

using Distance = std::ptrdiff_t;

// This body's offset may not lie strictly between `other`'s offset + low and + high.
struct Conflict {
  size_t other;
  Distance low;
  Distance high;
};

// Something of the body is needed at each of these steps.
struct Span {
  int first;
  int last;
  Distance size_bytes;
};

struct Body {
  Distance height_bytes = 0;
  Distance align = 1;
  int blocks = 0;           // that are not empty
  std::vector<Span> spans;  // of blocks of the body, by `first`
  std::vector<Conflict> conflicts;
  int first() const { return spans.front().first; }
  int last() const {
    int last = spans.front().last;
    for (const Span& span : spans) last = last < span.last ? span.last : last;
    return last;
  }
};

struct Bodies {
  std::vector<Body> list;
  std::vector<size_t> body_of_block;
  size_t lower_bound_bytes = 0;
  // Whether a layout can be pushed down block by block, in order of offset, without breaking a
  // conflict: then searching such layouts alone is enough for a proof.
  bool pushable = true;
  std::vector<Distance> saved_bytes;  // by step: what its overlap can save at most
};

// The fewest bytes that the two of an overlap can take together.
Distance joint_bytes(const Overlap& overlap, Distance input_bytes, Distance output_bytes);

// The sum of what is needed at each step, as if nothing overlapped.
std::vector<Distance> live_bytes(const Bodies& bodies);

// Without `conflicts` sizes and bounds only.
Bodies bodies_of(const std::vector<Block>& blocks, const std::vector<Overlap>& overlaps,
                 bool conflicts = true);

struct Attempt {
  std::vector<Distance> offsets;  // by body; -1: not placed
  Distance arena_bytes = 0;
};

// Each body at the lowest free place, in that order.
Attempt place_in_order(const Bodies& bodies, const std::vector<size_t>& order);

// The same for the bodies of `order` that `attempt` has not placed.
void place_rest(const Bodies& bodies, const std::vector<size_t>& order, Attempt& attempt);

// Improves `best`, a layout of the bodies of `subset`, if it can; returns whether they have none
// smaller (a proof).
bool branch_and_bound(const Bodies& bodies, const std::vector<size_t>& subset, Attempt& best);

// Improves `best`, which `order` gave, if it can.
void local_search(const Bodies& bodies, std::vector<size_t> order, Attempt& best);

}  // namespace mote::plan
