// conv3d_f32 for AVX2: tiles of 6 output voxels, whose windows are read where they lie, tap by tap,
// against panels of 16 filters.
#include "kernels/chosen.h"
#include "kernels/conv3d/conv3d.h"
#include "kernels/conv3d/families.h"

#if defined(__AVX2__)

#include "kernels/common/panels_f32_avx2-inl.h"

namespace mote::kernels::MOTE_ISA {
namespace {

struct Conv {
  const MoteConv3d& p;
  int64_t taps, k;
  Split split;

  explicit Conv(const void* params) : p(*static_cast<const MoteConv3d*>(params)) {
    taps = int64_t{p.filter[0]} * p.filter[1] * p.filter[2];
    k = taps * p.in_c;
    split = split_product(int64_t{p.batches} * p.out[0] * p.out[1] * p.out[2], p.out_c,
                          tiles_of_bytes(tile_bytes()));
  }
  int64_t tile_bytes() const {
    return taps * static_cast<int64_t>(sizeof(Run) + kTileRows * sizeof(const float*));
  }
};

int64_t units(const void* params) { return Conv(params).split.units(); }

// The taps of a block's tiles, then zeros for a tap outside.
size_t scratch_bytes(const void* params) {
  const Conv c(params);
  return static_cast<size_t>(c.split.block_tiles * c.tile_bytes() + c.p.in_c * 4);
}

size_t packed_bytes(const void* params) {
  const Conv c(params);
  return static_cast<size_t>(panel_elements(c.p.out_c, c.k)) * sizeof(float);
}

void pack(const void* params, const void* weights, void* packed) {
  const Conv c(params);
  pack_panels16(static_cast<const float*>(weights), c.p.out_c, c.k, 1, c.p.out_c,
                static_cast<float*>(packed));
}

// The voxels of a tile: where their windows begin, by axis.
struct Windows {
  int64_t at[kTileRows][3];
  const float* image[kTileRows];

  Windows(const MoteConv3d& p, const float* x, int64_t first, int count) {
    for (int r = 0; r < count; ++r) {
      int64_t voxel = first + r;
      for (int axis = 2; axis >= 0; --axis) {
        at[r][axis] = voxel % p.out[axis] * p.stride[axis] - p.pad[axis];
        voxel /= p.out[axis];
      }
      image[r] = x + voxel * p.in[0] * p.in[1] * p.in[2] * p.in_c;
    }
  }

  // The input of voxel r under tap (fd, fy, fx), null outside.
  const float* input(const MoteConv3d& p, int r, int64_t fd, int64_t fy, int64_t fx) const {
    const int64_t d = at[r][0] + fd * p.dilation[0], y = at[r][1] + fy * p.dilation[1];
    const int64_t x = at[r][2] + fx * p.dilation[2];
    if (d < 0 || d >= p.in[0] || y < 0 || y >= p.in[1] || x < 0 || x >= p.in[2]) return nullptr;
    return image[r] + ((d * p.in[1] + y) * p.in[2] + x) * p.in_c;
  }
};

// One run for each tap that lies inside for any of the voxels.
void find_taps(const Conv& c, const Windows& w, const float* zeros, char* memory, Tile& tile) {
  const MoteConv3d& p = c.p;
  auto* run = reinterpret_cast<Run*>(memory);
  auto* rows = reinterpret_cast<const float**>(run + c.taps);
  tile.rows = rows;
  tile.rows_step = kTileRows;
  tile.runs = run;
  int64_t tap = 0;
  for (int64_t fd = 0; fd < p.filter[0]; ++fd) {
    for (int64_t fy = 0; fy < p.filter[1]; ++fy) {
      for (int64_t fx = 0; fx < p.filter[2]; ++fx, ++tap) {
        bool any = false;
        for (int r = 0; r < tile.count; ++r) {
          const float* input = w.input(p, r, fd, fy, fx);
          rows[r] = input ? input : zeros;
          any |= input != nullptr;
        }
        *run = {0, tap * p.in_c};
        run += any, rows += any ? kTileRows : 0;
      }
    }
  }
  tile.run_count = run - tile.runs;
  tile.length = p.in_c;
}

int run(const Args& a, int64_t begin, int64_t end) {
  const Conv c(a.params);
  const MoteConv3d& p = c.p;
  const Split& s = c.split;
  auto* memory = static_cast<char*>(a.scratch);
  auto* zeros = reinterpret_cast<float*>(memory + s.block_tiles * c.tile_bytes());
  for (int64_t i = 0; i < p.in_c; ++i) zeros[i] = 0.0f;
  Tile tiles[kMostTiles];
  int64_t held = -1, count = 0;  // the block whose tiles are there
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t block = unit / s.groups, first = s.first_tile(block);
    if (block != held) count = s.first_tile(block + 1) - first;
    for (int64_t t = 0; t < count && block != held; ++t) {
      const int64_t voxel = s.first_row(first + t);
      tiles[t].count = static_cast<int>(s.first_row(first + t + 1) - voxel);
      tiles[t].y = static_cast<float*>(a.out[0]) + voxel * p.out_c;
      const Windows windows(p, static_cast<const float*>(a.in[0]), voxel, tiles[t].count);
      find_taps(c, windows, zeros, memory + t * c.tile_bytes(), tiles[t]);
    }
    held = block;
    const int64_t panel = unit % s.groups * s.group_panels;
    multiply_block(tiles, count, static_cast<const float*>(a.in[1]), p.out_c, c.k, panel,
                   smaller(panel + s.group_panels, s.panels), static_cast<const float*>(a.in[2]),
                   {p.act_min, p.act_max}, p.out_c);
  }
  return kOk;
}

constexpr Kernel kRows[] = {
    {.name = "conv3d_f32__avx2",
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
const ProcessorRows kConv3dF32Avx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kRows>};
}

#else

namespace mote::kernels {
const ProcessorRows kConv3dF32Avx2 = {simd::Isa::avx2, {}};
}

#endif
