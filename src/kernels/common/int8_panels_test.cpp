#include "kernels/common/int8_panels.h"

#include <gtest/gtest.h>

#include "kernels/common/mac.h"
#include "kernels/common/row_runner.h"

namespace mote::kernels {
namespace {

// The largest and the smallest sum that 16 bits would have to hold with this chain.
std::pair<int64_t, int64_t> range_of_chain(const std::vector<int8_t>& w, int64_t n, int64_t k,
                                           int64_t chain) {
  int64_t most = 0, least = 0;
  for (int64_t c = 0; c < n; ++c) {
    for (int64_t first = 0; first < k; first += kBlockSteps * chain) {
      int64_t high[2] = {}, low[2] = {};
      for (int64_t i = first; i < std::min(k, first + kBlockSteps * chain); ++i) {
        const int64_t weight = w[static_cast<size_t>(c * k + i)];
        int64_t* side = weight > 0 ? high : low;
        side[i % 4 / 2] += 255 * weight;
      }
      most = std::max({most, high[0], high[1]});
      least = std::min({least, low[0], low[1]});
    }
  }
  return {least, most};
}

TEST(Int8Panels, ChainsAreTheLongestThatFit) {
  int64_t seen[9] = {};
  for (uint32_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const int64_t n = r.between(1, 16), k = r.between(1, 70), most = int64_t{1} << r.between(2, 7);
    std::vector<int8_t> w = r.ints<int8_t>(n * k, -most, most - 1);
    std::vector<uint64_t> packed(int8_panels_bytes(n, int8_blocks(k) * kBlockSteps) / 8);
    pack_int8_panels({w.data(), kMoteI8, 0, n, 1, k, 1, {0, k, k, k}}, false, packed.data());
    const auto* info = reinterpret_cast<const PanelInfo*>(packed.data());
    const auto fits = [&](int64_t chain) {
      const auto [least, largest] = range_of_chain(w, n, k, chain);
      return least >= -32640 && largest <= 32640;
    };
    if (info->chain > 0) {
      EXPECT_TRUE(fits(info->chain));
    }
    if (info->chain < 8) {
      EXPECT_FALSE(fits(info->chain == 0 ? 1 : info->chain * 2));
    }
    ++seen[info->chain];
  }
  for (const int chain : {0, 1, 2, 4, 8}) EXPECT_GT(seen[chain], 0) << chain;
}

TEST(Int8Panels, CentreMakesWeightsFitBytes) {
  const std::vector<uint8_t> narrow = {100, 150, 120, 130}, broad = {0, 255, 7, 200};
  std::vector<uint64_t> packed(int8_panels_bytes(2, 4) / 8);
  const auto* info = reinterpret_cast<const PanelInfo*>(packed.data());
  pack_int8_panels({narrow.data(), kMoteU8, 120, 2, 1, 2, 1, {0, 2, 2, 2}}, false, packed.data());
  EXPECT_EQ(info->centre, 120);
  EXPECT_EQ(info->sums[0], 10);
  EXPECT_EQ(info->sums[2], 10);  // the lane of channel 1
  pack_int8_panels({broad.data(), kMoteU8, 120, 2, 1, 2, 1, {0, 2, 2, 2}}, false, packed.data());
  EXPECT_EQ(info->centre, 128);
  EXPECT_EQ(info->sums[0], -1);
}

}  // namespace
}  // namespace mote::kernels
