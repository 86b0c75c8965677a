// Normalizations along the last axis by vectors, compiled for each processor that a file is
// compiled for.
#pragma once

#include "kernels/common/fast_rows.h"
#include "kernels/kernel.h"
#include "kernels/softmax/ref.h"
#include "simd/vec_math.h"

namespace mote::kernels::MOTE_ISA {

namespace v = simd::MOTE_ISA;

namespace {

int64_t rows(const void* params) { return static_cast<const MoteRowParams*>(params)->outer; }

// --- Floats; a row is [n], n >= 1. The output may be the input.

// The least float where all are NaN or there are none.
float max_of(const float* x, int64_t n) {
  v::F32 most = v::splat(-3.402823466e+38f);
  int64_t i = 0;
  for (; i + v::kLanes <= n; i += v::kLanes) most = v::max(v::load(x + i), most);
  if (i < n) {
    const v::F32 rest = v::select(v::first_lanes(n - i), v::load_part(x + i, n - i), most);
    most = v::max(rest, most);
  }
  return v::max_lanes(most);
}

// y = exp((x - max) * beta); returns their sum.
float exponentials(const float* x, float max, float beta, float* y, int64_t n) {
  v::F32 sum{};
  int64_t i = 0;
  const auto power = [&](v::F32 a) { return v::exp((a - v::splat(max)) * v::splat(beta)); };
  for (; i + v::kLanes <= n; i += v::kLanes) {
    const v::F32 e = power(v::load(x + i));
    v::store(y + i, e);
    sum += e;
  }
  if (i < n) {
    const v::F32 e = power(v::load_part(x + i, n - i));
    v::store_part(y + i, e, n - i);
    sum += v::select(v::first_lanes(n - i), e, v::splat(0.0f));
  }
  return v::sum_lanes(sum);
}

// The same sum without the exponentials.
float exponential_sum(const float* x, float max, int64_t n) {
  v::F32 sum{};
  int64_t i = 0;
  for (; i + v::kLanes <= n; i += v::kLanes) sum += v::exp(v::load(x + i) - v::splat(max));
  if (i < n) {
    const v::F32 e = v::exp(v::load_part(x + i, n - i) - v::splat(max));
    sum += v::select(v::first_lanes(n - i), e, v::splat(0.0f));
  }
  return v::sum_lanes(sum);
}

template <class Function>
void map(const float* x, float* y, int64_t n, const Function& function) {
  int64_t i = 0;
  for (; i + v::kLanes <= n; i += v::kLanes) v::store(y + i, function(v::load(x + i)));
  if (i < n) v::store_part(y + i, function(v::load_part(x + i, n - i)), n - i);
}

// Some rows at a time, so that their sums and divisions don't wait for each other.
constexpr int64_t kRowsAtOnce = 4;

void softmax_rows(const MoteRowParams& p, const float* x, float* y, int64_t count) {
  float max[kRowsAtOnce], sum[kRowsAtOnce];
  for (int64_t r = 0; r < count; ++r) max[r] = max_of(x + r * p.depth, p.depth);
  for (int64_t r = 0; r < count; ++r) {
    sum[r] = exponentials(x + r * p.depth, max[r], p.beta, y + r * p.depth, p.depth);
  }
  for (int64_t r = 0; r < count; ++r) {
    float* row = y + r * p.depth;
    const v::F32 all = v::splat(sum[r]), share = v::splat(1.0f / sum[r]);
    // With a positive beta the sum is at least 1, and one over it a normal number.
    if (sum[r] >= 1.0f && sum[r] <= 0x1p64f) {
      map(row, row, p.depth, [share](v::F32 e) { return e * share; });
    } else {
      map(row, row, p.depth, [all](v::F32 e) { return e / all; });
    }
  }
}

// Rows of fewer elements than this are taken together, for their exponentials to fill vectors.
constexpr int64_t kShortRow = 2 * v::kLanes;

// `rows` of them; kDepth elements each, or p.depth where that is 0.
template <int kDepth>
void short_softmax_rows(const MoteRowParams& p, const float* x, float* y, int64_t rows) {
  const int64_t depth = kDepth > 0 ? kDepth : p.depth;
  for (int64_t r = 0; r < rows; ++r) {
    const float* from = x + r * depth;
    float max = -3.402823466e+38f;
    for (int64_t c = 0; c < depth; ++c) max = from[c] > max ? from[c] : max;
    for (int64_t c = 0; c < depth; ++c) y[r * depth + c] = (from[c] - max) * p.beta;
  }
  map(y, y, rows * depth, [](v::F32 a) { return v::exp(a); });
  for (int64_t r = 0; r < rows; ++r) {
    float *e = y + r * depth, sum = 0.0f;
    for (int64_t c = 0; c < depth; ++c) sum += e[c];
    for (int64_t c = 0; c < depth; ++c) e[c] /= sum;
  }
}

int run_softmax(const Args& args, int64_t begin, int64_t end) {
  const auto& p = *static_cast<const MoteRowParams*>(args.params);
  const auto* x = static_cast<const float*>(args.in[0]);
  auto* y = static_cast<float*>(args.out[0]);
  if (p.depth < 1) return kOk;
  if (p.depth < kShortRow && end - begin > 1) {
    const int64_t most = 512 / p.depth;
    const auto rows = p.depth == 2 ? short_softmax_rows<2> : short_softmax_rows<0>;
    for (int64_t r = begin; r < end; r += most) {
      rows(p, x + r * p.depth, y + r * p.depth, end - r < most ? end - r : most);
    }
    return kOk;
  }
  for (int64_t r = begin; r < end; r += kRowsAtOnce) {
    const int64_t count = end - r < kRowsAtOnce ? end - r : kRowsAtOnce;
    softmax_rows(p, x + r * p.depth, y + r * p.depth, count);
  }
  return kOk;
}

void log_softmax_row(const MoteRowParams& p, const float* x, float* y) {
  const float max = max_of(x, p.depth);
  const float log_sum = logf(exponential_sum(x, max, p.depth));
  map(x, y, p.depth, [=](v::F32 a) { return a - v::splat(max) - v::splat(log_sum); });
}

void l2_row(const MoteRowParams& p, const float* x, float* y) {
  v::F32 squares{};
  int64_t i = 0;
  for (; i + v::kLanes <= p.depth; i += v::kLanes) {
    squares = v::fma(v::load(x + i), v::load(x + i), squares);
  }
  if (i < p.depth) {
    const v::F32 rest = v::load_part(x + i, p.depth - i);
    squares = v::fma(rest, rest, squares);
  }
  const float root = sqrtf(v::sum_lanes(squares));
  const float norm = root < 1e-6f ? 1e-6f : root;
  map(x, y, p.depth, [norm](v::F32 a) { return a / v::splat(norm); });
}

// The sum of term(vector of x) over x; four sums side by side, which need not wait for each other.
template <class Term>
float sum_of(const float* x, int64_t n, const Term& term) {
  v::F32 sums[4] = {};
  int64_t i = 0;
  for (; i + 4 * v::kLanes <= n; i += 4 * v::kLanes) {
    for (int k = 0; k < 4; ++k) sums[k] += term(v::load(x + i + k * v::kLanes));
  }
  for (; i + v::kLanes <= n; i += v::kLanes) sums[0] += term(v::load(x + i));
  if (i < n) {
    const v::F32 rest = term(v::load_part(x + i, n - i));
    sums[1] += v::select(v::first_lanes(n - i), rest, v::splat(0.0f));
  }
  return v::sum_lanes((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

void layer_normalization_row(const MoteRowParams& p, const float* x, const float* gamma,
                             const float* beta, float* y) {
  const auto depth = static_cast<float>(p.depth);
  const v::F32 mean = v::splat(sum_of(x, p.depth, [](v::F32 a) { return a; }) / depth);
  const float squares = sum_of(x, p.depth, [mean](v::F32 a) { return (a - mean) * (a - mean); });
  const v::F32 scale = v::splat(1.0f / sqrtf(squares / depth + p.bias));
  const auto normal = [=](v::F32 a) { return (a - mean) * scale; };
  int64_t i = 0;
  if (gamma && beta) {
    for (; i + v::kLanes <= p.depth; i += v::kLanes) {
      v::store(y + i, v::fma(normal(v::load(x + i)), v::load(gamma + i), v::load(beta + i)));
    }
  }
  for (; i < p.depth; i += v::kLanes) {
    const int64_t n = p.depth - i < v::kLanes ? p.depth - i : v::kLanes;
    v::F32 value = normal(v::load_part(x + i, n));
    if (gamma) value *= v::load_part(gamma + i, n);
    if (beta) value += v::load_part(beta + i, n);
    v::store_part(y + i, value, n);
  }
}

int run_layer_normalization(const Args& args, int64_t begin, int64_t end) {
  const auto& p = *static_cast<const MoteRowParams*>(args.params);
  const auto* x = static_cast<const float*>(args.in[0]);
  const auto *gamma = static_cast<const float*>(args.in[1]),
             *beta = static_cast<const float*>(args.in[2]);
  auto* y = static_cast<float*>(args.out[0]);
  for (int64_t r = begin; r < end; ++r) {
    layer_normalization_row(p, x + r * p.depth, gamma, beta, y + r * p.depth);
  }
  return kOk;
}

template <void (*kRow)(const MoteRowParams&, const float*, float*)>
int run_rows(const Args& args, int64_t begin, int64_t end) {
  const auto& p = *static_cast<const MoteRowParams*>(args.params);
  const auto* x = static_cast<const float*>(args.in[0]);
  auto* y = static_cast<float*>(args.out[0]);
  if (p.depth < 1) return kOk;
  for (int64_t r = begin; r < end; ++r) kRow(p, x + r * p.depth, y + r * p.depth);
  return kOk;
}

constexpr Kernel kRows[] = {
    {.name = MOTE_ROW_NAME("softmax_f32"), .run = run_softmax, .units = rows},
    {.name = MOTE_ROW_NAME("log_softmax_f32"), .run = run_rows<log_softmax_row>, .units = rows},
    {.name = MOTE_ROW_NAME("l2_normalization_f32"), .run = run_rows<l2_row>, .units = rows},
    {.name = MOTE_ROW_NAME("layer_normalization_f32"),
     .run = run_layer_normalization,
     .units = rows},
};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA
