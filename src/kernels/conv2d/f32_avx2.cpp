// conv2d_f32 for AVX2: tiles of 6 output pixels, whose windows are read where they lie, against
// panels of 16 filters.
#include "kernels/conv2d/families.h"

#if defined(__AVX2__)

#include "kernels/common/panels_f32_avx2-inl.h"
#include "kernels/conv2d/conv2d.h"

namespace mote::kernels::MOTE_ISA {
namespace {

// Runs shorter than this are copied together first, if there are more panels than the copy costs or
// they would be tap by tap.
constexpr int64_t kShortRun = 24;

struct Conv {
  MoteWindow window;
  int64_t groups, depth, outputs, k;
  int64_t taps, run_taps;  // taps that are neighbours in the input: one run
  Split split;
  bool padded, pointwise;
  bool gathers, gathers_all;  // tiles at the border, or all

  explicit Conv(const MoteConv2dF32& p) : window(p.window), groups(p.groups) {
    const MoteWindow& g = window;
    depth = g.in_c / groups;
    outputs = g.out_c / groups;
    taps = int64_t{g.filter_h} * g.filter_w;
    k = taps * depth;
    run_taps = g.dilation_w == 1 && depth == g.in_c ? g.filter_w : 1;
    padded = g.pad_top > 0 || g.pad_left > 0 ||
             reach(g.out_h, g.stride_h, g.filter_h, g.dilation_h) > g.in_h + g.pad_top ||
             reach(g.out_w, g.stride_w, g.filter_w, g.dilation_w) > g.in_w + g.pad_left;
    pointwise = taps == 1 && g.stride_h == 1 && g.stride_w == 1 && !padded;
    gathers = taps > 1 && run_taps * depth < kShortRun;
    gathers_all = gathers && outputs > 2 * kTileColumns;
    split = split_product(int64_t{g.batches} * g.out_h * g.out_w, outputs,
                          tiles_of_bytes(tile_bytes()));
  }

  int64_t tile_bytes() const {
    const int64_t patches = gathers ? kTileRows * k * static_cast<int64_t>(sizeof(float)) : 0;
    return taps * static_cast<int64_t>(sizeof(Run)) + patches;
  }
  bool reads_zeros() const { return padded && !gathers; }

 private:
  static int64_t reach(int64_t out, int64_t stride, int64_t filter, int64_t dilation) {
    return (out - 1) * stride + (filter - 1) * dilation + 1;
  }
};

const MoteConv2dF32& params_of(const void* params) {
  return *static_cast<const MoteConv2dF32*>(params);
}

int64_t units(const void* params) { return Conv(params_of(params)).split.units(); }

// The tiles of a block, each its runs (and its patches, if they are gathered); then zeros for a tap
// outside.
size_t scratch_bytes(const void* params) {
  const Conv c(params_of(params));
  return static_cast<size_t>(c.split.block_tiles * c.tile_bytes() +
                             (c.reads_zeros() ? c.depth * 4 : 0));
}

size_t packed_bytes(const void* params) {
  const Conv c(params_of(params));
  return static_cast<size_t>(c.groups * panel_elements(c.outputs, c.k)) * sizeof(float);
}

void pack(const void* params, const void* weights, void* packed) {
  const Conv c(params_of(params));
  for (int64_t group = 0; group < c.groups; ++group) {
    pack_panels16(static_cast<const float*>(weights) + group * c.outputs * c.k, c.outputs, c.k, c.k,
                  1, static_cast<float*>(packed) + group * panel_elements(c.outputs, c.k));
  }
}

// Where the windows of a tile's pixels begin.
struct Windows {
  int64_t y[kTileRows], x[kTileRows];
  const float* image[kTileRows];  // of the pixel's batch, at the group's first channel
  bool inside;

