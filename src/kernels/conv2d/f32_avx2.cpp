// conv2d_f32 and conv2d_f16 for AVX2: tiles of 6 output pixels, whose windows are read where they
// lie, against panels of 16 filters.
#include "kernels/chosen.h"
#include "kernels/conv2d/families.h"

#if defined(__AVX2__)

#include "kernels/common/panels_f32_avx2-inl.h"
#include "kernels/conv2d/conv2d.h"

namespace mote::kernels::MOTE_ISA {
namespace {

// Windows whose runs are shorter than this are copied together first.
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
  bool plain;    // a product of matrices, whose rows are pixels
  bool gathers;  // windows are copied together first: their runs are short

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
    plain = taps == 1 && g.stride_h == 1 && g.stride_w == 1 && !padded && g.in_h == g.out_h &&
            g.in_w == g.out_w;
    const int64_t pixels = int64_t{g.batches} * g.out_h * g.out_w;
    gathers = taps > 1 && run_taps * depth < kShortRun && pixels >= kLeastLines && depth > 0;
    split = split_product(pixels, outputs, tiles_of_bytes(tile_bytes()));
  }

  // Of a tile's memory: the rows and runs of its taps, or its patches.
  int64_t tile_bytes() const {
    const int64_t tap_bytes = kTileRows * static_cast<int64_t>(sizeof(float*)) + kRunBytes;
    return gathers ? kTileRows * k * 4 : reads_zeros() ? taps * tap_bytes : 0;
  }
  bool lines() const { return (plain || gathers) && are_lines(split, k); }
  // Of the runs of a window that is inside the image.
  int64_t runs_bytes() const { return taps * kRunBytes; }
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

// Rows of n floats from here to there.
struct Rows {
  const float* from;
  int64_t from_row, rows, n;
  float* to;
  int64_t to_row;
};

// How a row is copied: n is 1 to 3, or from 8 (kPieces - 1) to 8 kPieces, but at least 4, in pieces
// that overlap.
constexpr int kNine = 9;  // n is 9: a row of 3x3 taps of three colours

template <int kPieces>
[[gnu::always_inline]] inline void copy_row(const float* from, int64_t n, float* to) {
  if constexpr (kPieces == 0) {
    for (int64_t i = 0; i < n; ++i) to[i] = from[i];
  } else if constexpr (kPieces == kNine) {
    _mm256_storeu_ps(to, load8(from));
    to[8] = from[8];
  } else if constexpr (kPieces == 1) {
    const __m128 first = _mm_loadu_ps(from), last = _mm_loadu_ps(from + n - 4);
    _mm_storeu_ps(to, first);
    _mm_storeu_ps(to + n - 4, last);
  } else {
    const F8 last = load8(from + n - 8);
    for (int i = 0; i < kPieces - 1; ++i) _mm256_storeu_ps(to + 8 * i, load8(from + 8 * i));
    _mm256_storeu_ps(to + n - 8, last);
  }
}

// The same again and again, `count` times.
template <int kPieces>
void copy_each(const Rows& r, int64_t count, int64_t from_step, int64_t to_step) {
  for (int64_t row = 0; row < r.rows; ++row) {
    const float* from = r.from + row * r.from_row;
    float* to = r.to + row * r.to_row;
    for (int64_t left = count; left > 0; --left, from += from_step, to += to_step)
      copy_row<kPieces>(from, r.n, to);
  }
}

void copy(const Rows& r, int64_t count, int64_t from_step, int64_t to_step) {
  static_assert(kShortRun == 24);
  const auto how = r.n < 4     ? copy_each<0>
                   : r.n == 9  ? copy_each<kNine>
                   : r.n <= 8  ? copy_each<1>
                   : r.n <= 16 ? copy_each<2>
                               : copy_each<3>;
  how(r, count, from_step, to_step);
}

void zero(float* to, int64_t n) {
  for (; n >= 8; n -= 8, to += 8) _mm256_storeu_ps(to, _mm256_setzero_ps());
  for (; n > 0; --n) *to++ = 0.0f;
}

// The window that begins at (y, x), tap by tap.
void gather_taps(const Conv& c, const float* image, int64_t y, int64_t x, float* patch) {
  const MoteWindow& g = c.window;
  for (int64_t fy = 0; fy < g.filter_h; ++fy) {
    for (int64_t fx = 0; fx < g.filter_w; ++fx, patch += c.depth) {
      const int64_t ty = y + fy * g.dilation_h, tx = x + fx * g.dilation_w;
      if (ty >= 0 && ty < g.in_h && tx >= 0 && tx < g.in_w) {
        copy({image + (ty * g.in_w + tx) * g.in_c, 0, 1, c.depth, patch, 0}, 1, 0, 0);
      } else {
        zero(patch, c.depth);
      }
    }
  }
}

// The same for one part of whose rows of taps may lie outside the image.
void gather_rows(const Conv& c, const float* image, int64_t y, int64_t x, float* patch) {
  const MoteWindow& g = c.window;
  const int64_t n = g.filter_w * c.depth, line = int64_t{g.in_w} * g.in_c;
  const int64_t left = larger(0, -x), right = smaller(g.filter_w, g.in_w - x);
  const int64_t top = y < 0 ? ceil_div(-y, g.dilation_h) : 0;
  const int64_t bottom = smaller(g.filter_h, ceil_div(g.in_h - y, g.dilation_h));
  zero(patch, c.k);
  if (left >= right || top >= bottom) return;
  copy({image + (y + top * g.dilation_h) * line + (x + left) * g.in_c, g.dilation_h * line,
        bottom - top, (right - left) * c.depth, patch + top * n + left * c.depth, n},
       1, 0, 0);
}

// How many of `count` windows side by side lie inside the image, of which one begins at (y, x).
int64_t count_inside(const Conv& c, int64_t y, int64_t x, int64_t count) {
  if (y < 0 || y >= c.last_y || x < 0 || x >= c.last_x) return 0;
  return smaller(count, ceil_div(c.last_x - x, c.window.stride_w));
}

// The windows of `count` pixels, each in one piece.
void gather(const Conv& c, Cursor at, int64_t count, float* patch) {
  const MoteWindow& g = c.window;
  const int64_t n = g.filter_w * c.depth, line = int64_t{g.in_w} * g.in_c;
  const bool by_rows = c.run_taps == g.filter_w;
  while (count > 0) {
    const int64_t y = at.y * g.stride_h - g.pad_top, x = at.x * g.stride_w - g.pad_left;
    int64_t done = 1;
    if (!by_rows) {
      gather_taps(c, at.image, y, x, patch);
    } else if (const int64_t inside = count_inside(c, y, x, smaller(count, g.out_w - at.x))) {
      copy({at.image + y * line + x * g.in_c, g.dilation_h * line, g.filter_h, n, patch, n}, inside,
           c.pixel_step, c.k);
      done = inside;
    } else {
      gather_rows(c, at.image, y, x, patch);
    }
    count -= done, patch += done * c.k;
    at.x += done - 1;
    at.step(g);
  }
}

// Tiles [first, first + count), reading the channels that x begins with and writing those that y
// begins with.
void make_tiles(Workspace& work, const float* x, float* y, int64_t first, int64_t count) {
  const Conv& c = work.c;
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
    if (find_inside_line(c, tile.count, at, rows) || find_inside(c, tile.count, at, rows)) {
      tile.rows = rows;
      tile.rows_step = 0;
      tile.runs = work.inside_runs;
      tile.run_count = work.inside_count;
      tile.length = c.run_taps * c.depth;
      continue;
    }
    find_taps(work, Windows(c.window, tile.count, at), memory, tile);
  }
}

