// For tests of the multiply-accumulate families: random windows, random integer arithmetic, and the
// comparison of every row with the reference.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "kernels/common/mac.h"
#include "kernels/common/row_runner.h"

namespace mote::kernels {

// A random window with at least one output pixel. Output channels are the caller's to set.
inline MoteWindow random_window(Random& r, bool dilated) {
  MoteWindow g = {};
  g.batches = static_cast<int32_t>(r.between(1, 2));
  g.in_h = static_cast<int32_t>(r.between(1, 11));
  g.in_w = static_cast<int32_t>(r.between(1, 11));
  g.filter_h = static_cast<int32_t>(r.between(1, 4));
  g.filter_w = static_cast<int32_t>(r.between(1, 4));
  g.stride_h = static_cast<int32_t>(r.between(1, 3));
  g.stride_w = static_cast<int32_t>(r.between(1, 3));
  g.dilation_h = dilated ? static_cast<int32_t>(r.between(1, 3)) : 1;
  g.dilation_w = dilated ? static_cast<int32_t>(r.between(1, 3)) : 1;
  const auto axis = [&](int32_t in, int32_t filter, int32_t stride, int32_t dilation, int32_t* out,
                        int32_t* pad) {
    const int32_t span = (filter - 1) * dilation + 1;
    if (in < span || r.coin()) {  // SAME
      *out = (in + stride - 1) / stride;
      *pad = std::max(0, (*out - 1) * stride + span - in) / 2;
    } else {  // VALID
      *out = (in - span) / stride + 1;
      *pad = 0;
    }
  };
  axis(g.in_h, g.filter_h, g.stride_h, g.dilation_h, &g.out_h, &g.pad_top);
  axis(g.in_w, g.filter_w, g.stride_w, g.dilation_w, &g.out_w, &g.pad_left);
  return g;
}

// The transposed window: what was the output is the input.
inline MoteWindow transposed(MoteWindow g) {
  std::swap(g.in_h, g.out_h);
  std::swap(g.in_w, g.out_w);
  return g;
}

struct IntTensors {
  MoteIntMac mac = {};
  std::vector<uint8_t> x, w, bias, first, second;  // raw bytes; `first`, `second` are the scales
  const void* bias_data() const { return bias.empty() ? nullptr : bias.data(); }
  const void* second_data() const { return second.empty() ? nullptr : second.data(); }
};

template <class T>
std::vector<uint8_t> bytes_of_vector(const std::vector<T>& v) {
  std::vector<uint8_t> b(v.size() * sizeof(T));
  if (!b.empty()) std::memcpy(b.data(), v.data(), b.size());
  return b;
}

inline std::vector<uint8_t> random_elements(Random& r, int32_t type, int64_t n) {
  switch (type) {
    case kMoteI8:
      return bytes_of_vector(r.ints<int8_t>(n, -128, 127));
    case kMoteU8:
      return bytes_of_vector(r.ints<uint8_t>(n, 0, 255));
    case kMoteI4:
      return bytes_of_vector(r.ints<uint8_t>((n + 1) / 2, 0, 255));
    default:
      return bytes_of_vector(r.ints<int16_t>(n, -32768, 32767));
  }
}

// One of the combinations that the operators have: int8 (or int4 weights), uint8, int16 with either
// bias.
inline IntTensors random_int(Random& r, int64_t x_count, int64_t w_count, int64_t channels,
                             int64_t depth) {
  IntTensors t;
  const int64_t kind = r.between(0, 4);
  MoteIntMac& m = t.mac;
  m.x_type = m.y_type = kind <= 1 ? kMoteI8 : kind == 2 ? kMoteU8 : kMoteI16;
  m.w_type = kind == 1 ? kMoteI4 : kind == 2 ? kMoteU8 : kMoteI8;
  const bool exact = r.between(0, 3) == 0;
  m.rounding = kind == 3 ? (exact ? kMoteExact64 : kMoteWide) : (exact ? kMoteExact32 : kMoteTwice);
  m.x_zero = kind <= 1   ? static_cast<int32_t>(r.between(-128, 127))
             : kind == 2 ? static_cast<int32_t>(r.between(0, 255))
                         : 0;
  m.y_zero = m.x_zero == 0
                 ? 0
                 : static_cast<int32_t>(kind == 2 ? r.between(0, 255) : r.between(-128, 127));
  m.w_zero = kind == 2 ? static_cast<int32_t>(r.between(0, 255)) : 0;
  m.act_min = kind <= 1 ? -128 : kind == 2 ? 0 : -32768;
  m.act_max = kind <= 1 ? 127 : kind == 2 ? 255 : 32767;
  if (r.coin()) m.act_min = m.y_zero;
  t.x = random_elements(r, m.x_type, x_count);
  t.w = random_elements(r, m.w_type, w_count);
  const bool wide = m.rounding == kMoteWide || m.rounding == kMoteExact64;
  const bool extreme = r.between(0, 4) == 0;  // accumulators that wrap
  if (r.between(0, 5) != 0) {
    const int64_t limit = extreme ? (wide ? int64_t{1} << 40 : INT32_MAX) : 100000;
    t.bias = wide ? bytes_of_vector(r.ints<int64_t>(channels, -limit, limit))
                  : bytes_of_vector(r.ints<int32_t>(channels, -limit, limit));
  }
  const double typical = (kind >= 3 ? 4.0 : 1.0) / (std::sqrt(static_cast<double>(depth)) * 40.0);
  std::vector<int32_t> multiplier, shift;
  std::vector<double> scale;
  for (int64_t c = 0; c < channels; ++c) {
    const double real = typical * std::exp2(static_cast<double>(r.real(-4, 7)));
    int32_t q = 0;
    int s = 0;
    mote_split_multiplier(real, &q, &s);
    multiplier.push_back(q), shift.push_back(s), scale.push_back(real);
  }
  t.first = exact ? bytes_of_vector(scale) : bytes_of_vector(multiplier);
  if (!exact) t.second = bytes_of_vector(shift);
  return t;
}

// Brings 8-bit weights nearer to their zero point, so that fast rows may use what only small
// weights allow.
inline void shrink_weights(Random& r, IntTensors* t) {
  const MoteIntMac& m = t->mac;
  const int64_t most = int64_t{1} << r.between(2, 8);
  if (m.w_type != kMoteI8 && m.w_type != kMoteU8) return;
  for (uint8_t& w : t->w) {
    const int32_t value = m.w_type == kMoteI8 ? static_cast<int8_t>(w) : w;
    const int64_t near = (value - m.w_zero) % most + m.w_zero;
    if (m.w_type == kMoteU8 && (near < 0 || near > 255)) continue;
    w = static_cast<uint8_t>(near);
  }
}

inline int64_t element_bytes(int32_t type, int64_t n) {
  return type == kMoteI16 ? 2 * n : type == kMoteI32 ? 4 * n : n;
}

// Every row that takes the parameters gives the reference's bytes, or (tolerance > 0) floats as
// near as that, relative to the largest.
inline void expect_rows_agree(const Family& family, const void* params,
                              const std::vector<const void*>& in, int64_t y_bytes,
                              float tolerance = 0) {
  std::vector<uint8_t> wanted(static_cast<size_t>(y_bytes) + 16, 0xee);
  bool intact = false;
  ASSERT_EQ(run_row(family.rows.back(), params, in, {wanted.data()}, &intact), kOk);
  family.each_usable(params, [&](const Kernel& row) {
    std::vector<uint8_t> got(static_cast<size_t>(y_bytes) + 16, 0xee);
    ASSERT_EQ(run_row(row, params, in, {got.data()}, &intact), kOk) << row.name;
    EXPECT_TRUE(intact) << row.name << " writes past its scratch or packed weights";
    ASSERT_EQ(std::memcmp(got.data() + y_bytes, wanted.data() + y_bytes, 16), 0)
        << row.name << " writes past y";
    if (tolerance == 0) {
      ASSERT_EQ(std::memcmp(got.data(), wanted.data(), static_cast<size_t>(y_bytes)), 0)
          << row.name;
      return;
    }
    const size_t n = static_cast<size_t>(y_bytes) / sizeof(float);
    std::vector<float> a(n), b(n);
    std::memcpy(a.data(), got.data(), n * sizeof(float));
    std::memcpy(b.data(), wanted.data(), n * sizeof(float));
    float largest = 1;
    for (float v : b) largest = std::max(largest, std::abs(v));
    for (size_t i = 0; i < n; ++i)
      ASSERT_NEAR(a[i], b[i], tolerance * largest) << row.name << " at " << i;
  });
}

}  // namespace mote::kernels
