// transpose_conv_f32 for AVX2. The outputs of a row whose columns are alike modulo the stride see
// the same taps, and their inputs are neighbours: each such class is a convolution without gaps.
//
//   stride 2, filter 3:   output   0   1   2   3   4         even ones: taps 0 and 2
//                         taps    0,2  1  0,2  1  0,2        odd ones: tap 1
#include "kernels/chosen.h"
#include "kernels/transpose_conv/families.h"
#include "kernels/transpose_conv/transpose_conv.h"

#if defined(__AVX2__)

#include "kernels/common/panels_f32_avx2-inl.h"

namespace mote::kernels::MOTE_ISA {
namespace {

const MoteTransposeConvF32& params_of(const void* params) {
  return *static_cast<const MoteTransposeConvF32*>(params);
}

// A unit is one row of y.
int64_t units(const void* params) {
  const MoteWindow& g = params_of(params).window;
  return int64_t{g.batches} * g.out_h;
}

int64_t depth_of(const MoteWindow& g) { return int64_t{g.filter_h} * g.filter_w * g.in_c; }

// The most taps that reach one output.
int64_t most_taps(const MoteWindow& g) {
  return ceil_div(g.filter_h, g.stride_h) * ceil_div(g.filter_w, g.stride_w);
}

int64_t tile_bytes(const MoteWindow& g) {
  return most_taps(g) * static_cast<int64_t>(kTileRows * sizeof(const float*) + sizeof(Run));
}

// The taps of a block's tiles, then zeros for an input outside.
size_t scratch_bytes(const void* params) {
  const MoteWindow& g = params_of(params).window;
  return static_cast<size_t>(tiles_of_bytes(tile_bytes(g)) * tile_bytes(g) + g.in_c * 4);
}

size_t packed_bytes(const void* params) {
  const MoteWindow& g = params_of(params).window;
  return static_cast<size_t>(panel_elements(g.out_c, depth_of(g))) * sizeof(float);
}

void pack(const void* params, const void* weights, void* packed) {
  const MoteWindow& g = params_of(params).window;
  pack_panels16(static_cast<const float*>(weights), g.out_c, depth_of(g), depth_of(g), 1,
                static_cast<float*>(packed));
}

// Input rows [iy - taps + 1, iy] of the image, from the last, are reached from tap `fy` on, each
// further one `stride` taps later; the same along x.
struct Class {
  int64_t fy, iy, fx, ix;
};

// The taps that reach `tile.count` outputs of a class, side by side; c.ix is the first one's input
// under tap c.fx.
void find_taps(const MoteWindow& g, const Class& c, const float* image, const float* zeros,
               char* memory, Tile& tile) {
  auto* run = reinterpret_cast<Run*>(memory);
  auto* rows = reinterpret_cast<const float**>(run + most_taps(g));
  tile.rows = rows;
  tile.rows_step = kTileRows;
  tile.runs = run;
  int64_t iy = c.iy;
  for (int64_t fy = c.fy; fy < g.filter_h; fy += g.stride_h, --iy) {
    if (iy < 0 || iy >= g.in_h) continue;
    int64_t ix = c.ix;
    for (int64_t fx = c.fx; fx < g.filter_w; fx += g.stride_w, --ix) {
      if (ix + tile.count <= 0 || ix >= g.in_w) continue;
      for (int r = 0; r < tile.count; ++r) {
        const bool inside = ix + r >= 0 && ix + r < g.in_w;
        rows[r] = inside ? image + (iy * g.in_w + ix + r) * g.in_c : zeros;
      }
      *run++ = {0, (fy * g.filter_w + fx) * g.in_c};
      rows += kTileRows;
    }
  }
  tile.run_count = run - tile.runs;
  tile.length = g.in_c;
}

struct Call {
  const MoteTransposeConvF32& p;
  const float* packed;
  const float* bias;
  const float* zeros;
  char* memory;
};

// The outputs of a row that begins at `y`: those of columns first, first + stride, ...
void multiply_class(const Call& call, const float* image, Class c, int64_t first, float* y) {
  const MoteWindow& g = call.p.window;
  const int64_t count = ceil_div(g.out_w - first, g.stride_w);
  const Split split = split_product(count, g.out_c, kMostTiles, false);
  const int64_t most = tiles_of_bytes(tile_bytes(g)), step = int64_t{g.stride_w} * g.out_c;
  const int64_t ix = c.ix;
  Tile tiles[kMostTiles];
  for (int64_t t = 0; t < split.tiles; t += most) {
    const int64_t block = smaller(most, split.tiles - t);
    for (int64_t i = 0; i < block; ++i) {
      const int64_t at = split.first_row(t + i);
      tiles[i].count = static_cast<int>(split.first_row(t + i + 1) - at);
      tiles[i].y = y + first * g.out_c + at * step;
      c.ix = ix + at;
      find_taps(g, c, image, call.zeros, call.memory + i * tile_bytes(g), tiles[i]);
    }
    multiply_block(tiles, block, call.packed, g.out_c, depth_of(g), 0, split.panels, call.bias,
                   {call.p.act_min, call.p.act_max}, step);
  }
}

int run(const Args& a, int64_t begin, int64_t end) {
  const MoteTransposeConvF32& p = params_of(a.params);
  const MoteWindow& g = p.window;
  auto* memory = static_cast<char*>(a.scratch);
  auto* zeros = reinterpret_cast<float*>(memory + tiles_of_bytes(tile_bytes(g)) * tile_bytes(g));
  for (int64_t i = 0; i < g.in_c; ++i) zeros[i] = 0.0f;
  const Call call = {p, static_cast<const float*>(a.in[1]), static_cast<const float*>(a.in[2]),
                     zeros, memory};
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t batch = unit / g.out_h, from_top = unit - batch * g.out_h + g.pad_top;
    const float* image = static_cast<const float*>(a.in[0]) + batch * g.in_h * g.in_w * g.in_c;
    float* y = static_cast<float*>(a.out[0]) + unit * g.out_w * g.out_c;
    for (int64_t first = 0; first < smaller(g.stride_w, g.out_w); ++first) {
      const int64_t from_left = first + g.pad_left;
      const Class c = {from_top % g.stride_h, from_top / g.stride_h, from_left % g.stride_w,
                       from_left / g.stride_w};
      multiply_class(call, image, c, first, y);
    }
  }
  return kOk;
}

constexpr Kernel kRows[] = {
    {.name = "transpose_conv_f32__avx2",
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
const ProcessorRows kTransposeConvF32Avx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kRows>};
}

#else

namespace mote::kernels {
const ProcessorRows kTransposeConvF32Avx2 = {simd::Isa::avx2, {}};
}

#endif
