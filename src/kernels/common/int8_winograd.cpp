#include <algorithm>
#include <array>
#include <cstdlib>

#include "kernels/common/int8_conv.h"

namespace mote::kernels {
namespace {

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Words of 16 places, or bytes of 9.
int64_t panel_bytes(const Int8Plan& p, int64_t panel) {
  const int64_t width = int8_panel_width(p.outputs, panel);
  return p.may_be_winograd == 4 ? 9 * p.depth * width : 16 * p.depth * 2 * width;
}

// 2G g of three numbers.
void transform3(int32_t a, int32_t b, int32_t c, int32_t* out) {
  out[0] = 2 * a, out[1] = a + b + c, out[2] = a - b + c, out[3] = 2 * c;
}

// 2G g (2G)' of one filter's channel; its taps are `step` apart.
std::array<int16_t, 16> transformed(const int8_t* filter, int64_t step) {
  int32_t columns[3][4];
  for (int64_t x = 0; x < 3; ++x) {
    transform3(filter[x * step], filter[(3 + x) * step], filter[(6 + x) * step], columns[x]);
  }
  std::array<int16_t, 16> u = {};
  for (size_t i = 0; i < 4; ++i) {
    int32_t row[4];
    transform3(columns[0][i], columns[1][i], columns[2][i], row);
    for (size_t j = 0; j < 4; ++j) u[4 * i + j] = static_cast<int16_t>(row[j]);
  }
  return u;
}

// Filters as they are, channels in pairs.
void place_filters(const Int8Plan& p, int64_t panel, const int8_t* weights, int8_t* to) {
  const int64_t width = int8_panel_width(p.outputs, panel);
  for (int64_t lane = 0; lane < width; ++lane) {
    const int64_t channel = panel * kPanelChannels + channel_of_lane(lane, width);
    if (channel >= p.outputs) {
      for (int64_t i = 0; i < 9 * p.depth / 2; ++i) {
        to[(i * width + lane) * 2] = to[(i * width + lane) * 2 + 1] = 0;
      }
      continue;
    }
    const int8_t* from = weights + channel * p.patch;
    for (int64_t tap = 0; tap < 9; ++tap) {
      for (int64_t c = 0; c < p.depth; ++c) {
        to[((c / 2 * 9 + tap) * width + lane) * 2 + c % 2] = from[tap * p.depth + c];
      }
    }
  }
}

void place_transformed(const Int8Plan& p, int64_t panel, const int8_t* weights, int16_t* to) {
  const int64_t width = int8_panel_width(p.outputs, panel);
  for (int64_t lane = 0; lane < width; ++lane) {
    const int64_t channel = panel * kPanelChannels + channel_of_lane(lane, width);
    for (int64_t c = 0; c < p.depth; ++c) {
      std::array<int16_t, 16> u = {};
      if (channel < p.outputs) u = transformed(weights + channel * p.patch + c, p.depth);
      for (int64_t place = 0; place < 16; ++place) {
        to[((place * p.depth + c) / 2 * width + lane) * 2 + c % 2] = u[static_cast<size_t>(place)];
      }
    }
  }
}

}  // namespace

// Stride 1, 3 x 3, channels in vectors. Tiles of 2 x 2 where their transformed filters fit the
// second cache (32 bytes for each pair of channels) and the image is small, as those of 4 x 4 want
// more scratch; tiles of 4 x 4 where not too much of them is outside.
int32_t winograd_side(const Int8Conv& conv) {
  const MoteWindow& g = conv.window;
  constexpr int64_t kMostBytes = 512 * 1024, kMostChannels = 1824;
  const bool fits = conv.transform_most > 0 && conv.groups == 1 && g.filter_h == 3 &&
                    g.filter_w == 3 && g.stride_h == 1 && g.stride_w == 1 && g.dilation_h == 1 &&
                    g.dilation_w == 1 && g.in_c % 16 == 0 && g.in_c > 0 &&
                    g.in_c <= kMostChannels && g.out_h > 1 && g.out_w > 1;
  if (!fits) return 0;
  const int64_t pixels = int64_t{g.out_h} * g.out_w;
  const int64_t covered = divide_up(g.out_h, 4) * divide_up(g.out_w, 4) * 16;
  const bool small = int64_t{g.in_c} * g.out_c * 32 <= kMostBytes;
  const bool large = pixels >= 196 && (g.in_c >= 64 || pixels * g.in_c >= 32768);
  if (20 * pixels >= 9 * covered && (large || !small)) return 4;
  return small ? 2 : 0;
}

// Units of whole tiles. V of 2 x 2 stays in the first cache, V of 4 x 4 in the second; there the
// filters are transformed anew for each unit, so it should have many tiles.
void cut_winograd_tiles(Int8Plan* p) {
  const MoteWindow& g = p->window;
  const int64_t side = p->may_be_winograd;
  const int64_t most = side == 4 ? std::clamp<int64_t>(4096 / g.in_c, 4, 32)
                                 : std::clamp<int64_t>(512 / g.in_c, 4, 16);
  const int64_t across = divide_up(g.out_w, side), down = divide_up(g.out_h, side);
  if (across <= most) {
    p->tile_w = g.out_w;
    const int64_t rows = std::min(most / across, down);
    p->tile_h = divide_up(down, divide_up(down, rows)) * side;
    return;
  }
  p->tile_w = divide_up(divide_up(across, divide_up(across, most)), 4) * 4 * side;
  p->tile_h = side;
}

size_t winograd_scratch_bytes(const Int8Plan& p) {
  const int64_t depth = p.window.in_c;
  if (p.may_be_winograd == 4) {
    const Winograd4Sizes s = winograd4_sizes(p);
    return static_cast<size_t>(36 * (2 * s.v_plane + 4 * s.m_plane + 2 * s.u_plane) + depth);
  }
  return static_cast<size_t>(p.winograd_tiles() * 16 * (depth * 2 + 64) + depth);
}

bool winograd_sums_fit(const Int8Plan& p, int32_t transform_most, const int8_t* weights) {
  for (int64_t channel = 0; channel < p.outputs; ++channel) {
    int64_t sum = 0;
    for (int64_t i = 0; i < p.patch; ++i) sum += std::abs(int32_t{weights[channel * p.patch + i]});
    if (sum * transform_most >= int64_t{1} << 25) return false;
  }
  return true;
}

size_t winograd_panels_bytes(const Int8Plan& p) {
  int64_t bytes = static_cast<int64_t>(int8_infos_bytes(p.outputs));
  for (int64_t panel = 0; panel < p.panels; ++panel) bytes += panel_bytes(p, panel);
  return static_cast<size_t>(bytes);
}

void pack_winograd(const Int8Plan& p, const int8_t* weights, void* blob) {
  auto* infos = static_cast<PanelInfo*>(blob);
  int64_t offset_bytes = static_cast<int64_t>(int8_infos_bytes(p.outputs));
  for (int64_t panel = 0; panel < p.panels; ++panel) {
    infos[panel].offset_bytes = offset_bytes;
    uint8_t* to = static_cast<uint8_t*>(blob) + offset_bytes;
    offset_bytes += panel_bytes(p, panel);
    if (p.may_be_winograd == 4) {
      place_filters(p, panel, weights, reinterpret_cast<int8_t*>(to));
    } else {
      place_transformed(p, panel, weights, reinterpret_cast<int16_t*>(to));
    }
  }
}

}  // namespace mote::kernels
