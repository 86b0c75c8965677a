// Convolutions of int16 activations: tiles of output pixels, whose patches are gathered unless the
// windows are single pixels, against panels of 16 filters. Unit = tile * parts + part of the
// panels.
#include "kernels/chosen.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/conv2d/families.h"

#if defined(__AVX2__)

#include "kernels/common/int16_gemm_avx2-inl.h"

namespace mote::kernels {
namespace {

using namespace MOTE_ISA;

// Output pixels of a tile: enough that preparing the scales of a panel costs little.
constexpr int64_t kSmallTile = 16, kTile = 64;

struct Conv {
  MoteWindow window;
  int64_t groups, depth, outputs, patch, pixels, tile, tiles, panels, parts;
  bool gathers;
  int64_t pitch;

  explicit Conv(const MoteConv2dInt& p) : window(p.window), groups(p.groups) {
    const MoteWindow& g = window;
    depth = g.in_c / groups, outputs = g.out_c / groups;
    patch = int64_t{g.filter_h} * g.filter_w * depth;
    pixels = int64_t{g.batches} * g.out_h * g.out_w;
    panels = short_panels(outputs);
    const bool pointwise = g.filter_h == 1 && g.filter_w == 1 && g.stride_h == 1 &&
                           g.stride_w == 1 && g.pad_top == 0 && g.pad_left == 0 &&
                           g.in_h == g.out_h && g.in_w == g.out_w && groups == 1;
    gathers = !pointwise || depth % 2 != 0;
    const bool small = pixels < 8 * kTile || (gathers && patch > 160);
    tile = small ? kSmallTile : kTile;
    tiles = (pixels + tile - 1) / tile;
    parts = tiles < 8 && groups == 1 && panels > 0 ? panels : 1;
    pitch = gathers ? (patch + 1) / 2 * 2 : patch;
  }
};

const MoteConv2dInt& params_of(const void* params) {
  return *static_cast<const MoteConv2dInt*>(params);
}

const char* declines(const void* params) { return declines_short(params_of(params).mac); }

int64_t units(const void* params) {
  const Conv c(params_of(params));
  return c.tiles * c.parts;
}

size_t scratch_bytes(const void* params) {
  const Conv c(params_of(params));
  return c.gathers ? static_cast<size_t>(c.tile * c.pitch) * sizeof(int16_t) : 0;
}

size_t packed_bytes(const void* params) {
  const Conv c(params_of(params));
  return static_cast<size_t>(c.groups * c.panels * short_panel_bytes(c.patch));
}

void pack(const void* params, const void* weights, void* packed) {
  const Conv c(params_of(params));
  for (int64_t group = 0; group < c.groups; ++group) {
    pack_short_panels(weights, params_of(params).mac.w_type, group * c.outputs * c.patch, c.outputs,
                      c.patch,
                      static_cast<int8_t*>(packed) + group * c.panels * short_panel_bytes(c.patch));
  }
}

int16_t* copy_shorts(const int16_t* from, int64_t n, int16_t* to) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) store256(to + i, load256(from + i));
  for (; i < n; ++i) to[i] = from[i];
  return to + n;
}

int16_t* zero_shorts(int64_t n, int16_t* to) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) store256(to + i, _mm256_setzero_si256());
  for (; i < n; ++i) to[i] = 0;
  return to + n;
}

