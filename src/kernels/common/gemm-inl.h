// Matrix products that the compiler vectorises on any processor. A is M rows of K elements, B is N
// rows of K elements (the weights), C[m, n] = sum_k A[m, k] * B[n, k].
//
// float: B is packed into panels of 8 rows, so that one step of k is 8 neighbouring floats; each C
// element is summed in the order of k, as the reference does.
//
//   panel p, step k:  B[8p, k] B[8p+1, k] ... B[8p+7, k]      rows past N are zero
//
// integer: rows of int16 against rows of int8 or int16, 2 x 4 at a time: a dot product of int16
// pairs is one instruction on every processor of interest.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/common/float4-inl.h"
#include "kernels/common/half.h"

namespace mote::kernels {

inline constexpr int64_t kPanel = 8;

inline int64_t panels_of(int64_t n) { return (n + kPanel - 1) / kPanel; }
inline size_t panel_bytes(int64_t n, int64_t k) {
  return static_cast<size_t>(panels_of(n) * kPanel * k) * sizeof(float);
}

inline float to_float(float value) { return value; }
inline float to_float(uint16_t half) { return mote_half_to_f32(half); }

// Packs B, floats or halves, element (n, k) at b[n * n_stride + k * k_stride].
template <class Element>
inline void pack_panels(const Element* b, int64_t n, int64_t k, int64_t n_stride, int64_t k_stride,
                        float* packed) {
  for (int64_t p = 0; p < panels_of(n); ++p) {
    const int64_t rows = std::min(kPanel, n - p * kPanel);
    for (int64_t i = 0; i < k; ++i) {
      for (int64_t j = 0; j < kPanel; ++j) {
        *packed++ = j < rows ? to_float(b[(p * kPanel + j) * n_stride + i * k_stride]) : 0.0f;
      }
    }
  }
}

// kRows rows of A against one panel; sums[kRows][8].
template <int kRows>
inline void panel_sums(const float* __restrict a, int64_t a_row, int64_t a_step,
                       const float* __restrict panel, int64_t k, float* __restrict sums) {
  Float4 acc[kRows][2] = {};
  for (int64_t i = 0; i < k; ++i) {
    const Float4 low = load4(panel + i * kPanel);
    const Float4 high = load4(panel + i * kPanel + 4);
    for (int r = 0; r < kRows; ++r) {
      const Float4 x = splat4(a[r * a_row + i * a_step]);
      acc[r][0] = add_product(acc[r][0], x, low);
      acc[r][1] = add_product(acc[r][1], x, high);
    }
  }
  std::memcpy(sums, acc, sizeof acc);
}

#if defined(__aarch64__)

// Rows at once: 16 sums in 32 registers.
inline constexpr int64_t kGemmRows = 8;

// One step of k for kRows rows; x holds four steps of each.
template <int kStep, int kRows>
inline void add_step(const float32x4_t* x, const float* panel, float32x4_t (&acc)[kRows][2]) {
  const float32x4_t low = vld1q_f32(panel + kStep * kPanel);
  const float32x4_t high = vld1q_f32(panel + kStep * kPanel + 4);
  for (int r = 0; r < kRows; ++r) {
    acc[r][0] = vfmaq_laneq_f32(acc[r][0], low, x[r], kStep);
    acc[r][1] = vfmaq_laneq_f32(acc[r][1], high, x[r], kStep);
  }
}

// panel_sums where steps of k are neighbours in A: four at once. Few rows have a second set of sums
// for every other step, so that additions need not wait for each other.
template <int kRows>
inline void panel_sums_by_fours(const float* __restrict a, int64_t a_row,
                                const float* __restrict panel, int64_t k, float* __restrict sums) {
  float32x4_t acc[kRows][2] = {}, more[kRows][2] = {};
  int64_t i = 0;
  for (; i + 4 <= k; i += 4) {
    float32x4_t x[kRows];
    for (int r = 0; r < kRows; ++r) x[r] = vld1q_f32(a + r * a_row + i);
    const float* from = panel + i * kPanel;
    add_step<0>(x, from, acc);
    add_step<1>(x, from, kRows < 4 ? more : acc);
    add_step<2>(x, from, acc);
    add_step<3>(x, from, kRows < 4 ? more : acc);
  }
  for (; i < k; ++i) {
    float32x4_t x[kRows];
    for (int r = 0; r < kRows; ++r) x[r] = vdupq_n_f32(a[r * a_row + i]);
    add_step<0>(x, panel + i * kPanel, acc);
  }
  for (int r = 0; r < kRows; ++r) {
    for (int j = 0; j < 2; ++j) {
      vst1q_f32(sums + r * kPanel + 4 * j,
                kRows < 4 ? vaddq_f32(acc[r][j], more[r][j]) : acc[r][j]);
    }
  }
}

template <int kRows>
inline void rows_by_panel(const float* a, int64_t a_row, int64_t a_step, const float* panel,
                          int64_t k, float* sums) {
  if (a_step == 1) return panel_sums_by_fours<kRows>(a, a_row, panel, k, sums);
  panel_sums<kRows>(a, a_row, a_step, panel, k, sums);
}

#else

inline constexpr int64_t kGemmRows = 4;

template <int kRows>
inline void rows_by_panel(const float* a, int64_t a_row, int64_t a_step, const float* panel,
                          int64_t k, float* sums) {
  panel_sums<kRows>(a, a_row, a_step, panel, k, sums);
}

#endif

// All of C for `n` columns. `out(m, n0, columns, sums)` takes the sums of row m, columns n0 to n0 +
// columns.
template <class Out>
inline void gemm_f32(const float* a, int64_t m, int64_t k, int64_t a_row, int64_t a_step,
                     const float* packed, int64_t n, const Out& out) {
  alignas(64) float sums[kGemmRows * kPanel];
  for (int64_t n0 = 0; n0 < n; n0 += kPanel) {
    const float* panel = packed + n0 * k;
    const int64_t columns = std::min(kPanel, n - n0);
    int64_t row = 0;
    const auto rows = [&]<int kRows>() {
      rows_by_panel<kRows>(a + row * a_row, a_row, a_step, panel, k, sums);
      for (int64_t r = 0; r < kRows; ++r) out(row + r, n0, columns, sums + r * kPanel);
      row += kRows;
    };
    while (row + kGemmRows <= m) rows.template operator()<kGemmRows>();
    if (kGemmRows > 4 && row + 4 <= m) rows.template operator()<4>();
    while (row < m) rows.template operator()<1>();
  }
}

// sums[r][c] = sum_k x_r[k] * w_c[k] in 32 bits, wrapping.
template <int kRows, int kColumns, class Weight>
inline void dot_block(const int16_t* __restrict x, int64_t x_row, const Weight* __restrict w,
                      int64_t w_row, int64_t k, int32_t* __restrict sums) {
  static_assert(kRows <= 2 && (kColumns == 4 || kColumns == 1));
  const int16_t* x1 = x + (kRows > 1 ? x_row : 0);
  const auto product = [](int16_t p, int16_t q) { return static_cast<uint32_t>(p * q); };
  uint32_t acc[8] = {};
  if constexpr (kColumns == 4) {
    const Weight *w0 = w, *w1 = w + w_row, *w2 = w + 2 * w_row, *w3 = w + 3 * w_row;
    uint32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
    for (int64_t i = 0; i < k; ++i) {
      const int16_t v0 = w0[i], v1 = w1[i], v2 = w2[i], v3 = w3[i];
      const int16_t p = x[i];
      a0 += product(p, v0), a1 += product(p, v1), a2 += product(p, v2), a3 += product(p, v3);
      if constexpr (kRows > 1) {
        const int16_t q = x1[i];
        b0 += product(q, v0), b1 += product(q, v1), b2 += product(q, v2), b3 += product(q, v3);
      }
    }
    acc[0] = a0, acc[1] = a1, acc[2] = a2, acc[3] = a3;
    acc[4] = b0, acc[5] = b1, acc[6] = b2, acc[7] = b3;
  } else {
    uint32_t a0 = 0, b0 = 0;
    for (int64_t i = 0; i < k; ++i) {
      a0 += product(x[i], w[i]);
      if constexpr (kRows > 1) b0 += product(x1[i], w[i]);
    }
    acc[0] = a0, acc[1] = b0;
  }
  for (int j = 0; j < kRows * kColumns; ++j) sums[j] = static_cast<int32_t>(acc[j]);
}

// Steps of k after which a 32-bit sum of int16 * int8 products may overflow: 2^31 / 2^22, halved.
inline constexpr int64_t kWideSteps = 256;

template <int kRows, int kColumns, bool kWide, class Weight, class Out>
inline void dot_out(const int16_t* x, int64_t x_row, const Weight* w, int64_t w_row, int64_t k,
                    int64_t m, int64_t n, const Out& out) {
  int32_t sums[kRows * kColumns];
  if constexpr (!kWide) {
    dot_block<kRows, kColumns>(x, x_row, w, w_row, k, sums);
    for (int r = 0; r < kRows; ++r) {
      for (int c = 0; c < kColumns; ++c) out(m + r, n + c, sums[r * kColumns + c]);
    }
  } else {
    int64_t total[kRows * kColumns] = {};
    for (int64_t i = 0; i < k; i += kWideSteps) {
      dot_block<kRows, kColumns>(x + i, x_row, w + i, w_row, std::min(kWideSteps, k - i), sums);
      for (int j = 0; j < kRows * kColumns; ++j) total[j] += sums[j];
    }
    for (int r = 0; r < kRows; ++r) {
      for (int c = 0; c < kColumns; ++c) out(m + r, n + c, total[r * kColumns + c]);
    }
  }
}

// All of C. `out(m, n, sum)` takes each sum: 32 bits that may have wrapped, or 64 exact ones if
// kWide.
template <bool kWide, class Weight, class Out>
inline void gemm_int(const int16_t* x, int64_t m, int64_t k, int64_t x_row, const Weight* w,
                     int64_t n, int64_t w_row, const Out& out) {
  int64_t c = 0;
  for (; c + 4 <= n; c += 4) {
    int64_t r = 0;
    for (; r + 2 <= m; r += 2)
      dot_out<2, 4, kWide>(x + r * x_row, x_row, w + c * w_row, w_row, k, r, c, out);
    for (; r < m; ++r)
      dot_out<1, 4, kWide>(x + r * x_row, x_row, w + c * w_row, w_row, k, r, c, out);
  }
  for (; c < n; ++c) {
    int64_t r = 0;
    for (; r + 2 <= m; r += 2)
      dot_out<2, 1, kWide>(x + r * x_row, x_row, w + c * w_row, w_row, k, r, c, out);
    for (; r < m; ++r)
      dot_out<1, 1, kWide>(x + r * x_row, x_row, w + c * w_row, w_row, k, r, c, out);
  }
}

}  // namespace mote::kernels
