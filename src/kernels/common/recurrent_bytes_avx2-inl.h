// Products of recurrent kernels on bytes, for files that are compiled for AVX2:
// all the gates of sixteen units at once.
//
// Sixteen units are a block (the last one filled up with zeros); columns are
// taken by fours. A matrix [gates * units, columns] is packed as
// [block][columns / 4][gate][half of the block][unit][column], so that a
// register holds four columns of eight units:
//
//   block 0, columns 0..3:  | u0: c0 c1 c2 c3 | u1: c0 .. c3 | .. | u7 |  gate
//   0, units 0..7
//                           | u8: c0 .. c3    | ..           | .. | u15 | gate
//                           0, units 8..15 gate 1, units 0..7; ...
//
// A product of bytes is |x| * (w with the sign of x): |x| <= 128 and |w| <=
// 127, so that the sum of two fits 16 bits, always. No weight may be -128.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace mote::kernels::MOTE_ISA {

constexpr int64_t kBlockUnits = 16;

inline int64_t blocks_of(int64_t units) { return (units + kBlockUnits - 1) / kBlockUnits; }
inline int64_t by_fours(int64_t columns) { return (columns + 3) / 4; }

// Bytes of a packed matrix.
inline int64_t packed_matrix_bytes(int gates, int64_t units, int64_t columns) {
  return blocks_of(units) * by_fours(columns) * gates * kBlockUnits * 4;
}

// Columns [first, first + columns) of w [gates * units, row_size]; returns the
// end.
inline int8_t* pack_matrix(const int8_t* w, int gates, int64_t units, int64_t row_size,
                           int64_t first, int64_t columns, int8_t* packed) {
  for (int64_t block = 0; block < blocks_of(units); ++block) {
    for (int64_t four = 0; four < by_fours(columns); ++four) {
      for (int64_t i = 0; i < gates * kBlockUnits * 4; ++i) {
        const int64_t gate = i / (kBlockUnits * 4);
        const int64_t unit = block * kBlockUnits + i / 4 % kBlockUnits;
        const int64_t column = four * 4 + i % 4;
        const bool inside = unit < units && column < columns;
        *packed++ = inside ? w[(gate * units + unit) * row_size + first + column] : int8_t{0};
      }
    }
  }
  return packed;
}

// Values by gate to [blocks, gates, 16], zeros where there are no units.
template <class T>
inline void regroup(const T* from, int gates, int64_t units, T* to) {
  for (int64_t block = 0; block < blocks_of(units); ++block) {
    for (int64_t gate = 0; gate < gates; ++gate) {
      for (int64_t lane = 0; lane < kBlockUnits; ++lane) {
        const int64_t unit = block * kBlockUnits + lane;
        *to++ = unit < units ? from[gate * units + unit] : T{0};
      }
    }
  }
}

// The sums of those columns of each row, [blocks, gates, 16]; returns the end.
inline int32_t* pack_row_sums(const int8_t* w, int gates, int64_t units, int64_t row_size,
                              int64_t first, int64_t columns, int32_t* sums) {
  for (int64_t block = 0; block < blocks_of(units); ++block) {
    for (int64_t i = 0; i < gates * kBlockUnits; ++i) {
      const int64_t unit = block * kBlockUnits + i % kBlockUnits;
      const int8_t* row = w + (i / kBlockUnits * units + unit) * row_size + first;
      int32_t sum = 0;
      for (int64_t k = 0; k < columns && unit < units; ++k) sum += row[k];
      *sums++ = sum;
    }
  }
  return sums;
}

// Magnitudes as unsigned bytes.
inline void magnitudes(const int8_t* from, int64_t n, int8_t* sizes) {
  for (int64_t i = 0; i < n; ++i) sizes[i] = static_cast<int8_t>(from[i] < 0 ? -from[i] : from[i]);
}

// sums[gate][half] = W x of one block. x and its magnitudes hold whole fours.
template <int kGates>
[[gnu::noinline]] inline void byte_product(const int8_t* w, const int8_t* x, const int8_t* x_size,
                                           int64_t columns, __m256i (&sums)[kGates][2]) {
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i s[kGates * 2];
  for (auto& sum : s) sum = _mm256_setzero_si256();
  for (int64_t k = 0; k < columns; k += 4, w += kGates * kBlockUnits * 4) {
    int32_t value, size;
    std::memcpy(&value, x + k, 4);
    std::memcpy(&size, x_size + k, 4);
    const __m256i values = _mm256_set1_epi32(value), sizes = _mm256_set1_epi32(size);
    for (int i = 0; i < kGates * 2; ++i) {
      const __m256i weights = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + i * 32));
      const __m256i pairs = _mm256_maddubs_epi16(sizes, _mm256_sign_epi8(weights, values));
      s[i] = _mm256_add_epi32(s[i], _mm256_madd_epi16(pairs, ones));
    }
  }
  for (int i = 0; i < kGates * 2; ++i) sums[i / 2][i % 2] = s[i];
}

}  // namespace mote::kernels::MOTE_ISA
