#include "kernels/common/int8_panels.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "kernels/common/mac.h"

namespace mote::kernels {
namespace {

constexpr int kChains[] = {1, 2, 4, 8};
constexpr int32_t kMostOfOneSign = 128;

// The longest chain under which no lane of the channels' weights can saturate; 0 if there is none.
class ChainProof {
 public:
  // Step i of a run; the steps of a run come in order.
  void add(int64_t i, int32_t weight) {
    const int64_t half = i / 2 % 2;
    for (size_t c = 0; c < std::size(kChains); ++c) {
      if (i % (kBlockSteps * kChains[c]) == 0) std::memset(sums_[c], 0, sizeof sums_[c]);
      int32_t& sum = sums_[c][half][weight < 0];
      sum += weight < 0 ? -weight : weight;
      most_[c] = std::max(most_[c], sum);
    }
  }
  int32_t longest() const {
    int32_t found = 0;
    for (size_t c = 0; c < std::size(kChains); ++c) {
      if (most_[c] <= kMostOfOneSign) found = kChains[c];
    }
    return found;
  }

 private:
  int32_t sums_[std::size(kChains)][2][2] = {};  // by chain, lane and sign
  int32_t most_[std::size(kChains)] = {};
};

int64_t k_of(const WeightMatrix& w) { return w.runs * w.run; }

// Weights of `type` as `load(channel, k)`.
template <class Body>
void with_weights(const WeightMatrix& w, const Body& body) {
  if (w.type == kMoteI8) {
    const int8_t* data = static_cast<const int8_t*>(w.data) + w.first;
    body([&](int64_t c, int64_t k) -> int32_t { return data[c * k_of(w) + k]; });
  } else if (w.type == kMoteU8) {
    const uint8_t* data = static_cast<const uint8_t*>(w.data) + w.first;
    body([&](int64_t c, int64_t k) -> int32_t { return data[c * k_of(w) + k]; });
  } else {
    body(
        [&](int64_t c, int64_t k) { return mote_load(w.data, w.first + c * k_of(w) + k, w.type); });
  }
}

// Where in a panel step k of a lane lies.
int64_t place(int64_t k, int64_t lane, int64_t width, bool words) {
  const int64_t block = k / kBlockSteps * kBlockSteps * width;
  if (!words) return block + lane * kBlockSteps + k % kBlockSteps;
  return block + k % kBlockSteps / 2 * width * 2 + lane * 2 + k % 2;
}

// The part of a matrix that becomes one panel.
struct PanelShape {
  int64_t runs, run, channels, width;
  int32_t zero, other_centre;
  bool only_bytes;
};

template <class Load>
void pack_panel(const Load& load, const PanelShape& s, PanelInfo* info, int8_t* out) {
  int32_t least = 0, most = 0;
  const int64_t k = s.runs * s.run;
  for (int64_t c = 0; c < s.channels; ++c) {
    for (int64_t i = 0; i < k; ++i) {
      least = std::min(least, load(c, i) - s.zero);
      most = std::max(most, load(c, i) - s.zero);
    }
  }
  info->centre = least < -128 || most > 127 ? s.other_centre : s.zero;
  ChainProof proof;
  for (int64_t c = 0; c < s.channels; ++c) {
    for (int64_t i = 0; i < k; ++i) proof.add(i % s.run, load(c, i) - info->centre);
  }
  info->chain = s.only_bytes ? std::max(proof.longest(), 1) : proof.longest();
  const int64_t filled = int8_blocks(s.run) * kBlockSteps;
  for (int64_t lane = 0; lane < s.width; ++lane) {
    const int64_t c = channel_of_lane(lane, s.width);
    if (c >= s.channels) continue;
    uint32_t sum = 0;
    for (int64_t i = 0; i < k; ++i) {
      const int32_t weight = load(c, i) - info->centre;
      sum += static_cast<uint32_t>(weight);
      const int64_t at = i / s.run * filled + i % s.run;
      out[place(at, lane, s.width, info->chain == 0)] = static_cast<int8_t>(weight);
    }
    info->sums[lane] = static_cast<int32_t>(sum);
  }
}

}  // namespace

int64_t channel_of_lane(int64_t lane, int64_t width) {
  constexpr int8_t kOrder[] = {0, 2, 1, 3, 8, 10, 9, 11, 4, 6, 5, 7, 12, 14, 13, 15};
  constexpr int8_t kOrderOf8[] = {0, 2, 1, 3, 4, 6, 5, 7};
  return width == kPanelChannels ? kOrder[lane] : kOrderOf8[lane];
}

size_t int8_infos_bytes(int64_t n) {
  return (static_cast<size_t>(int8_panels(n)) * sizeof(PanelInfo) + 63) / 64 * 64;
}

size_t int8_panels_bytes(int64_t n, int64_t k) {
  if (n == 0) return 0;
  const int64_t last = int8_panels(n) - 1;
  const int64_t channels = last * kPanelChannels + int8_panel_width(n, last);
  const auto data = static_cast<size_t>(int8_blocks(k) * kBlockSteps * channels);
  return int8_infos_bytes(n) + (data + 63) / 64 * 64;
}

void pack_int8_panels(const WeightMatrix& w, bool only_bytes, void* packed) {
  auto* infos = static_cast<PanelInfo*>(packed);
  const int64_t k = w.runs * int8_blocks(w.run) * kBlockSteps;
  std::memset(packed, 0, int8_panels_bytes(w.n, k));
  with_weights(w, [&](const auto& load) {
    for (int64_t p = 0; p < int8_panels(w.n); ++p) {
      infos[p].offset_bytes = static_cast<int64_t>(int8_infos_bytes(w.n)) + p * k * kPanelChannels;
      const int64_t first = p * kPanelChannels;
      const PanelShape shape = {w.runs,
                                w.run,
                                std::min(kPanelChannels, w.n - first),
                                int8_panel_width(w.n, p),
                                w.zero,
                                w.type == kMoteU8 ? 128 : 0,
                                only_bytes};
      pack_panel([&](int64_t c, int64_t i) { return load(first + c, i); }, shape, &infos[p],
                 static_cast<int8_t*>(packed) + infos[p].offset_bytes);
    }
  });
}

}  // namespace mote::kernels
