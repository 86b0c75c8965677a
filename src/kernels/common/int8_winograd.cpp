#include <array>

#include "kernels/common/int8_conv.h"

namespace mote::kernels {
namespace {

// 2G: what a filter's three rows (or columns) become.
constexpr int32_t kFilterTransform[4][3] = {{2, 0, 0}, {1, 1, 1}, {1, -1, 1}, {0, 0, 2}};

int64_t panel_bytes(const Int8Plan& p, int64_t panel) {
  return 16 * p.depth * 2 * int8_panel_width(p.outputs, panel);
}

// 2G g (2G)' of one filter's channel; its taps are `step` apart.
std::array<int16_t, 16> transformed(const int8_t* filter, int64_t step) {
  std::array<int16_t, 16> u = {};
  for (size_t i = 0; i < 4; ++i) {
    for (size_t j = 0; j < 4; ++j) {
      int32_t sum = 0;
      for (size_t y = 0; y < 3; ++y) {
        for (size_t x = 0; x < 3; ++x) {
          sum += kFilterTransform[i][y] * kFilterTransform[j][x] *
                 filter[static_cast<int64_t>(3 * y + x) * step];
        }
      }
      u[4 * i + j] = static_cast<int16_t>(sum);
    }
  }
  return u;
}

}  // namespace

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
    const int64_t width = int8_panel_width(p.outputs, panel);
    auto* to = reinterpret_cast<int16_t*>(static_cast<uint8_t*>(blob) + offset_bytes);
    offset_bytes += panel_bytes(p, panel);
    for (int64_t lane = 0; lane < width; ++lane) {
      const int64_t channel = panel * kPanelChannels + channel_of_lane(lane, width);
      for (int64_t c = 0; c < p.depth; ++c) {
        std::array<int16_t, 16> u = {};
        if (channel < p.outputs) u = transformed(weights + channel * p.patch + c, p.depth);
        for (int64_t place = 0; place < 16; ++place) {
          to[((place * p.depth + c) / 2 * width + lane) * 2 + c % 2] =
              u[static_cast<size_t>(place)];
        }
      }
    }
  }
}

}  // namespace mote::kernels
