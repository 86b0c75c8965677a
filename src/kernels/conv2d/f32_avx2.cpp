// conv2d_f32 and conv2d_f16 for AVX2: tiles of 6 output pixels, whose windows are read where they
// lie, against panels of 16 filters.
#include "kernels/conv2d/families.h"

#if defined(__AVX2__)

#include "kernels/common/panels_f32_avx2-inl.h"
#include "kernels/conv2d/conv2d.h"

namespace mote::kernels::MOTE_ISA {
namespace {

// Runs shorter than this are copied together first, if there are more panels than the copy costs or
// they would be tap by tap.
constexpr int64_t kShortRun = 24;

constexpr int64_t kRunBytes = sizeof(Run);

struct Conv {
  MoteWindow window;
  int64_t groups, depth, outputs, k;
  int64_t taps, run_taps;  // taps that are neighbours in the input: one run
  int64_t last_y, last_x;  // a window that begins before them ends inside
  int64_t pixel_step;      // between windows side by side, in elements
  Split split;
  bool padded;
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
    last_y = g.in_h - (g.filter_h - 1) * int64_t{g.dilation_h};
    last_x = g.in_w - (g.filter_w - 1) * int64_t{g.dilation_w};
    pixel_step = int64_t{g.stride_w} * g.in_c;
    if (taps == 1 && g.stride_h == 1 && g.stride_w == 1 && !padded && g.in_h == g.out_h &&
        g.in_w == g.out_w) {
      join_lines();
    }
    gathers = taps > 1 && run_taps * depth < kShortRun;
    gathers_all = gathers && outputs > 2 * kTileColumns;
    split = split_product(int64_t{g.batches} * g.out_h * g.out_w, outputs,
                          tiles_of_bytes(tile_bytes()));
  }

  // Of a tile's memory: the rows and runs of its taps, or its patches.
  int64_t tile_bytes() const {
    const int64_t tap_bytes = kTileRows * static_cast<int64_t>(sizeof(float*)) + kRunBytes;
    return gathers ? kTileRows * k * 4 : reads_zeros() ? taps * tap_bytes : 0;
  }
  // Of the runs of a window that is inside the image.
  int64_t runs_bytes() const { return taps * kRunBytes; }
  bool reads_zeros() const { return padded && !gathers; }

 private:
  // A window of one pixel, none of which is skipped: all of them are one line.
  void join_lines() {
    MoteWindow& g = window;
    const int64_t pixels = int64_t{g.batches} * g.out_h * g.out_w;
    if (pixels > INT32_MAX) return;
    g.batches = g.in_h = g.out_h = 1;
    g.in_w = g.out_w = static_cast<int32_t>(pixels);
    last_y = 1, last_x = pixels;
  }
  static int64_t reach(int64_t out, int64_t stride, int64_t filter, int64_t dilation) {
    return (out - 1) * stride + (filter - 1) * dilation + 1;
  }
};

const MoteConv2dF32& params_of(const void* params) {
  return *static_cast<const MoteConv2dF32*>(params);
}

int64_t units(const void* params) { return Conv(params_of(params)).split.units(); }

// The runs of a window inside the image, each tile's memory, then zeros for a tap outside.
size_t scratch_bytes(const void* params) {
  const Conv c(params_of(params));
  return static_cast<size_t>(c.runs_bytes() + c.split.block_tiles * c.tile_bytes() +
                             (c.reads_zeros() ? c.depth * 4 : 0));
}

template <class W>
size_t packed_bytes(const void* params) {
  const Conv c(params_of(params));
  return static_cast<size_t>(c.groups * panel_elements(c.outputs, c.k)) * sizeof(W);
}

template <class W>
void pack(const void* params, const void* weights, void* packed) {
  const Conv c(params_of(params));
  for (int64_t group = 0; group < c.groups; ++group) {
    pack_panels16(static_cast<const W*>(weights) + group * c.outputs * c.k, c.outputs, c.k, c.k, 1,
                  static_cast<W*>(packed) + group * panel_elements(c.outputs, c.k));
  }
}

// An output pixel, walked in order.
struct Cursor {
  int64_t x, y;
  const float* image;  // of its batch, at the group's first channel

  Cursor(const MoteWindow& g, const float* input, int64_t pixel) {
    const int64_t line = pixel / g.out_w, batch = line / g.out_h;
    x = pixel - line * g.out_w;
    y = line - batch * g.out_h;
    image = input + batch * g.in_h * g.in_w * g.in_c;
  }

