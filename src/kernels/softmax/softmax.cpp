#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <limits>

#include "kernels/chosen.h"
#include "kernels/common/fast_math-inl.h"
#include "kernels/common/fast_rows.h"
#include "kernels/softmax/families.h"
#include "kernels/softmax/ref.h"

namespace mote::kernels {
namespace {

int64_t rows(const void* params) { return static_cast<const MoteRowParams*>(params)->outer; }

template <class X, class Y, void (*kRows)(const MoteRowParams*, const X*, Y*, int64_t, int64_t)>
int run_rows(const Args& args, int64_t begin, int64_t end) {
  kRows(static_cast<const MoteRowParams*>(args.params), static_cast<const X*>(args.in[0]),
        static_cast<Y*>(args.out[0]), begin, end);
  return kOk;
}

int run_softmax_qi16(const Args& args, int64_t begin, int64_t end) {
  mote_rows_softmax_qi16_qi16(
      static_cast<const MoteRowParams*>(args.params), static_cast<const int16_t*>(args.in[0]),
      static_cast<const int16_t*>(args.in[1]), static_cast<const int16_t*>(args.in[2]),
      static_cast<int16_t*>(args.out[0]), begin, end);
  return kOk;
}

constexpr int64_t kLanes = 8;

float max_of(const float* x, int64_t n) {
  std::array<float, kLanes> lanes;
  lanes.fill(std::numeric_limits<float>::lowest());
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (size_t j = 0; j < kLanes; ++j) {
      const float value = x[i + static_cast<int64_t>(j)];
      lanes[j] = value > lanes[j] ? value : lanes[j];
    }
  }
  for (; i < n; ++i) lanes[0] = x[i] > lanes[0] ? x[i] : lanes[0];
  for (const float lane : lanes) lanes[0] = lane > lanes[0] ? lane : lanes[0];
  return lanes[0];
}

template <class Term>
float sum_of_terms(int64_t n, const Term& term) {
  std::array<float, kLanes> lanes{};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (size_t j = 0; j < kLanes; ++j) lanes[j] += term(i + static_cast<int64_t>(j));
  }
  for (; i < n; ++i) lanes[0] += term(i);
  for (size_t j = 1; j < kLanes; ++j) lanes[0] += lanes[j];
  return lanes[0];
}
float sum_of(const float* x, int64_t n) {
  return sum_of_terms(n, [x](int64_t i) { return x[i]; });
}
float sum_of_squares(const float* x, int64_t n) {
  return sum_of_terms(n, [x](int64_t i) { return x[i] * x[i]; });
}

void fast_softmax(const MoteRowParams* p, const float* x, float* y, int64_t begin, int64_t end) {
  for (int64_t r = begin; r < end; ++r) {
    const float* from = x + r * p->depth;
    float* to = y + r * p->depth;
    const float max = max_of(from, p->depth);
    for (int64_t c = 0; c < p->depth; ++c) to[c] = fast::exp((from[c] - max) * p->beta);
    const float sum = sum_of(to, p->depth);
    for (int64_t c = 0; c < p->depth; ++c) to[c] /= sum;
  }
}

void fast_layer_normalization(const MoteRowParams* p, const float* x, const float* gamma,
                              const float* beta, float* y, int64_t begin, int64_t end) {
  const auto depth = static_cast<float>(p->depth);
  for (int64_t r = begin; r < end; ++r) {
    const float* from = x + r * p->depth;
    float* to = y + r * p->depth;
    const float mean = sum_of(from, p->depth) / depth;
    for (int64_t c = 0; c < p->depth; ++c) to[c] = from[c] - mean;
    const float scale = 1.0f / std::sqrt(sum_of_squares(to, p->depth) / depth + p->bias);
    for (int64_t c = 0; c < p->depth; ++c) to[c] *= scale;
    for (int64_t c = 0; gamma && c < p->depth; ++c) to[c] *= gamma[c];
    for (int64_t c = 0; beta && c < p->depth; ++c) to[c] += beta[c];
  }
}

template <auto kRows>
int run_layer_normalization(const Args& args, int64_t begin, int64_t end) {
  kRows(static_cast<const MoteRowParams*>(args.params), static_cast<const float*>(args.in[0]),
        static_cast<const float*>(args.in[1]), static_cast<const float*>(args.in[2]),
        static_cast<float*>(args.out[0]), begin, end);
  return kOk;
}

