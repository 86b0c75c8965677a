// How the integer rows of depthwise convolution cut their work, and where things lie.
//
// 16 output channels make a block; where there are only 1, 2, 4 or 8, a block holds the channels of
// `fold` neighbouring output pixels. "Pixel" below is such a group, "lane" one of the 16.
//
//   packed   the Layout, in 320 bytes, then the weights:
//   weights  [block][filter row][tap pair][32 int16]; pair (a, b) of filter columns 2j and 2j + 1
//   (0
//            past the filter) in the order that unpacking leaves:
//            a0 b0 a1 b1 a2 b2 a3 b3  a8 b8 .. a11 b11 | a4 b4 .. a7 b7  a12 b12 .. a15 b15
//   lines    rows of x less their zero point, for one block and `tile` pixels, zero outside x:
//            [column][32 int16] in the same order, a the column itself, b what the next tap reads.
//            A strip of `strip` output rows needs `lines` of them at a time.
//   sums     [row of the strip][pixel][16 int32]: lanes 0-3 8-11 | 4-7 12-15
#pragma once

#if defined(__AVX2__)

#include <cstdint>

#include "kernels/common/mac.h"

namespace mote::kernels::MOTE_ISA {

inline constexpr int64_t kLanes = 16;
inline constexpr int64_t kTilePixelsMost = 32;
inline constexpr int64_t kColumnShorts = 32;

struct Layout {
  MoteWindow image;       // that it was made for
  MoteWindow window;      // height and width swapped where x is one pixel wide
  int64_t fold, blocks;   // pixels in a block, blocks of channels
  int64_t pairs;          // tap pairs in a row of the filter
  int64_t pixels;         // of an output row
  int64_t tile, tiles;    // pixels that are computed together, such pieces of a row
  int64_t column_step;    // of x, between a line's columns
  int64_t pixel_columns;  // of a line, between neighbouring pixels
  int64_t pair_columns;   // between neighbouring tap pairs
  int64_t columns;        // of a line
  int64_t strip, lines;   // output rows that are computed together; lines that they read
  int64_t row_lines;      // between the first lines of neighbouring output rows
  int64_t tap_lines;      // between the lines of neighbouring filter rows
  int64_t rows;           // of the output, all batches
  int64_t groups;         // of blocks that are units of their own
  bool is_pixel;          // pixel_avx2-inl.h takes it

  int64_t block_weights() const { return int64_t{window.filter_h} * pairs * kColumnShorts; }
  int64_t line_shorts() const { return columns * kColumnShorts; }
  int64_t packed_bytes() const { return blocks * block_weights() * 2; }
  int64_t scratch_bytes() const { return lines * line_shorts() * 2 + strip * tile * kLanes * 4; }
  // Unit = (row * groups + group) * tiles + tile: neighbouring rows go to one thread, which has
  // most of what they read from the layer before.
  int64_t units() const { return groups * tiles * rows; }
};

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

inline int64_t common_divisor(int64_t a, int64_t b) {
  while (b != 0) {
    const int64_t rest = a % b;
    a = b, b = rest;
  }
  return a;
}

// A column of pixels is a row of pixels, in memory.
inline MoteWindow lying(MoteWindow g) {
  if (g.in_w != 1 || g.out_w != 1 || g.filter_w != 1 || g.pad_left != 0) return g;
  g.in_w = g.in_h, g.out_w = g.out_h, g.filter_w = g.filter_h;
  g.stride_w = g.stride_h, g.dilation_w = g.dilation_h, g.pad_left = g.pad_top;
  g.in_h = g.out_h = g.filter_h = g.stride_h = g.dilation_h = 1;
  g.pad_top = 0;
  return g;
}

// Rows that share lines are computed together, as many as stay in the first cache. With large
// dilations they share none: each has its own.
inline void set_strip(Layout& l) {
  constexpr int64_t kLineBytes = 12 << 10, kSumBytes = 8 << 10;
  const MoteWindow& g = l.window;
  const int64_t span = (g.filter_h - 1) * int64_t{g.dilation_h} + 1;
  const int64_t most_lines = kLineBytes / (l.line_shorts() * 2);
  const int64_t most_rows =
      larger(smaller(smaller(kSumBytes / (l.tile * kLanes * 4), 32), g.out_h), 1);
  l.strip = smaller(larger((most_lines - span) / g.stride_h + 1, 1), most_rows);
  l.lines = (l.strip - 1) * g.stride_h + span;
  l.row_lines = g.stride_h, l.tap_lines = g.dilation_h;
  if (l.lines <= l.strip * g.filter_h) return;
  l.strip = smaller(larger(most_lines / g.filter_h, 1), most_rows);
  l.lines = l.strip * g.filter_h;
  l.row_lines = g.filter_h, l.tap_lines = 1;
}

// One output pixel, all of its window in x, whole blocks.
inline bool is_pixel(const MoteWindow& g) {
  return g.out_h == 1 && g.out_w == 1 && g.pad_top == 0 && g.pad_left == 0 &&
         (g.filter_h - 1) * int64_t{g.dilation_h} < g.in_h &&
         (g.filter_w - 1) * int64_t{g.dilation_w} < g.in_w && g.in_c == g.out_c &&
         g.out_c % kLanes == 0;
}

inline Layout layout_of(const MoteWindow& window) {
  Layout l = {};
  l.image = window;
  const MoteWindow g = l.window = lying(window);
  l.fold = g.out_c == 8 || g.out_c == 4 || g.out_c == 2 || g.out_c == 1 ? kLanes / g.out_c : 1;
  l.fold = l.fold > 1 && g.out_w == 1 ? 1 : l.fold;
  l.blocks = ceil_div(g.out_c, kLanes);
  l.pairs = ceil_div(g.filter_w, 2);
  l.pixels = ceil_div(g.out_w, l.fold);
  l.tiles = ceil_div(l.pixels, kTilePixelsMost);
  l.tile = ceil_div(l.pixels, l.tiles);
  const int64_t between_pixels = l.tile > 1 ? l.fold * g.stride_w : 0;
  const int64_t between_pairs = l.pairs > 1 ? 2 * int64_t{g.dilation_w} : 0;
  l.column_step = larger(common_divisor(between_pixels, between_pairs), 1);
  l.pixel_columns = between_pixels / l.column_step;
  l.pair_columns = between_pairs / l.column_step;
  l.columns = (l.tile - 1) * l.pixel_columns + (l.pairs - 1) * l.pair_columns + 1;
  set_strip(l);
  l.rows = int64_t{g.batches} * g.out_h;
  l.groups = l.rows * l.tiles < 16 ? l.blocks : 1;
  l.is_pixel = is_pixel(g);
  return l;
}

}  // namespace mote::kernels::MOTE_ISA

#endif