  void step(const MoteWindow& g) {
    if (++x < g.out_w) return;
    x = 0;
    if (++y < g.out_h) return;
    y = 0;
    image += int64_t{g.in_h} * g.in_w * g.in_c;
  }
};

// Where the windows of a tile's pixels begin.
struct Windows {
  int64_t y[kTileRows], x[kTileRows];
  const float* image[kTileRows];

  // Moves `at` past the tile.
  Windows(const MoteWindow& g, int count, Cursor& at) {
    for (int r = 0; r < count; ++r, at.step(g)) {
      y[r] = at.y * g.stride_h - g.pad_top;
      x[r] = at.x * g.stride_w - g.pad_left;
      image[r] = at.image;
    }
  }
};

// What the tiles of one call have in common, and the memory for them.
struct Workspace {
  const Conv& c;
  const float* zeros;  // for a tap outside the image
  Run* inside_runs;
  int64_t inside_count;
  char* tile_memory;
  const float* rows[kMostTiles * kTileRows];
  Tile tiles[kMostTiles];

  Workspace(const Conv& conv, void* scratch) : c(conv) {
    auto* memory = static_cast<char*>(scratch);
    inside_runs = reinterpret_cast<Run*>(memory);
    tile_memory = memory + c.runs_bytes();
    auto* nothing = reinterpret_cast<float*>(tile_memory + c.split.block_tiles * c.tile_bytes());
    for (int64_t i = 0; c.reads_zeros() && i < c.depth; ++i) nothing[i] = 0.0f;
    zeros = nothing;
    const MoteWindow& g = c.window;
    Run* run = inside_runs;
    for (int64_t fy = 0; fy < g.filter_h; ++fy) {
      for (int64_t fx = 0; fx < g.filter_w; fx += c.run_taps) {
        const int64_t at = fy * g.dilation_h * g.in_w + fx * g.dilation_w;
        *run++ = {at * g.in_c, (fy * g.filter_w + fx) * c.depth};
      }
    }
    inside_count = run - inside_runs;
  }
};

// Points at the tile's windows if all lie inside the image, and moves `at` past them.
bool find_inside(const Conv& c, int count, Cursor& at, const float** rows) {
  const MoteWindow& g = c.window;
  Cursor next = at;
  for (int r = 0; r < count;) {
    const int64_t y = next.y * g.stride_h - g.pad_top, x = next.x * g.stride_w - g.pad_left;
    const int side_by_side = static_cast<int>(smaller(count - r, g.out_w - next.x));
    const int64_t last = x + (side_by_side - 1) * int64_t{g.stride_w};
    if (y < 0 || y >= c.last_y || x < 0 || last >= c.last_x) return false;
    const float* from = next.image + (y * g.in_w + x) * g.in_c;
    for (int i = 0; i < side_by_side; ++i, from += c.pixel_step) rows[r++] = from;
    next.x += side_by_side - 1;
    next.step(g);
  }
  at = next;
  return true;
}

// The same for windows side by side, which most are.
inline bool find_inside_line(const Conv& c, int count, Cursor& at, const float** rows) {
  const MoteWindow& g = c.window;
  const int64_t y = at.y * g.stride_h - g.pad_top, x = at.x * g.stride_w - g.pad_left;
  const int64_t end = at.x + count, last = x + (count - 1) * int64_t{g.stride_w};
  if (end >= g.out_w || y < 0 || y >= c.last_y || x < 0 || last >= c.last_x) return false;
  const float* from = at.image + (y * g.in_w + x) * g.in_c;
  for (int r = 0; r < count; ++r, from += c.pixel_step) rows[r] = from;
  at.x = end;
  return true;
}

// One run for each tap that lies inside the image for any of the pixels.
void find_taps(const Workspace& work, const Windows& w, char* memory, Tile& tile) {
  const Conv& c = work.c;
  const MoteWindow& g = c.window;
  auto* run = reinterpret_cast<Run*>(memory);
  auto* rows = reinterpret_cast<const float**>(run + c.taps);
  tile.rows = rows;
  tile.rows_step = kTileRows;
  tile.runs = run;
  for (int64_t fy = 0; fy < g.filter_h; ++fy) {
    for (int64_t fx = 0; fx < g.filter_w; ++fx) {
      bool any = false;
      for (int r = 0; r < tile.count; ++r) {
        const int64_t y = w.y[r] + fy * g.dilation_h, x = w.x[r] + fx * g.dilation_w;
        const bool inside = y >= 0 && y < g.in_h && x >= 0 && x < g.in_w;
        rows[r] = inside ? w.image[r] + (y * g.in_w + x) * g.in_c : work.zeros;
        any |= inside;
      }
      *run = {0, (fy * g.filter_w + fx) * c.depth};
      run += any, rows += any ? kTileRows : 0;
    }
  }
  tile.run_count = run - tile.runs;
  tile.length = c.depth;
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

// The tile's windows, each in one piece.
void gather_tile(const Conv& c, const Windows& w, char* memory, const float** rows, Tile& tile) {
  static constexpr Run kWhole = {0, 0};
  auto* patches = reinterpret_cast<float*>(memory);
  for (int r = 0; r < tile.count; ++r) {
    rows[r] = patches + r * c.k;
    gather(c, w, r, patches + r * c.k);
  }
  tile.rows = rows;
  tile.rows_step = 0;
  tile.runs = &kWhole;
  tile.run_count = 1;
  tile.length = c.k;
}

// The tiles of block `block`, reading the channels that x begins with and writing those that y
// begins with.
int64_t make_tiles(Workspace& work, const float* x, float* y, int64_t block) {
  const Conv& c = work.c;
  const int64_t first = block * c.split.block_tiles;
  const int64_t count = smaller(c.split.block_tiles, c.split.tiles - first);
  int64_t pixel = c.split.first_row(first);
  Cursor at(c.window, x, pixel);
  for (int64_t t = 0; t < count; ++t) {
    const int64_t next = c.split.first_row(first + t + 1);
    const float** rows = work.rows + t * kTileRows;
    char* memory = work.tile_memory + t * c.tile_bytes();
    Tile& tile = work.tiles[t];
    tile.count = static_cast<int>(next - pixel);
    tile.y = y + pixel * c.window.out_c;
    pixel = next;
    if (!c.gathers_all &&
        (find_inside_line(c, tile.count, at, rows) || find_inside(c, tile.count, at, rows))) {
      tile.rows = rows;
      tile.rows_step = 0;
      tile.runs = work.inside_runs;
      tile.run_count = work.inside_count;
      tile.length = c.run_taps * c.depth;
      continue;
    }
    const Windows windows(c.window, tile.count, at);
    if (c.gathers) {
      gather_tile(c, windows, memory, rows, tile);
    } else {
      find_taps(work, windows, memory, tile);
    }
  }
  return count;
}

template <class W>
int run(const Args& a, int64_t begin, int64_t end) {
  const MoteConv2dF32& p = params_of(a.params);
  const Conv c(p);
  const auto* x = static_cast<const float*>(a.in[0]);
  const auto* packed = static_cast<const W*>(a.in[1]);
  const auto* bias = static_cast<const float*>(a.in[2]);
  auto* y = static_cast<float*>(a.out[0]);
  Workspace work(c, a.scratch);
  int64_t held = -1, count = 0;  // the block and group whose tiles are there
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t block = unit / c.split.groups;
    const int64_t panel = unit % c.split.groups * c.split.group_panels;
    const int64_t last = smaller(panel + c.split.group_panels, c.split.panels);
    for (int64_t group = 0; group < c.groups; ++group) {
      const int64_t want = block * c.groups + group;
      if (want != held) count = make_tiles(work, x + group * c.depth, y + group * c.outputs, block);
      held = want;
      multiply_block(work.tiles, count, packed + group * panel_elements(c.outputs, c.k), c.outputs,
                     c.k, panel, last, bias ? bias + group * c.outputs : nullptr,
                     {p.act_min, p.act_max}, c.window.out_c);
    }
  }
  return kOk;
}

template <class W>
constexpr Kernel row(const char* name) {
  return {.name = name,
          .run = run<W>,
          .units = units,
          .scratch_bytes = scratch_bytes,
          .pack_input = 1,
          .packed_bytes = packed_bytes<W>,
          .pack = pack<W>};
}

constexpr Kernel kF32Rows[] = {row<float>("conv2d_f32__avx2")};
constexpr Kernel kF16Rows[] = {row<Half>("conv2d_f16__avx2")};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA

namespace mote::kernels {
const ProcessorRows kConv2dF32Avx2 = {simd::Isa::avx2, MOTE_ISA::kF32Rows};
const ProcessorRows kConv2dF16Avx2 = {simd::Isa::avx2, MOTE_ISA::kF16Rows};
}  // namespace mote::kernels

#else

namespace mote::kernels {
const ProcessorRows kConv2dF32Avx2 = {simd::Isa::avx2, {}};
const ProcessorRows kConv2dF16Avx2 = {simd::Isa::avx2, {}};
}  // namespace mote::kernels

#endif