// Bytes have 256 values, so differences have as many: their exponentials by table, made once a
// call. `kFlip` as in ref.h.
template <class X, class Y, int kFlip, int kBits, int kLowest>
void table_softmax(const MoteRowParams* p, const X* x, Y* y, int64_t begin, int64_t end) {
  std::array<int32_t, 256> exponential{};
  for (int32_t d = 0; d < 256 && -d >= p->diff_min; ++d) {
    exponential[static_cast<size_t>(d)] = mote_exp_q5(mote_rescale(-d, p->multiplier, p->shift));
  }
  constexpr int32_t kLargest = (1 << kBits) - 1;
  for (int64_t r = begin; r < end; ++r) {
    const auto* from = reinterpret_cast<const int8_t*>(x + r * p->depth);
    Y* to = y + r * p->depth;
    int32_t max = -128;
    for (int64_t c = 0; c < p->depth; ++c) {
      max = std::max(max, static_cast<int32_t>(static_cast<int8_t>(from[c] ^ kFlip)));
    }
    auto exponential_at = [&](int64_t c) {
      return exponential[static_cast<size_t>(max - static_cast<int8_t>(from[c] ^ kFlip))];
    };
    int32_t sum = 0;
    for (int64_t c = 0; c < p->depth; ++c) {
      sum = mote_add_wrap(sum, mote_shift_right(exponential_at(c), 12));
    }
    int over = 0;
    const int32_t scale = mote_reciprocal(sum, 12, &over);
    const int exponent = over + 31 - kBits;
    if (exponent > 31) {  // so many equal maxima that each one's share rounds to 0
      std::fill(to, to + p->depth, static_cast<Y>(kLowest));
      continue;
    }
    for (int64_t c = 0; c < p->depth; ++c) {
      const int32_t e = exponential_at(c);
      const int32_t value = mote_shift_right(mote_mul_high(scale, e), exponent);
      to[c] = static_cast<Y>(std::min(value, kLargest) + kLowest);
    }
  }
}

// The row ahead of the reference, where there is one.
struct Faster {
  bool is_there = false;
  Run run = nullptr;
};
template <auto kReference>
constexpr Faster kFaster = {};
template <>
constexpr Faster kFaster<mote_rows_softmax_f32> = {true, run_rows<float, float, fast_softmax>};
template <>
constexpr Faster kFaster<mote_rows_softmax_qi8_qi8> = {
    true, run_rows<int8_t, int8_t, table_softmax<int8_t, int8_t, 0, 8, -128>>};
template <>
constexpr Faster kFaster<mote_rows_softmax_qu8_qu8> = {
    true, run_rows<uint8_t, uint8_t, table_softmax<uint8_t, uint8_t, -128, 8, 0>>};
template <>
constexpr Faster kFaster<mote_rows_softmax_qi8_qi16> = {
    true, run_rows<int8_t, int16_t, table_softmax<int8_t, int16_t, 0, 16, -32768>>};
template <>
constexpr Faster kFaster<mote_rows_softmax_qu8_qi16> = {
    true, run_rows<uint8_t, int16_t, table_softmax<uint8_t, int16_t, -128, 16, -32768>>};

#define MOTE_ROW(id, X, Y, row)                                                          \
  constexpr Kernel kRows_##id[] = {                                                      \
      {.name = kFaster<mote_rows_##id>.is_there ? #id "__fast" : nullptr,                \
       .run = kFaster<mote_rows_##id>.run,                                               \
       .units = rows},                                                                   \
      {.name = #id "__reference", .run = run_rows<X, Y, mote_rows_##id>, .units = rows}, \
  };
#include "kernels/softmax/softmax.inc"
#undef MOTE_ROW

constexpr Kernel kRows_qi16[] = {
    {.name = "softmax_qi16_qi16__reference", .run = run_softmax_qi16, .units = rows}};

constexpr Kernel kRows_layer[] = {
    {.name = "layer_normalization_f32__fast",
     .run = run_layer_normalization<fast_layer_normalization>,
     .units = rows},
    {.name = "layer_normalization_f32__reference",
     .run = run_layer_normalization<mote_rows_layer_normalization_f32>,
     .units = rows},
};

// x as Q5: beta * scale * 2^26, at most the largest 32-bit number.
Multiplier to_q5(double beta, double scale) {
  return split_multiplier(std::min(beta * scale * (1 << 26), 2147483647.0));
}

// Differences this far below the maximum still fit Q5.
int32_t lowest_difference(int32_t shift) {
  return -static_cast<int32_t>(
      std::floor(1.0 * 31 * (1 << 26) / static_cast<double>(int64_t{1} << std::max(shift, 0))));
}

}  // namespace

std::span<const Family> softmax_families() {
  static constexpr Family kFamilies[] = {
#define MOTE_ROW(id, X, Y, row) {#id, chosen<kRows_##id>},
#include "kernels/softmax/softmax.inc"
#undef MOTE_ROW
      {"softmax_qi16_qi16", chosen<kRows_qi16>},
      {"layer_normalization_f32", chosen<kRows_layer>},
  };
  static const FamilyTable kTable =
      with_fast_rows(kFamilies, {kSoftmaxAvx2, kSoftmaxQuantizedAvx2});
  return kTable.families;
}

void prepare_softmax_8(float scale_x, float beta, MoteRowParams& p) {
  const Multiplier m = to_q5(static_cast<double>(beta), static_cast<double>(scale_x));
  p.multiplier = m.multiplier;
  p.shift = m.shift;
  p.diff_min = lowest_difference(m.shift);
}

void prepare_log_softmax_8(float scale_x, MoteRowParams& p) {
  prepare_softmax_8(scale_x, 1.0f, p);
  const int32_t bits = std::clamp(31 - p.shift, 0, 30);
  const Multiplier back =
      split_multiplier(static_cast<double>(1 << bits) / std::max(p.multiplier, 1));
  p.reverse_multiplier = back.multiplier;
  p.reverse_shift = back.shift;
}

void prepare_softmax_16(float scale_x, float beta, MoteRowParams& p) {
  const float scaled = scale_x * beta;
  const Multiplier m = split_multiplier(static_cast<double>(scaled) / (10.0 / 65535.0));
  p.multiplier = m.multiplier;
  p.shift = m.shift;
}

}  // namespace mote::kernels
