// Products of recurrent kernels by vectors: all the gates of a few units at once.
//
// Units are taken in groups of kLanes (the last one filled up with zeros). A matrix [gates * units,
// columns] is packed as [group][column][gate][lane], so that for every column the weights of a
// group are gates vectors side by side:
//
//   group 0:  column 0: | i0 .. i7 | f0 .. f7 | g0 .. g7 | o0 .. o7 |
//             column 1: | i0 .. i7 | f0 .. f7 | ...
//   group 1:  column 0: | i8 .. i15 | ...
//
// Weights are floats, or float16 where every one of them is.
#pragma once

#include "kernels/quantize/ref.h"
#include "simd/vec_math.h"

namespace mote::kernels::MOTE_ISA {

namespace v = simd::MOTE_ISA;

inline v::F32 load_weights(const float* from) { return v::load(from); }
#if defined(__F16C__)
inline v::F32 load_weights(const uint16_t* from) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
#else
inline v::F32 load_weights(const uint16_t* from) {
  v::F32 x;
  for (int i = 0; i < v::kLanes; ++i) x[i] = mote_half_to_f32(from[i]);
  return x;
}
#endif

inline int64_t groups_of(int64_t units) { return (units + v::kLanes - 1) / v::kLanes; }

inline void pack_weight(float value, float* to) { *to = value; }
inline void pack_weight(float value, uint16_t* to) { *to = mote_f32_to_half(value); }

// Columns [first, first + columns) of w [gates * units, row].
template <class W>
inline void pack_gates(const float* w, int gates, int64_t units, int64_t row, int64_t first,
                       int64_t columns, W* packed) {
  for (int64_t group = 0; group < groups_of(units); ++group) {
    for (int64_t k = 0; k < columns; ++k) {
      for (int gate = 0; gate < gates; ++gate) {
        for (int64_t lane = 0; lane < v::kLanes; ++lane, ++packed) {
          const int64_t unit = group * v::kLanes + lane;
          pack_weight(unit < units ? w[(gate * units + unit) * row + first + k] : 0.0f, packed);
        }
      }
    }
  }
}

// sums[r][gate] += W x_r for kRows vectors x_r, a group of W. Not inlined, here and below: what the
// caller keeps in registers would push the sums out of them.
template <int kRows, int kGates, class W>
[[gnu::noinline]] inline void add_products(const W* w, const float* const* x, int64_t columns,
                                           v::F32 (&sums)[kRows][kGates]) {
  v::F32 s[kRows][kGates];
  std::memcpy(s, sums, sizeof s);
  for (int64_t k = 0; k < columns; ++k, w += kGates * v::kLanes) {
    v::F32 values[kRows];
    for (int r = 0; r < kRows; ++r) values[r] = v::splat(x[r][k]);
    for (int gate = 0; gate < kGates; ++gate) {
      const v::F32 weights = load_weights(w + gate * v::kLanes);
      for (int r = 0; r < kRows; ++r) s[r][gate] = v::fma(values[r], weights, s[r][gate]);
    }
  }
  std::memcpy(sums, s, sizeof s);
}

// The same for one x and kGroups neighbouring groups of W, so that enough sums are under way.
template <int kGroups, int kGates, class W>
[[gnu::noinline]] inline void add_product(const W* w, const float* x, int64_t columns,
                                          v::F32 (&sums)[kGroups][kGates]) {
  const int64_t size = columns * kGates * v::kLanes;
  v::F32 s[kGroups][kGates];
  std::memcpy(s, sums, sizeof s);
  for (int64_t k = 0; k < columns; ++k, w += kGates * v::kLanes) {
    const v::F32 value = v::splat(x[k]);
    for (int g = 0; g < kGroups; ++g) {
      for (int gate = 0; gate < kGates; ++gate) {
        s[g][gate] = v::fma(value, load_weights(w + g * size + gate * v::kLanes), s[g][gate]);
      }
    }
  }
  std::memcpy(sums, s, sizeof s);
}

// to [rows, groups, gates, lanes] = bias + W x_t, where row r of x starts at x + r * step. bias is
// [gates * units] or null.
template <int kGates, class W>
inline void project(const W* w, const float* bias, const float* x, int64_t step, int64_t rows,
                    int64_t columns, int64_t units, float* to) {
  constexpr int kRows = 12 / kGates;  // twelve sums, four or three weights: within 16 registers
  const int64_t groups = groups_of(units), group_size = kGates * v::kLanes;
  for (int64_t group = 0; group < groups; ++group, w += columns * group_size) {
    v::F32 first[kGates];
    for (int gate = 0; gate < kGates; ++gate) {
      const int64_t unit = group * v::kLanes, left = units - unit;
      first[gate] =
          !bias ? v::F32{}
                : v::load_part(bias + gate * units + unit, left < v::kLanes ? left : v::kLanes);
    }
    const auto rows_from = [&]<int kCount>(int64_t r) {
      const float* from[kCount];
      v::F32 sums[kCount][kGates];
      for (int i = 0; i < kCount; ++i) {
        from[i] = x + (r + i) * step;
        for (int gate = 0; gate < kGates; ++gate) sums[i][gate] = first[gate];
      }
      add_products<kCount, kGates>(w, from, columns, sums);
      for (int i = 0; i < kCount; ++i) {
        float* at = to + ((r + i) * groups + group) * group_size;
        for (int gate = 0; gate < kGates; ++gate) v::store(at + gate * v::kLanes, sums[i][gate]);
      }
    };
    int64_t r = 0;
    for (; r + kRows <= rows; r += kRows) rows_from.template operator()<kRows>(r);
    for (; r < rows; ++r) rows_from.template operator()<1>(r);
  }
}

}  // namespace mote::kernels::MOTE_ISA
