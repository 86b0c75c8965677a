// The vectorised requantization gives the bits of mac.h, for every sum.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "kernels/common/requantize_probe.h"
#include "kernels/common/row_runner.h"
#include "simd/cpu.h"

namespace mote::kernels {
namespace {

struct Case {
  std::vector<int32_t> x, multiplier, shift;
  std::vector<double> exact;
};

void expect_same(const MoteIntMac& mac, const Case& c) {
  const size_t n = c.x.size();
  std::vector<int32_t> wanted(n, 0x55555555), got(n, 0x55555555);
  const MoteScales scales = {c.multiplier.data(), c.shift.data(), c.exact.data()};
  for (size_t i = 0; i < n; ++i) {
    const auto at = static_cast<int64_t>(i);
    mote_store(wanted.data(), at, mac.y_type, mote_requantize(&mac, &scales, at, c.x[i]));
  }
  requantize_with_avx2(mac, c.x.data(), c.multiplier.data(), c.shift.data(), c.exact.data(),
                       static_cast<int64_t>(n), got.data());
  if (std::memcmp(wanted.data(), got.data(), n * sizeof(int32_t)) == 0) return;
  for (size_t i = 0; i < n; ++i) {
    const auto at = static_cast<int64_t>(i);
    ASSERT_EQ(mote_load(got.data(), at, mac.y_type), mote_load(wanted.data(), at, mac.y_type))
        << "x " << c.x[i] << " multiplier " << c.multiplier[i] << " shift " << c.shift[i]
        << " scale " << c.exact[i];
  }
  FAIL() << "stores past its elements";
}

bool can_run() {
  const MoteIntMac mac = {};
  return simd::has(simd::Isa::avx2) &&
         requantize_with_avx2(mac, nullptr, nullptr, nullptr, nullptr, 0, nullptr);
}

// The whole value is seen through int32; the other types see the clamp and the store.
MoteIntMac random_mac(Random& r, int32_t rounding) {
  MoteIntMac mac = {};
  mac.rounding = rounding;
  mac.y_type =
      static_cast<int32_t>(r.between(0, 1) == 0 ? int64_t{kMoteI32} : r.between(kMoteI8, kMoteI16));
  mac.y_zero = static_cast<int32_t>(r.between(-128, 255));
  const bool is_u8 = mac.y_type == kMoteU8, is_i16 = mac.y_type == kMoteI16;
  mac.act_min = mac.y_type == kMoteI32 ? INT32_MIN : is_u8 ? 0 : is_i16 ? -32768 : -128;
  mac.act_max = mac.y_type == kMoteI32 ? INT32_MAX : is_u8 ? 255 : is_i16 ? 32767 : 127;
  if (r.between(0, 2) == 0) {
    mac.y_zero = std::clamp(mac.y_zero, mac.act_min, mac.act_max);
    mac.act_min = mac.y_zero;
  }
  return mac;
}

int32_t extreme(Random& r) {
  const int32_t near = static_cast<int32_t>(r.between(-3, 3));
  switch (r.between(0, 3)) {
    case 0:
      return mote_add_wrap(INT32_MIN, near);
    case 1:
      return near;
    case 2:
      return mote_add_wrap(static_cast<int32_t>(1u << r.between(0, 31)), near);
    default:
      return static_cast<int32_t>(r.between(INT32_MIN, INT32_MAX));
  }
}

TEST(Requantize, AnySumsAndScales) {
  if (!can_run()) GTEST_SKIP() << "skipped: no AVX2";
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    Random r(seed);
    const MoteIntMac mac = random_mac(r, seed % 3 == 0 ? kMoteExact32 : kMoteTwice);
    const bool right = seed % 2 == 0;
    Case c;
    for (int64_t i = r.between(1, 200); i > 0; --i) {
      c.x.push_back(extreme(r));
      const int64_t kind = r.between(0, 4);
      const int64_t odd = r.between(int64_t{1} << 30, INT32_MAX);
      c.multiplier.push_back(static_cast<int32_t>(kind == 0   ? 1 << 30
                                                  : kind == 1 ? INT32_MAX
                                                  : kind == 2 ? 0
                                                              : odd));
      c.shift.push_back(
          static_cast<int32_t>(r.between(seed % 4 == 0 ? -20 : -31, right ? -1 : 31)));
      c.exact.push_back(std::ldexp(static_cast<double>(c.multiplier.back()),
                                   static_cast<int>(r.between(-62, -25))));
    }
    expect_same(mac, c);
  }
}

// Sums about every place where a rounding turns: x * multiplier near (2k + 1) * 2^(30 - shift) and
// near the ties of the first rounding.
TEST(Requantize, Ties) {
  if (!can_run()) GTEST_SKIP() << "skipped: no AVX2";
  MoteIntMac mac = {};
  mac.y_type = kMoteI32;
  mac.act_min = INT32_MIN;
  mac.act_max = INT32_MAX;
  mac.rounding = kMoteTwice;
  Random r(1);
  for (int32_t e = 1; e <= 31; ++e) {
    for (int turn = 0; turn < 60; ++turn) {
      const int32_t m =
          turn < 20 ? 1 << 30 : static_cast<int32_t>(r.between(int64_t{1} << 30, INT32_MAX));
      Case c;
      for (int i = 0; i < 64; ++i) {
        const int64_t limit = (int64_t{1} << (31 - e)) - 1;
        const double half = static_cast<double>(r.between(-limit, limit)) + 0.5;
        const double at = std::ldexp(half, 31 + e) / m;
        const double inside = at < -2147483600.0  ? -2147483600.0
                              : at > 2147483600.0 ? 2147483600.0
                                                  : at;
        c.x.push_back(static_cast<int32_t>(inside) + static_cast<int32_t>(r.between(-2, 2)));
        c.multiplier.push_back(m);
        c.shift.push_back(-e);
        c.exact.push_back(std::ldexp(1.0, -e));
      }
      mac.rounding = kMoteTwice;
      expect_same(mac, c);
      mac.rounding = kMoteExact32;
      expect_same(mac, c);
    }
  }
}

}  // namespace
}  // namespace mote::kernels