  Windows(const MoteWindow& g, const float* input, int64_t first, int rows) {
    const int64_t last_y = g.in_h - (g.filter_h - 1) * int64_t{g.dilation_h};
    const int64_t last_x = g.in_w - (g.filter_w - 1) * int64_t{g.dilation_w};
    const int64_t line = first / g.out_w, batch = line / g.out_h;
    int64_t ox = first - line * g.out_w, oy = line - batch * g.out_h;
    const float* at = input + batch * g.in_h * g.in_w * g.in_c;
    int64_t wy = oy * g.stride_h - g.pad_top, wx = ox * g.stride_w - g.pad_left;
    inside = wy >= 0 && wy < last_y && wx >= 0;
    for (int r = 0; r < rows; ++r) {
      y[r] = wy, x[r] = wx, image[r] = at;
      inside &= wx < last_x;
      wx += g.stride_w;
      if (++ox < g.out_w || r + 1 == rows) continue;
      ox = 0, wx = -g.pad_left, wy += g.stride_h;
      if (++oy == g.out_h) {
        oy = 0, wy = -g.pad_top;
        at += int64_t{g.in_h} * g.in_w * g.in_c;
      }
      inside &= wy >= 0 && wy < last_y && wx >= 0;
    }
  }
};

// One run for each row of the windows, or for each of its taps.
int64_t inside_runs(const Conv& c, const Windows& w, int rows, Run* runs) {
  const MoteWindow& g = c.window;
  const int64_t line = int64_t{g.in_w} * g.in_c * g.dilation_h;
  Run* run = runs;
  for (int64_t fx = 0; fx < g.filter_w; fx += c.run_taps) {
    for (int r = 0; r < rows; ++r) {
      const float* at =
          w.image[r] + (w.y[r] * g.in_w + w.x[r] + fx * g.dilation_w) * int64_t{g.in_c};
      for (int64_t fy = 0; fy < g.filter_h; ++fy, at += line) run[fy].row[r] = at;
    }
    for (int64_t fy = 0; fy < g.filter_h; ++fy) run[fy].step = (fy * g.filter_w + fx) * c.depth;
    run += g.filter_h;
  }
  return run - runs;
}

// One run for each tap that lies inside the image for any of the pixels.
int64_t tap_runs(const Conv& c, const Windows& w, int rows, const float* zeros, Run* runs) {
  const MoteWindow& g = c.window;
  Run* run = runs;
  for (int64_t fy = 0; fy < g.filter_h; ++fy) {
    for (int64_t fx = 0; fx < g.filter_w; ++fx) {
      bool any = false;
      for (int r = 0; r < rows; ++r) {
        const int64_t y = w.y[r] + fy * g.dilation_h, x = w.x[r] + fx * g.dilation_w;
        const bool inside = y >= 0 && y < g.in_h && x >= 0 && x < g.in_w;
        run->row[r] = inside ? w.image[r] + (y * g.in_w + x) * g.in_c : zeros;
        any |= inside;
      }
      run->step = (fy * g.filter_w + fx) * c.depth;
      run += any;
    }
  }
  return run - runs;
}

// n floats, few.
[[gnu::always_inline]] inline void copy_few(const float* from, int64_t n, float* to) {
  if (n >= 8) {
    const F8 last = load8(from + n - 8);
    for (int64_t i = 0; i < n - 8; i += 8) _mm256_storeu_ps(to + i, load8(from + i));
    _mm256_storeu_ps(to + n - 8, last);
  } else if (n >= 4) {
    const __m128 first = _mm_loadu_ps(from), last = _mm_loadu_ps(from + n - 4);
    _mm_storeu_ps(to, first);
    _mm_storeu_ps(to + n - 4, last);
  } else {
    for (int64_t i = 0; i < n; ++i) to[i] = from[i];
  }
}

void zero_few(int64_t n, float* to) {
  for (int64_t i = 0; i < n; ++i) to[i] = 0.0f;
}

// `count` taps that are neighbours, from column x of a line of the image.
void gather_taps(const Conv& c, const float* line, int64_t x, int64_t count, float* patch) {
  const int64_t before = smaller(count, larger(0, -x));
  const int64_t end = larger(before, smaller(count, c.window.in_w - x));
  zero_few(before * c.depth, patch);
  copy_few(line + (x + before) * c.window.in_c, (end - before) * c.depth, patch + before * c.depth);
  zero_few((count - end) * c.depth, patch + end * c.depth);
}

// The window of one pixel, in one piece.
void gather(const Conv& c, const Windows& w, int r, float* patch) {
  const MoteWindow& g = c.window;
  const int64_t row = c.run_taps * c.depth, x = w.x[r], line = int64_t{g.in_w} * g.in_c;
  const bool whole = c.run_taps == g.filter_w && x >= 0 && x + g.filter_w <= g.in_w;
  const float* at = w.image[r] + w.y[r] * line;
  int64_t y = w.y[r];
  for (int64_t fy = 0; fy < g.filter_h; ++fy, y += g.dilation_h, at += g.dilation_h * line) {
    if (y < 0 || y >= g.in_h) {
      zero_few(g.filter_w * c.depth, patch);
      patch += g.filter_w * c.depth;
    } else if (whole) {
      copy_few(at + x * g.in_c, row, patch);
      patch += row;
    } else {
      for (int64_t fx = 0; fx < g.filter_w; fx += c.run_taps, patch += row)
        gather_taps(c, at, x + fx * g.dilation_w, c.run_taps, patch);
    }
  }
}

// Sets the runs of a tile of pixels from `pixel`; `memory`: tile_bytes() for them.
void find_runs(const Conv& c, const float* x, int64_t pixel, const float* zeros, void* memory,
               Tile& tile) {
  Run* runs = static_cast<Run*>(memory);
  tile.runs = runs;
  tile.count = 1;
  tile.length = c.k;
  if (c.pointwise) {
    runs->step = 0;
    for (int r = 0; r < tile.rows; ++r) runs->row[r] = x + (pixel + r) * c.window.in_c;
    return;
  }
  const Windows windows(c.window, x, pixel, tile.rows);
  if (windows.inside && !c.gathers_all) {
    tile.count = inside_runs(c, windows, tile.rows, runs);
    tile.length = c.run_taps * c.depth;
  } else if (c.gathers) {
    auto* patch = reinterpret_cast<float*>(runs + c.taps);
    runs->step = 0;
    for (int r = 0; r < tile.rows; ++r, patch += c.k) {
      runs->row[r] = patch;
      gather(c, windows, r, patch);
    }
  } else {
    tile.count = tap_runs(c, windows, tile.rows, zeros, runs);
    tile.length = c.depth;
  }
}

// The tiles of block `block`, reading one group's channels.
int64_t block_tiles(const Conv& c, const float* x, float* y, int64_t block, const float* zeros,
                    char* memory, Tile* tiles) {
  const int64_t first = block * c.split.block_tiles;
  const int64_t count = smaller(c.split.block_tiles, c.split.tiles - first);
  int64_t pixel = c.split.first_row(first);
  for (int64_t t = 0; t < count; ++t, memory += c.tile_bytes()) {
    const int64_t next = c.split.first_row(first + t + 1);
    tiles[t].rows = static_cast<int>(next - pixel);
    tiles[t].y = y + pixel * c.window.out_c;
    find_runs(c, x, pixel, zeros, memory, tiles[t]);
    pixel = next;
  }
  return count;
}

int run(const Args& a, int64_t begin, int64_t end) {
  const MoteConv2dF32& p = params_of(a.params);
  const Conv c(p);
  const auto* x = static_cast<const float*>(a.in[0]);
  const auto* packed = static_cast<const float*>(a.in[1]);
  const auto* bias = static_cast<const float*>(a.in[2]);
  auto* y = static_cast<float*>(a.out[0]);
  auto* memory = static_cast<char*>(a.scratch);
  auto* zeros = reinterpret_cast<float*>(memory + c.split.block_tiles * c.tile_bytes());
  if (c.reads_zeros()) zero_few(c.depth, zeros);
  Tile tiles[kMostTiles];
  int64_t held = -1, count = 0;  // the block and group whose tiles are there
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t block = unit / c.split.groups;
    const int64_t panel = unit % c.split.groups * c.split.group_panels;
    const int64_t last = smaller(panel + c.split.group_panels, c.split.panels);
    for (int64_t group = 0; group < c.groups; ++group) {
      const int64_t want = block * c.groups + group;
      if (want != held) {
        count =
            block_tiles(c, x + group * c.depth, y + group * c.outputs, block, zeros, memory, tiles);
      }
      held = want;
      multiply_block(tiles, count, packed + group * panel_elements(c.outputs, c.k), c.outputs, c.k,
                     panel, last, bias ? bias + group * c.outputs : nullptr, {p.act_min, p.act_max},
                     c.window.out_c);
    }
  }
  return kOk;
}

constexpr Kernel kRows[] = {
    {.name = "conv2d_f32__avx2",
     .run = run,
     .units = units,
     .scratch_bytes = scratch_bytes,
     .pack_input = 1,
     .packed_bytes = packed_bytes,
     .pack = pack},
};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA

namespace mote::kernels {
const ProcessorRows kConv2dF32Avx2 = {simd::Isa::avx2, MOTE_ISA::kRows};
}

#else

namespace mote::kernels {
const ProcessorRows kConv2dF32Avx2 = {simd::Isa::avx2, {}};
}

#endif