// Which tiles and panels a unit computes, of every group.
struct Part {
  int64_t block, first, count;  // tiles
  int64_t panel, last_panel;

  Part(const Split& s, int64_t unit) {
    block = unit / s.groups, first = s.first_tile(block);
    count = s.first_tile(block + 1) - first;
    panel = unit % s.groups * s.group_panels;
    last_panel = smaller(panel + s.group_panels, s.panels);
  }
};

// The operands of one group.
template <class W>
struct Group {
  const float *x, *bias;
  const W* packed;
  float* y;

  Group(const Args& a, const Conv& c, int64_t g)
      : x(static_cast<const float*>(a.in[0]) + g * c.depth),
        bias(static_cast<const float*>(a.in[2])),
        packed(static_cast<const W*>(a.in[1]) + g * panel_elements(c.outputs, c.k)),
        y(static_cast<float*>(a.out[0]) + g * c.outputs) {
    if (bias) bias += g * c.outputs;
  }
};

// Rows are pixels or gathered windows, at equal distances.
template <class W>
void run_lines(const Args& a, const Conv& c, Clamp clamp, int64_t begin, int64_t end) {
  auto* patches = static_cast<float*>(a.scratch);
  const int64_t y_row = c.window.out_c;
  for (int64_t g = 0; g < c.groups; ++g) {
    const Group<W> group(a, c, g);
    int64_t held = -1;  // the block whose windows are in patches
    for (int64_t unit = begin; unit < end; ++unit) {
      const Part part(c.split, unit);
      const int64_t pixel = c.split.first_row(part.first);
      if (c.gathers && part.block != held) {
        gather(c, Cursor(c.window, group.x, pixel),
               c.split.first_row(part.first + part.count) - pixel, patches);
      }
      held = part.block;
      LineTiles l(c.split, part.first, part.count);
      l.k = c.k, l.x_row = c.gathers ? c.k : c.window.in_c;
      l.x = c.gathers ? patches : group.x + pixel * l.x_row;
      l.y_row = y_row, l.y = group.y + pixel * y_row;
      multiply_lines(l, group.packed, c.outputs, part.panel, part.last_panel, group.bias, clamp);
    }
  }
}

// Windows are read where they lie.
template <class W>
void run_windows(const Args& a, const Conv& c, Clamp clamp, int64_t begin, int64_t end) {
  Workspace work(c, a.scratch);
  for (int64_t g = 0; g < c.groups; ++g) {
    const Group<W> group(a, c, g);
    int64_t held = -1;  // the block whose tiles are there
    for (int64_t unit = begin; unit < end; ++unit) {
      const Part part(c.split, unit);
      if (part.block != held) make_tiles(work, group.x, group.y, part.first, part.count);
      held = part.block;
      multiply_block(work.tiles, part.count, group.packed, c.outputs, c.k, part.panel,
                     part.last_panel, group.bias, clamp, c.window.out_c);
    }
  }
}

template <class W>
int run(const Args& a, int64_t begin, int64_t end) {
  const MoteConv2dF32& p = params_of(a.params);
  const Conv c(p);
  (c.lines() ? run_lines<W> : run_windows<W>)(a, c, {p.act_min, p.act_max}, begin, end);
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
const ProcessorRows kConv2dF32Avx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kF32Rows>};
const ProcessorRows kConv2dF16Avx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kF16Rows>};
}  // namespace mote::kernels

#else

namespace mote::kernels {
const ProcessorRows kConv2dF32Avx2 = {simd::Isa::avx2, {}};
const ProcessorRows kConv2dF16Avx2 = {simd::Isa::avx2, {}};
}  // namespace mote::kernels

#endif
