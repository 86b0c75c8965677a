// Bands of output rows, and the rows of the input that each reads. Used by FunctionBuilder alone.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/common/mac.h"

namespace mote::plan {

// Output rows [begin, end), which read input rows [in_begin, in_end). Of an image of one row the
// pixels of that row instead.
struct Band {
  int64_t begin, end;
  int64_t in_begin, in_end;
  MoteWindow window;  // of the band alone: its rows in, its rows out
};

// Whether the image is one row, which is cut into pixels.
bool is_line(const MoteWindow& window);
// How many rows the output has, or pixels.
int64_t rows_out(const MoteWindow& window);

Band band_of(const MoteWindow& window, int64_t begin, int64_t end);

// Bands of `rows` rows, the last maybe of fewer.
std::vector<Band> bands_of(const MoteWindow& window, int64_t rows);

}  // namespace mote::plan
