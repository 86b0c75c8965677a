// Weights of an integer matrix product, packed for processors that multiply bytes or pairs of
// 16-bit words: panels of 16 output channels, 8 in the last one if that is enough.
//
//   blob:   PanelInfo of each panel | panel 0 | panel 1 | ...          panels start at 64 bytes
//   panel:  one block for each 4 steps of k. K is a number of runs, each filled up to whole blocks
//           with zeros; channels past N are 0 too
//
//   block of 16 channels, bytes (c = channel, one cell = its 4 steps k..k+3):
//     | c0 c2 c1 c3  c8 c10 c9 c11 | c4 c6 c5 c7  c12 c14 c13 c15 |      2 x 32 bytes
//   the same, words (one cell = 2 steps), cells in the same order:
//     steps k, k+1:    | c0 .. c3  c8 .. c11 | c4 .. c7  c12 .. c15 |    2 x 16 bytes
//     steps k+2, k+3:  | c0 .. c3  c8 .. c11 | c4 .. c7  c12 .. c15 |
//   A block of 8 channels has the cells c0 c2 c1 c3 c4 c6 c5 c7.
// In this order requantized channels come out sorted: products of even and of odd lanes are joined
// half by half, and two registers packed into 16-bit lanes 128 bits by 128 bits.
//
// Bytes: activations a in [0, 255] times weights, two products summed in 16 bits with saturation,
// then `chain` such sums of neighbouring blocks of a run added in 16 bits. No sum can leave 16
// bits, whatever the activations, if in every lane (two steps of each of `chain` blocks) the
// positive weights add up to at most 128 and the negative ones to at least -128: 255 * 128 < 2^15.
// Each panel gets the longest chain that its weights allow; one that allows none holds words, whose
// products are summed in 32 bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote::kernels {

inline constexpr int64_t kPanelChannels = 16;
inline constexpr int64_t kBlockSteps = 4;

struct PanelInfo {
  int32_t chain;         // 1, 2, 4 or 8; 0: words
  int32_t centre;        // what was taken off the stored weights
  int64_t offset_bytes;  // from the start of the blob
  int32_t sums[16];      // of the weights of each channel less `centre`, in the order of the lanes
};

// Where the runs of a matrix lie in what the model stores, in elements: the first one of the first
// channel, and the steps to the next channel, row of taps, and tap. A run is one tap.
struct TapSteps {
  int64_t first, channel, row, tap;
};

// One matrix of weights [n, runs, run].
struct WeightMatrix {
  const void* data;
  int32_t type;  // kMoteI8, kMoteU8, kMoteI4
  int32_t zero;
  int64_t n, runs, run;
  int64_t taps;  // of a row
  TapSteps steps;
};

static inline int64_t int8_panels(int64_t n) { return (n + kPanelChannels - 1) / kPanelChannels; }
static inline int64_t int8_blocks(int64_t k) { return (k + kBlockSteps - 1) / kBlockSteps; }
// Channels that panel `p` has room for.
static inline int64_t int8_panel_width(int64_t n, int64_t p) {
  return n - p * kPanelChannels <= kPanelChannels / 2 ? kPanelChannels / 2 : kPanelChannels;
}

// k: with what fills up the runs.
// The channel whose cell is number `lane` of a block.
int64_t channel_of_lane(int64_t lane, int64_t width);

// What the infos of n channels take.
size_t int8_infos_bytes(int64_t n);

size_t int8_panels_bytes(int64_t n, int64_t k);

// Packed weights are those less the matrix's zero point, or less 128 (uint8) or 0 (int8) where that
// doesn't fit a byte: `centre` tells. `only_bytes`: for processors whose byte products don't
// saturate.
void pack_int8_panels(const WeightMatrix& w, bool only_bytes, void* packed);

}  // namespace mote::kernels
