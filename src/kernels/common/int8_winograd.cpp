#include <array>

#include "kernels/common/int8_conv.h"

namespace mote::kernels {
namespace {

int64_t panel_bytes(const Int8Plan& p, int64_t panel) {
  return 16 * p.depth * 2 * int8_panel_width(p.outputs, panel);
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
