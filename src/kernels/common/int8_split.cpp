#include "kernels/common/int8_split.h"

#include <algorithm>

#include "kernels/common/int8_panels.h"

namespace mote::kernels {
namespace {

// A tile's bytes and words stay in the first cache together with a panel.
constexpr int64_t kTileBytes = 4096;
constexpr int64_t kLeastRows = 8, kMostRows = 32;
// So many units keep two to four threads equally busy.
constexpr int64_t kUnits = 16;
// Less work than this many products is not worth a second thread.
constexpr int64_t kWorthSplitting = 16384;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

Int8Split int8_split(int64_t rows, int64_t n, int64_t k) {
  Int8Split s = {};
  s.rows = rows;
  s.panels = int8_panels(n);
  s.pitch = int8_blocks(k) * kBlockSteps;
  const int64_t fits = s.pitch == 0 ? kMostRows : kTileBytes / s.pitch;
  const int64_t most = std::clamp(fits, kLeastRows, kMostRows);
  const int64_t least_tiles = std::min(divide_up(rows, kLeastRows), kUnits / 2);
  const int64_t tiles = std::max(divide_up(rows, most), least_tiles);
  s.tile_rows = tiles == 0 ? kLeastRows : divide_up(divide_up(rows, tiles), 4) * 4;
  s.tile_rows = std::min(s.tile_rows, std::max<int64_t>(rows, 1));
  s.tiles = divide_up(rows, s.tile_rows);
  const bool small = rows * n * k < kWorthSplitting;
  s.parts = s.tiles == 0 || small
                ? 1
                : std::clamp<int64_t>(kUnits / s.tiles, 1, std::max<int64_t>(s.panels, 1));
  return s;
}

Int8Scratch int8_scratch(const Int8Split& s) {
  const auto round_up = [](int64_t bytes) { return (static_cast<size_t>(bytes) + 127) / 64 * 64; };
  const size_t bytes = round_up(s.tile_rows * s.pitch);
  const size_t words = round_up(s.tile_rows * s.pitch * 2);
  const auto numbers = static_cast<size_t>(s.tile_rows) * 8;
  return {bytes, bytes + words, bytes + words + numbers};
}

}  // namespace mote::kernels