// One output pixel's patch of a group whose first channel is `channel`; taps outside x are zero.
int16_t* gather_patch(const Conv& c, const int16_t* image, int64_t channel, int64_t y0, int64_t x0,
                      int16_t* to) {
  const MoteWindow& g = c.window;
  // A row of the window is one run if its taps are neighbours and take every channel.
  const bool one_run =
      g.dilation_w == 1 && c.depth == g.in_c && x0 >= 0 && x0 + g.filter_w <= g.in_w;
  for (int64_t fy = 0; fy < g.filter_h; ++fy) {
    const int64_t iy = y0 + fy * g.dilation_h;
    const int16_t* line = image + iy * g.in_w * g.in_c + channel;
    if (iy < 0 || iy >= g.in_h) {
      to = zero_shorts(g.filter_w * c.depth, to);
    } else if (one_run) {
      to = copy_shorts(line + x0 * g.in_c, g.filter_w * c.depth, to);
    } else {
      for (int64_t fx = 0; fx < g.filter_w; ++fx) {
        const int64_t ix = x0 + fx * g.dilation_w;
        const bool inside = ix >= 0 && ix < g.in_w;
        to = inside ? copy_shorts(line + ix * g.in_c, c.depth, to) : zero_shorts(c.depth, to);
      }
    }
  }
  return to;
}

ShortRows rows_of(const Conv& c, const int16_t* x, int64_t first, int64_t count, int64_t group,
                  int16_t* scratch) {
  if (!c.gathers) return {x + first * c.depth, c.pitch, count};
  const MoteWindow& g = c.window;
  int64_t batch = first / (int64_t{g.out_h} * g.out_w);
  int64_t oy = first / g.out_w % g.out_h, ox = first % g.out_w;
  for (int64_t i = 0; i < count; ++i) {
    int16_t* to = scratch + i * c.pitch;
    to = gather_patch(c, x + batch * g.in_h * g.in_w * g.in_c, group * c.depth,
                      oy * g.stride_h - g.pad_top, ox * g.stride_w - g.pad_left, to);
    if (c.pitch > c.patch) *to = 0;
    if (++ox < g.out_w) continue;
    ox = 0;
    if (++oy < g.out_h) continue;
    oy = 0, ++batch;
  }
  return {scratch, c.pitch, count};
}

int run(const Args& a, int64_t begin, int64_t end) {
  const auto& p = params_of(a.params);
  const Conv c(p);
  const MoteScales scales = mote_scales(p.mac.rounding, a.in[3], a.in[4]);
  const auto* x = static_cast<const int16_t*>(a.in[0]);
  const auto* packed = static_cast<const int8_t*>(a.in[1]);
  ShortRows rows = {};
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t tile = unit / c.parts, part = unit % c.parts;
    const int64_t first = tile * c.tile, left = c.pixels - first;
    for (int64_t group = 0; group < c.groups; ++group) {
      if (unit == begin || part == 0) {
        rows = rows_of(c, x, first, left < c.tile ? left : c.tile, group,
                       static_cast<int16_t*>(a.scratch));
      }
      const int64_t first_panel = c.parts > 1 ? part : 0;
      const int64_t past_panel = c.parts > 1 ? part + 1 : c.panels;
      for (int64_t panel = first_panel; panel < past_panel; ++panel) {
        const int64_t rest = c.outputs - panel * 16, channel = group * c.outputs + panel * 16;
        const ShortOutputs out(p.mac, scales, a.in[2], a.out[0], channel, rest < 16 ? rest : 16);
        multiply_short_panel(rows, packed + (group * c.panels + panel) * short_panel_bytes(c.patch),
                             c.patch, [&](int64_t row, const WideSums& sums) {
                               out.write((first + row) * c.window.out_c + channel, sums);
                             });
      }
    }
  }
  return kOk;
}

constexpr Kernel kRows[] = {{.name = "conv2d_int__avx2_16x8",
                             .run = run,
                             .declines = declines,
                             .units = units,
                             .scratch_bytes = scratch_bytes,
                             .pack_input = 1,
                             .packed_bytes = packed_bytes,
                             .pack = pack}};

}  // namespace

const ProcessorRows kConv2dInt16Avx2 = {simd::Isa::avx2, chosen<kRows>};

}  // namespace mote::kernels

#else

namespace mote::kernels {

const ProcessorRows kConv2dInt16Avx2 = {simd::Isa::avx2, {}};

}  // namespace mote::kernels

#endif
