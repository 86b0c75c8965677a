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
  // One run of a channel, less the centre.
  void add_run(const int16_t* weights, int64_t run) {
    int32_t sums[std::size(kChains)][4] = {};  // of positive and negative weights of both lanes
    for (int64_t block = 0; block * kBlockSteps < run && longest_ > 0; ++block) {
      int32_t lanes[4] = {};
      for (int64_t i = block * kBlockSteps; i < std::min(run, (block + 1) * kBlockSteps); ++i) {
        const int32_t w = weights[i];
        lanes[i / 2 % 2] += std::max(w, 0);
        lanes[2 + i / 2 % 2] += std::max(-w, 0);
      }
      for (size_t c = 0; c < std::size(kChains) && kChains[c] <= longest_; ++c) {
        const bool starts = block % kChains[c] == 0;
        for (size_t i = 0; i < 4; ++i) {
          sums[c][i] = (starts ? 0 : sums[c][i]) + lanes[i];
          if (sums[c][i] > kMostOfOneSign) longest_ = c == 0 ? 0 : kChains[c - 1];
        }
      }
    }
  }
  int32_t longest() const { return longest_; }

 private:
  int32_t longest_ = kChains[std::size(kChains) - 1];
};

// Weights of `type` as `load(channel, place)`, a place being counted from the channel's first run.
template <class Body>
void with_weights(const WeightMatrix& w, const Body& body) {
  const int64_t first = w.steps.first, step = w.steps.channel;
  if (w.type == kMoteI8) {
    const int8_t* data = static_cast<const int8_t*>(w.data) + first;
    body([=](int64_t c, int64_t at) -> int32_t { return data[c * step + at]; });
  } else if (w.type == kMoteU8) {
    const uint8_t* data = static_cast<const uint8_t*>(w.data) + first;
    body([=](int64_t c, int64_t at) -> int32_t { return data[c * step + at]; });
  } else {
    body([&](int64_t c, int64_t at) { return mote_load(w.data, first + c * step + at, w.type); });
  }
}

// The part of a matrix that becomes one panel.
struct PanelShape {
  int64_t runs, run, taps, row_step, tap_step, channels, width;
  int32_t zero, other_centre;
  bool only_bytes, may_leave_bytes;  // less the zero point
};

// The weights of one run, widened.
template <class Load>
void load_run(const Load& load, int64_t channel, int64_t first, int64_t count, int32_t centre,
              int16_t* out) {
  for (int64_t i = 0; i < count; ++i) {
    out[i] = static_cast<int16_t>(load(channel, first + i) - centre);
  }
}

// Runs are taken in pieces of whole chains.
constexpr int64_t kPiece = 256;

// Calls body(first, count, at) for the pieces of all runs: places [first, first + count), and where
// they start once runs are filled up.
template <class Body>
void each_piece(const PanelShape& s, const Body& body) {
  const int64_t filled = int8_blocks(s.run) * kBlockSteps;
  for (int64_t run = 0; run < s.runs; ++run) {
    const int64_t first = run / s.taps * s.row_step + run % s.taps * s.tap_step;
    for (int64_t i = 0; i < s.run; i += kPiece) {
      body(first + i, std::min(kPiece, s.run - i), run * filled + i);
    }
  }
}

// Puts weights of one lane where they belong; `at` is a multiple of a block.
void place_weights(const int16_t* weights, int64_t count, int64_t at, int64_t lane,
                   const PanelShape& s, bool words, int8_t* out) {
  int8_t* block = out + at * s.width;
  for (int64_t i = 0; i < count; i += kBlockSteps, block += kBlockSteps * s.width) {
    const int64_t steps = std::min(kBlockSteps, count - i);
    for (int64_t j = 0; j < steps; ++j) {
      const int64_t place = words ? j / 2 * s.width * 2 + lane * 2 + j % 2 : lane * kBlockSteps + j;
      block[place] = static_cast<int8_t>(weights[i + j]);
    }
  }
}

template <class Load>
void pack_panel(const Load& load, const PanelShape& s, PanelInfo* info, int8_t* out) {
  int32_t least = 0, most = 0;
  for (int64_t c = 0; c < s.channels && s.may_leave_bytes; ++c) {
    each_piece(s, [&](int64_t first, int64_t count, int64_t) {
      for (int64_t i = first; i < first + count; ++i) {
        least = std::min(least, load(c, i) - s.zero);
        most = std::max(most, load(c, i) - s.zero);
      }
    });
  }
  info->centre = least < -128 || most > 127 ? s.other_centre : s.zero;
  int16_t weights[kPiece];
  ChainProof proof;
  for (int64_t c = 0; c < s.channels && !s.only_bytes && proof.longest() > 0; ++c) {
    each_piece(s, [&](int64_t first, int64_t count, int64_t) {
      load_run(load, c, first, count, info->centre, weights);
      proof.add_run(weights, count);
    });
  }
  info->chain = s.only_bytes ? 1 : proof.longest();
  for (int64_t lane = 0; lane < s.width; ++lane) {
    const int64_t c = channel_of_lane(lane, s.width);
    if (c >= s.channels) continue;
    uint32_t sum = 0;
    each_piece(s, [&](int64_t first, int64_t count, int64_t at) {
      load_run(load, c, first, count, info->centre, weights);
      for (int64_t i = 0; i < count; ++i) sum += static_cast<uint32_t>(int32_t{weights[i]});
      place_weights(weights, count, at, lane, s, info->chain == 0, out);
    });
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
                                w.taps,
                                w.steps.row,
                                w.steps.tap,
                                std::min(kPanelChannels, w.n - first),
                                int8_panel_width(w.n, p),
                                w.zero,
                                w.type == kMoteU8 ? 128 : 0,
                                only_bytes,
                                w.type == kMoteU8 || w.zero != 0};
      pack_panel([&](int64_t c, int64_t i) { return load(first + c, i); }, shape, &infos[p],
                 static_cast<int8_t*>(packed) + infos[p].offset_bytes);
    }
  });
}

}  // namespace mote::kernels
