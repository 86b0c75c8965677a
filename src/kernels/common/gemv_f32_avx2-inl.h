// Few rows of x against weights as they are stored, a row of K for each output: each weight is read
// once, straight from the model, and the sums of 4 outputs are kept in 8 or more registers, so that
// neither the multipliers' latency nor a packed copy costs anything.
//
//   x    | 8 of K | 8 of K | ...          sums of output n: 8 lanes, for even and odd pieces of K,
//   w n  | 8 of K | 8 of K | ...          added up at the end
//   w n+1| ...
#pragma once

#include "kernels/common/tile_f32_avx2-inl.h"

namespace mote::kernels::MOTE_ISA {

inline constexpr int64_t kGemvOutputs = 4;
inline constexpr int64_t kGemvRows = 3;

// The first n of 8 elements, then zeros; n is 1 to 7.
inline F8 load_first(const float* p, int64_t n) { return _mm256_maskload_ps(p, first_lanes(n)); }
inline F8 load_first(const Half* p, int64_t n) {
  alignas(16) Half padded[8] = {};
  for (int64_t i = 0; i < n; ++i) padded[i] = p[i];
  return load8(padded);
}

// The sums of the lanes of a, b, c and d.
inline __m128 add_lanes(F8 a, F8 b, F8 c, F8 d) {
  const F8 sums = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
  return _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1));
}

// The first n of 4 elements of v; n is 1 to 4.
inline void store_first4(float* y, __m128 v, int64_t n) {
  if (n == 4) return _mm_storeu_ps(y, v);
  if (n & 2) {
    _mm_storel_pi(reinterpret_cast<__m64*>(y), v);
    y += 2, v = _mm_movehl_ps(v, v);
  }
  if (n & 1) _mm_store_ss(y, v);
}

struct GemvOutput {
  const float* bias;  // null: none
  Clamp clamp;
  float* y;
  int64_t y_row;

  // The sums of `n` outputs from `first` on, of one row.
  void operator()(int64_t row, int64_t first, int64_t n, __m128 sums) const {
    if (bias) {
      const __m128i lanes = _mm256_castsi256_si128(first_lanes(n));
      sums = _mm_add_ps(sums, _mm_maskload_ps(bias + first, lanes));
    }
    sums = _mm_min_ps(_mm_set1_ps(clamp.high), _mm_max_ps(_mm_set1_ps(clamp.low), sums));
    store_first4(y + row * y_row + first, sums, n);
  }
};

// Weights of more bytes than this are not in the L1 cache when they are wanted.
inline constexpr int64_t kFetchBytes = int64_t{32} << 10;

// Outputs [first, first + n) of one row, n up to 4. kFetch: fetches the weights of the next 4.
template <bool kFetch, class W>
void gemv1(const float* x, const W* w, int64_t k, int64_t first, int64_t n, const GemvOutput& out) {
  const W *w0 = w + first * k, *w1 = n > 1 ? w0 + k : w0;
  const W *w2 = n > 2 ? w1 + k : w0, *w3 = n > 3 ? w2 + k : w0;
  F8 a0 = _mm256_setzero_ps(), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  int64_t i = 0;
  for (; i + 16 <= k; i += 16) {
    const F8 p = load8(x + i), q = load8(x + i + 8);
    if constexpr (kFetch) {
      for (const W* row : {w0, w1, w2, w3})
        _mm_prefetch(reinterpret_cast<const char*>(row + 4 * k + i), _MM_HINT_T0);
    }
    a0 = _mm256_fmadd_ps(p, load8(w0 + i), a0), b0 = _mm256_fmadd_ps(q, load8(w0 + i + 8), b0);
    a1 = _mm256_fmadd_ps(p, load8(w1 + i), a1), b1 = _mm256_fmadd_ps(q, load8(w1 + i + 8), b1);
    a2 = _mm256_fmadd_ps(p, load8(w2 + i), a2), b2 = _mm256_fmadd_ps(q, load8(w2 + i + 8), b2);
    a3 = _mm256_fmadd_ps(p, load8(w3 + i), a3), b3 = _mm256_fmadd_ps(q, load8(w3 + i + 8), b3);
  }
  if (i + 8 <= k) {
    const F8 p = load8(x + i);
    a0 = _mm256_fmadd_ps(p, load8(w0 + i), a0), a1 = _mm256_fmadd_ps(p, load8(w1 + i), a1);
    a2 = _mm256_fmadd_ps(p, load8(w2 + i), a2), a3 = _mm256_fmadd_ps(p, load8(w3 + i), a3);
    i += 8;
  }
  if (i < k) {
    const int64_t rest = k - i;
    const F8 p = load_first(x + i, rest);
    b0 = _mm256_fmadd_ps(p, load_first(w0 + i, rest), b0);
    b1 = _mm256_fmadd_ps(p, load_first(w1 + i, rest), b1);
    b2 = _mm256_fmadd_ps(p, load_first(w2 + i, rest), b2);
    b3 = _mm256_fmadd_ps(p, load_first(w3 + i, rest), b3);
  }
  out(0, first, n,
      add_lanes(_mm256_add_ps(a0, b0), _mm256_add_ps(a1, b1), _mm256_add_ps(a2, b2),
                _mm256_add_ps(a3, b3)));
}

