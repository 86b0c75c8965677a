#include "kernels/common/int8_conv.h"

#include <algorithm>
#include <cstring>

namespace mote::kernels {
namespace {

// A region, its words and a panel stay in the first cache.
constexpr int64_t kRegionBytes = 6144;
constexpr int64_t kLeastPixels = 8, kMostPixels = 64;
// So many units keep two to four threads equally busy.
constexpr int64_t kUnits = 16;
// Less work than this many products is not worth a second thread.
constexpr int64_t kWorthSplitting = 65536;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// One tap that moves by one pixel: all pixels are one row.
bool is_pointwise(const MoteWindow& g) {
  return g.filter_h == 1 && g.filter_w == 1 && g.stride_h == 1 && g.stride_w == 1 &&
         g.pad_top == 0 && g.pad_left == 0 && g.in_h == g.out_h && g.in_w == g.out_w &&
         int64_t{g.batches} * g.in_h * g.in_w <= INT32_MAX;
}

int64_t span(int64_t pixels, int64_t stride, int64_t filter, int64_t dilation) {
  return (pixels - 1) * stride + (filter - 1) * dilation + 1;
}

// Whole rows of the image, or a part of one, whose region is small; enough tiles to share out.
void cut_tiles(Int8Plan* p) {
  const MoteWindow& g = p->window;
  const int64_t pixels = int64_t{g.out_h} * g.out_w * g.batches;
  const auto region_bytes = [&](int64_t h, int64_t w) {
    return span(h, g.stride_h, g.filter_h, g.dilation_h) *
           span(w, g.stride_w, g.filter_w, g.dilation_w) * g.in_c;
  };
  const int64_t fair = std::clamp(divide_up(pixels, kUnits / 2), kLeastPixels, kMostPixels);
  p->tile_h = p->tile_w = 1;
  if (pixels == 0) return;
  p->tile_w = g.out_w;
  if (g.out_w > fair || region_bytes(1, g.out_w) > kRegionBytes) {
    int64_t most = std::min<int64_t>(fair, g.out_w);
    while (most > kLeastPixels && region_bytes(1, most) > kRegionBytes) most -= 4;
    const int64_t tiles = divide_up(g.out_w, std::max<int64_t>(most, 1));
    p->tile_w = std::min<int64_t>(divide_up(divide_up(g.out_w, tiles), 4) * 4, g.out_w);
    return;
  }
  while (p->tile_h < g.out_h && (p->tile_h + 1) * p->tile_w <= fair &&
         region_bytes(p->tile_h + 1, p->tile_w) <= kRegionBytes) {
    ++p->tile_h;
  }
}

size_t round_up(int64_t bytes) { return (static_cast<size_t>(bytes) + 127) / 64 * 64; }

}  // namespace

Int8Plan plan_int8(const Int8Conv& conv) {
  Int8Plan p = {};
  p.image = p.window = conv.window;
  MoteWindow& g = p.window;
  if (is_pointwise(g)) {
    g.in_w = g.out_w = g.batches * g.in_h * g.in_w;
    g.in_h = g.out_h = g.batches = 1;
  }
  p.groups = conv.groups;
  p.depth = g.in_c / p.groups;
  p.outputs = g.out_c / p.groups;
  const bool joined = (g.dilation_w == 1 || g.filter_w == 1) && p.groups == 1 && !conv.apart;
  p.rows = g.filter_h;
  p.taps = joined ? 1 : g.filter_w;
  p.run = joined ? g.filter_w * p.depth : p.depth;
  if (joined && g.out_w == 1 && g.dilation_h == 1) {
    // A region as wide as the filter: its rows lie side by side too.
    p.run *= p.rows;
    p.rows = 1;
  }
  p.patch = p.rows * p.taps * p.run;
  p.blocks = int8_blocks(p.run);
  p.may_be_winograd = winograd_side(conv);
  if (p.may_be_winograd) {
    cut_winograd_tiles(&p);
  } else {
    cut_tiles(&p);
  }
  p.tiles_y = divide_up(g.out_h, p.tile_h);
  p.tiles_x = divide_up(g.out_w, p.tile_w);
  p.region_h = span(p.tile_h, g.stride_h, g.filter_h, g.dilation_h);
  p.region_w = span(p.tile_w, g.stride_w, g.filter_w, g.dilation_w);
  p.panels = int8_panels(p.outputs);
  p.is_patch = p.rows * p.taps == 1 && p.groups == 1 &&
               int64_t{g.batches} * g.out_h * g.out_w == 1 && g.pad_top == 0 && g.pad_left == 0 &&
               p.region_h == g.in_h && p.region_w == g.in_w;
  const int64_t tiles = g.batches * p.tiles_y * p.tiles_x * p.groups;
  const bool small = int64_t{g.out_h} * g.out_w * g.batches * p.outputs * p.patch < kWorthSplitting;
  p.parts = tiles == 0 || small
                ? 1
                : std::clamp<int64_t>(kUnits / tiles, 1, std::max<int64_t>(p.panels, 1));
  // Room to copy and to read whole vectors.
  const int64_t region = p.region_h * p.region_w * g.in_c;
  p.words_offset_bytes = round_up(region);
  p.numbers_offset_bytes = p.words_offset_bytes + round_up(2 * region);
  p.offsets_bytes = p.numbers_offset_bytes + static_cast<size_t>(p.tile_pixels()) * 8;
  p.scratch_bytes = p.offsets_bytes + static_cast<size_t>(p.tile_pixels() + p.rows * p.taps) * 8;
  if (p.may_be_winograd) {
    p.scratch_bytes = std::max(p.scratch_bytes, winograd_scratch_bytes(p));
  }
  return p;
}

size_t int8_packed_bytes(const Int8Conv& conv) {
  const Int8Plan p = plan_int8(conv);
  const size_t panels = static_cast<size_t>(p.groups) * p.blob_bytes();
  return kPlanBytes + (p.may_be_winograd ? std::max(panels, winograd_panels_bytes(p)) : panels);
}

void pack_int8(const Int8Conv& conv, int32_t w_type, int32_t w_zero, bool only_bytes,
               const void* weights, void* packed, const TapSteps* steps) {
  Int8Plan p = plan_int8(conv);
  p.is_centred = 1;
  int64_t slow = 0;
  for (int64_t group = 0; group < p.groups; ++group) {
    const TapSteps dense = {group * p.outputs * p.patch, p.patch, p.taps * p.run, p.run};
    const WeightMatrix w = {weights,         w_type, w_zero, p.outputs,
                            p.rows * p.taps, p.run,  p.taps, steps ? *steps : dense};
    uint8_t* blob =
        static_cast<uint8_t*>(packed) + kPlanBytes + static_cast<size_t>(group) * p.blob_bytes();
    pack_int8_panels(w, only_bytes, blob);
    const auto* infos = reinterpret_cast<const PanelInfo*>(blob);
    for (int64_t i = 0; i < p.panels; ++i) {
      if (infos[i].chain == 0) p.needs_words = 1;
      if (infos[i].chain <= 1) ++slow;
      if (infos[i].centre != w_zero) p.is_centred = 0, p.other_centre = infos[i].centre;
    }
  }
  // With few channels long chains of bytes are as fast.
  const bool pays = p.depth >= 32 || 2 * slow > p.panels;
  const auto* filters = static_cast<const int8_t*>(weights);
  const bool fits = p.may_be_winograd != 4 || winograd_sums_fit(p, conv.transform_most, filters);
  p.winograd = !only_bytes && pays && fits ? p.may_be_winograd : 0;
  if (p.winograd) pack_winograd(p, filters, static_cast<uint8_t*>(packed) + kPlanBytes);
  std::memset(packed, 0, kPlanBytes);
  std::memcpy(packed, &p, sizeof p);
}

void join_int8_blocks(void* packed) {
  Int8Plan p;
  std::memcpy(&p, packed, sizeof p);
  auto* blobs = static_cast<int8_t*>(packed) + kPlanBytes;
  for (int64_t i = 0; i < p.groups * p.panels; ++i) {
    int8_t* blob = blobs + static_cast<size_t>(i / p.panels) * p.blob_bytes();
    const int64_t width = int8_panel_width(p.outputs, i % p.panels);
    const auto block_bytes = static_cast<size_t>(width * kBlockSteps);
    int8_t* block = blob + reinterpret_cast<const PanelInfo*>(blob)[i % p.panels].offset_bytes;
    for (int64_t run = 0; run < p.rows * p.taps; ++run) {
      for (int64_t left = p.blocks; left > 0; left -= 2) {
        if (left == 1) {
          block += block_bytes;
          break;
        }
        int8_t two[2 * kPanelChannels * kBlockSteps];
        std::memcpy(two, block, 2 * block_bytes);
        for (int64_t lane = 0; lane < width; ++lane, block += 2 * kBlockSteps) {
          std::memcpy(block, two + lane * kBlockSteps, kBlockSteps);
          std::memcpy(block + kBlockSteps, two + block_bytes + lane * kBlockSteps, kBlockSteps);
        }
      }
    }
  }
}

}  // namespace mote::kernels
