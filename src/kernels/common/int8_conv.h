// Convolutions (and fully connected layers, which are convolutions with one tap) of 8-bit
// activations as products of bytes: how the work is cut, packed and laid out.
//
// A unit is a tile of output pixels of one group of channels and a part of its panels. The input
// under the tile, padding included, is copied once, as bytes a = q + 128 (int8) or q (uint8):
//
//   region [region_h, region_w, in_c]     and the same as 16-bit words where a panel needs them
//
// A patch is then `rows` x `taps` runs of `run` neighbouring bytes of the region. Taps that lie
// side by side are one run. In packed weights every run is filled up to whole blocks with zeros.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/common/int8_panels.h"
#include "kernels/common/mac.h"

namespace mote::kernels {

struct Int8Conv {
  MoteWindow window;  // as the family has it
  int32_t groups;
  // For int8 weights without a zero point, 8-bit outputs, rounded twice: the largest magnitude of
  // an input; otherwise 0, and there is no Winograd.
  int32_t transform_most;
  bool apart = false;  // the weights' taps are no neighbours
};

struct Int8Plan {
  MoteWindow image;  // that it was made for
  // The window that the units see: convolutions with one tap have one row of all pixels.
  MoteWindow window;
  int64_t groups, depth, outputs;  // channels of a group
  int64_t rows, taps, run;         // of a patch
  int64_t patch;                   // bytes of weights of one output channel: rows * taps * run
  int64_t blocks;                  // of a run
  int64_t tile_h, tile_w;          // pixels of a tile; one of them is the image's, or tile_h is 1
  int64_t tiles_y, tiles_x;        // of one image
  int64_t region_h, region_w;      // pixels
  int64_t panels, parts;
  int32_t is_patch;  // one pixel whose patch is one run and all of x
  // In scratch: the region, its words, two 32-bit numbers for each pixel, then where each pixel and
  // each run starts (64 bits).
  size_t words_offset_bytes, numbers_offset_bytes, offsets_bytes, scratch_bytes;
  int32_t may_be_winograd;  // as `winograd`, before the weights are known

  // Facts of the weights, known once they are packed; all before depends on the image alone.
  int32_t needs_words;   // some panel holds words
  int32_t other_centre;  // what some panel is centred on, if not on the weights' zero point
  int32_t is_centred;    // every panel is centred on the zero point
  // The side of the tiles of outputs that it is packed for by Winograd, 2 or 4; 0 if it is not.
  int32_t winograd;

  int64_t k() const { return rows * taps * blocks * kBlockSteps; }
  int64_t units() const { return window.batches * tiles_y * tiles_x * groups * parts; }
  int64_t tile_pixels() const { return tile_h * tile_w; }
  // Winograd's tiles of a unit, in fours.
  int64_t winograd_tiles() const {
    const int64_t s = may_be_winograd;
    return ((tile_h + s - 1) / s * ((tile_w + s - 1) / s) + 3) / 4 * 4;
  }
  size_t blob_bytes() const { return int8_panels_bytes(outputs, k()); }
};

Int8Plan plan_int8(const Int8Conv& conv);

// The plan, then a blob of panels for each group.
inline constexpr size_t kPlanBytes = (sizeof(Int8Plan) + 63) / 64 * 64;
inline constexpr size_t kImageBytes = offsetof(Int8Plan, needs_words);
size_t int8_packed_bytes(const Int8Conv& conv);
// `steps`: where taps that are apart lie.
void pack_int8(const Int8Conv& conv, int32_t w_type, int32_t w_zero, bool only_bytes,
               const void* weights, void* packed, const TapSteps* steps = nullptr);

// int8_winograd.cpp
// Sides of the tiles that a convolution may be computed by, 0 for none, and what they change.
int32_t winograd_side(const Int8Conv& conv);
void cut_winograd_tiles(Int8Plan* p);
size_t winograd_scratch_bytes(const Int8Plan& p);
size_t winograd_panels_bytes(const Int8Plan& p);
// Whether no sum of a tile of 4 x 4 leaves 32 bits.
bool winograd_sums_fit(const Int8Plan& p, int32_t transform_most, const int8_t* weights);
// Turns a blob of panels into one of filters, transformed or (4 x 4) about to be; `weights` as the
// model stores them.
void pack_winograd(const Int8Plan& p, const int8_t* weights, void* blob);

// What lies in the scratch of tiles of 4 x 4; planes in elements.
struct Winograd4Sizes {
  int64_t chunk, m_tiles, v_plane, m_plane, u_plane;
};
static inline Winograd4Sizes winograd4_sizes(const Int8Plan& p) {
  constexpr int64_t kChunk = 64, kTiles = 8;
  const int64_t depth = p.window.in_c, tiles = p.winograd_tiles();
  Winograd4Sizes s = {};
  s.chunk = depth < kChunk ? depth : kChunk;
  s.m_tiles = depth <= kChunk && tiles > kTiles ? kTiles : tiles;
  s.v_plane = tiles * depth + 32;
  s.m_plane = s.m_tiles * 16 + 16;
  s.u_plane = s.chunk * 16 + 32;
  return s;
}

// Joins neighbouring blocks of what pack_int8 packed, for products of eight steps: two of a run are
// one, with a channel's eight steps side by side (channels in the panel's order). A last block
// that is alone stays as it is.
void join_int8_blocks(void* packed);

}  // namespace mote::kernels
