// How an integer matrix product is cut into units: tiles of rows times parts of the panels.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote::kernels {

// Tile t is rows [t * tile_rows, ...), part p panels [p * panels / parts, (p + 1) * panels /
// parts).
struct Int8Split {
  int64_t rows, tile_rows, tiles;
  int64_t panels, parts;
  int64_t pitch;  // bytes from row to row of a tile: k rounded up to a block
};

// rows x k activations against n channels.
Int8Split int8_split(int64_t rows, int64_t n, int64_t k);

// A tile's scratch: its rows as bytes, as words, and two 32-bit numbers for each row. Each part is
// rounded up, so that whole vectors can be stored.
struct Int8Scratch {
  size_t words_offset_bytes, numbers_offset_bytes, total_bytes;
};
Int8Scratch int8_scratch(const Int8Split& split);

}  // namespace mote::kernels