// The same for 2 or 3 rows: 8 or 12 sums without a split of K.
template <int kRows, class W>
void gemv_few(const float* x, const W* w, int64_t k, int64_t first, int64_t n,
              const GemvOutput& out) {
  const W *w0 = w + first * k, *w1 = n > 1 ? w0 + k : w0;
  const W *w2 = n > 2 ? w1 + k : w0, *w3 = n > 3 ? w2 + k : w0;
  const float *x0 = x, *x1 = x + k, *x2 = kRows > 2 ? x1 + k : x1;
  F8 a0 = _mm256_setzero_ps(), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  F8 c0 = a0, c1 = a0, c2 = a0, c3 = a0;
  const auto add = [&](F8 p, F8 q, F8 r, F8 v, F8& a, F8& b, F8& c) {
    a = _mm256_fmadd_ps(p, v, a), b = _mm256_fmadd_ps(q, v, b);
    if constexpr (kRows > 2) c = _mm256_fmadd_ps(r, v, c);
  };
  int64_t i = 0;
  for (; i + 8 <= k; i += 8) {
    const F8 p = load8(x0 + i), q = load8(x1 + i), r = kRows > 2 ? load8(x2 + i) : q;
    add(p, q, r, load8(w0 + i), a0, b0, c0);
    add(p, q, r, load8(w1 + i), a1, b1, c1);
    add(p, q, r, load8(w2 + i), a2, b2, c2);
    add(p, q, r, load8(w3 + i), a3, b3, c3);
  }
  if (const int64_t rest = k - i; rest > 0) {
    const F8 p = load_first(x0 + i, rest), q = load_first(x1 + i, rest),
             r = load_first(x2 + i, rest);
    add(p, q, r, load_first(w0 + i, rest), a0, b0, c0);
    add(p, q, r, load_first(w1 + i, rest), a1, b1, c1);
    add(p, q, r, load_first(w2 + i, rest), a2, b2, c2);
    add(p, q, r, load_first(w3 + i, rest), a3, b3, c3);
  }
  out(0, first, n, add_lanes(a0, a1, a2, a3));
  out(1, first, n, add_lanes(b0, b1, b2, b3));
  if constexpr (kRows > 2) out(2, first, n, add_lanes(c0, c1, c2, c3));
}

// Outputs [begin, end) of `rows` rows of x, up to kGemvRows. w: a row of k for each output.
template <class W>
inline void gemv(const float* x, int64_t rows, const W* w, int64_t k, int64_t begin, int64_t end,
                 const GemvOutput& out) {
  const bool fetch = (end - begin) * k * static_cast<int64_t>(sizeof(W)) > kFetchBytes;
  for (int64_t first = begin; first < end; first += kGemvOutputs) {
    const int64_t n = end - first < kGemvOutputs ? end - first : kGemvOutputs;
    if (rows == 1) {
      (fetch ? gemv1<true, W> : gemv1<false, W>)(x, w, k, first, n, out);
    } else if (rows == 2) {
      gemv_few<2>(x, w, k, first, n, out);
    } else {
      gemv_few<3>(x, w, k, first, n, out);
    }
  }
}

}  // namespace mote::kernels::MOTE_ISA
