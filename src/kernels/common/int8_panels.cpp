#include "kernels/common/int8_panels.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "kernels/common/mac.h"

namespace mote::kernels {
namespace {

constexpr int kChains[] = {1, 2, 4, 8};
constexpr int32_t kMostOfOneSign = 128;

size_t info_bytes(int64_t n) {
  return (static_cast<size_t>(int8_panels(n)) * sizeof(PanelInfo) + 63) / 64 * 64;
}

// The channel whose cell is number `lane` of a block.
int64_t channel_of_lane(int64_t lane, int64_t width) {
  if (width == kPanelChannels / 2) return lane;
  constexpr int8_t kOrder[] = {0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15};
  return kOrder[lane];
}

// The longest chain under which no lane of the channels' weights can saturate; 0 if there is none.
class ChainProof {
 public:
  // Step k of a channel whose steps come in order.
  void start_channel() { std::memset(sums_, 0, sizeof sums_); }
  void add(int64_t k, int32_t weight) {
    const int64_t half = k / 2 % 2;
    for (size_t i = 0; i < std::size(kChains); ++i) {
      if (k % (kBlockSteps * kChains[i]) == 0) std::memset(sums_[i], 0, sizeof sums_[i]);
      int32_t& sum = sums_[i][half][weight < 0];
      sum += weight < 0 ? -weight : weight;
      most_[i] = std::max(most_[i], sum);
    }
  }
  int32_t longest() const {
    int32_t found = 0;
    for (size_t i = 0; i < std::size(kChains); ++i) {
      if (most_[i] <= kMostOfOneSign) found = kChains[i];
    }
    return found;
  }

 private:
  int32_t sums_[std::size(kChains)][2][2] = {};  // by chain, lane and sign
  int32_t most_[std::size(kChains)] = {};
};

// Weights of `type` as `load(channel, k)`.
template <class Body>
void with_weights(const WeightMatrix& w, const Body& body) {
  if (w.type == kMoteI8) {
    const int8_t* data = static_cast<const int8_t*>(w.data) + w.first;
    body([&](int64_t c, int64_t k) -> int32_t { return data[c * w.k + k]; });
  } else if (w.type == kMoteU8) {
    const uint8_t* data = static_cast<const uint8_t*>(w.data) + w.first;
    body([&](int64_t c, int64_t k) -> int32_t { return data[c * w.k + k]; });
  } else {
    body([&](int64_t c, int64_t k) { return mote_load(w.data, w.first + c * w.k + k, w.type); });
  }
}

// Where in a panel step k of a lane lies.
int64_t place(int64_t k, int64_t lane, int64_t width, bool words) {
  const int64_t block = k / kBlockSteps * kBlockSteps * width;
  if (!words) return block + lane * kBlockSteps + k % kBlockSteps;
  return block + k % kBlockSteps / 2 * width * 2 + lane * 2 + k % 2;
}

template <class Load>
void pack_panel(const Load& load, int64_t k, int64_t channels, int64_t width, int32_t zero,
                int32_t other_centre, bool only_bytes, PanelInfo* info, int8_t* out) {
  int32_t least = 0, most = 0;
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t i = 0; i < k; ++i) {
      least = std::min(least, load(c, i) - zero);
      most = std::max(most, load(c, i) - zero);
    }
  }
  info->centre = least < -128 || most > 127 ? other_centre : zero;
  ChainProof proof;
  for (int64_t c = 0; c < channels; ++c) {
    proof.start_channel();
    for (int64_t i = 0; i < k; ++i) proof.add(i, load(c, i) - info->centre);
  }
  info->chain = only_bytes ? std::max(proof.longest(), 1) : proof.longest();
  std::memset(info->sums, 0, sizeof info->sums);
  std::memset(out, 0, static_cast<size_t>(int8_blocks(k) * kBlockSteps * width));
  for (int64_t lane = 0; lane < width; ++lane) {
    const int64_t c = channel_of_lane(lane, width);
    if (c >= channels) continue;
    uint32_t sum = 0;
    for (int64_t i = 0; i < k; ++i) {
      const int32_t weight = load(c, i) - info->centre;
      sum += static_cast<uint32_t>(weight);
      out[place(i, lane, width, info->chain == 0)] = static_cast<int8_t>(weight);
    }
    info->sums[lane] = static_cast<int32_t>(sum);
  }
}

}  // namespace

size_t int8_panels_bytes(int64_t n, int64_t k) {
  if (n == 0) return 0;
  const int64_t last = int8_panels(n) - 1;
  const int64_t channels = last * kPanelChannels + int8_panel_width(n, last);
  const auto data = static_cast<size_t>(int8_blocks(k) * kBlockSteps * channels);
  return info_bytes(n) + (data + 63) / 64 * 64;
}

void pack_int8_panels(const WeightMatrix& w, bool only_bytes, void* packed) {
  auto* infos = static_cast<PanelInfo*>(packed);
  std::memset(packed, 0, int8_panels_bytes(w.n, w.k));
  const int64_t panel_bytes = int8_blocks(w.k) * kBlockSteps * kPanelChannels;
  with_weights(w, [&](const auto& load) {
    for (int64_t p = 0; p < int8_panels(w.n); ++p) {
      infos[p].offset_bytes = static_cast<int64_t>(info_bytes(w.n)) + p * panel_bytes;
      const int64_t first = p * kPanelChannels;
      pack_panel([&](int64_t c, int64_t k) { return load(first + c, k); }, w.k,
                 std::min(kPanelChannels, w.n - first), int8_panel_width(w.n, p), w.zero,
                 w.type == kMoteU8 ? 128 : 0, only_bytes, &infos[p],
                 static_cast<int8_t*>(packed) + infos[p].offset_bytes);
    }
  });
}

}  // namespace mote::kernels
