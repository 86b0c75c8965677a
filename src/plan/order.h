// An order of steps that keeps less alive at once.
#pragma once

#include <cstddef>
#include <vector>

namespace mote::plan {

struct Task {
  std::vector<size_t> before;  // steps that must have run
  std::vector<size_t> after;   // the other way round
  std::vector<size_t> reads;   // buffers, each once
  std::vector<size_t> makes;   // buffers that it is the first to write
  // What it makes takes no memory of its own if one of these dies here, or if all of those do.
  std::vector<size_t> replaces_one;
  std::vector<size_t> replaces_all;
  size_t scratch_bytes = 0;
};

struct Tasks {
  std::vector<Task> list;
  std::vector<size_t> buffer_bytes;
  std::vector<int> reads;  // by buffer; one more if it is needed at the end
  size_t start_bytes = 0;  // alive before the first
};

// Empty if there is none that needs less than `limit_bytes`, or none was found with bounded work.
std::vector<size_t> order_below(const Tasks& tasks, size_t limit_bytes);

}  // namespace mote::plan
