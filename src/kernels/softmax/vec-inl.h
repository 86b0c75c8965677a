// Normalizations along the last axis by vectors, compiled for each processor that a file is
// compiled for.
#pragma once

#include "kernels/common/fast_rows.h"
#include "kernels/common/fixed_vec-inl.h"
#include "kernels/kernel.h"
#include "kernels/softmax/ref.h"
#include "simd/vec_math.h"

namespace mote::kernels::MOTE_ISA {
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

void softmax_row(const MoteRowParams& p, const float* x, float* y) {
  const float sum = exponentials(x, max_of(x, p.depth), p.beta, y, p.depth);
  map(y, y, p.depth, [sum](v::F32 e) { return e / v::splat(sum); });
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

template <void (*kRow)(const MoteRowParams&, const float*, float*)>
int run_rows(const Args& args, int64_t begin, int64_t end) {
  const auto& p = *static_cast<const MoteRowParams*>(args.params);
  const auto* x = static_cast<const float*>(args.in[0]);
  auto* y = static_cast<float*>(args.out[0]);
  if (p.depth < 1) return kOk;
  for (int64_t r = begin; r < end; ++r) kRow(p, x + r * p.depth, y + r * p.depth);
  return kOk;
}

// --- Bytes: the exponentials of differences to the row's maximum, in Q0

// exp((-d) as Q5) of 0 <= d < 256; 0 below diff_min.
struct Exponentials {
  const MoteRowParams& p;

  v::I32 of(v::I32 difference) const {  // <= 0
    const v::I32 left = difference << (p.shift > 0 ? p.shift : 0);
    const v::I32 q5 =
        rounded_right(v::mul_high(left, v::splat(p.multiplier)), p.shift < 0 ? -p.shift : 0);
    return v::select(difference < v::splat(p.diff_min), v::splat(int32_t{0}), exp_q5(q5));
  }

  void table(int32_t* entries) const {
    v::I32 d;
    for (int i = 0; i < v::kLanes; ++i) d[i] = -i;
    for (int i = 0; i < 256; i += v::kLanes) {
      v::store(entries + i, of(d));
      d -= v::splat(int32_t{v::kLanes});
    }
  }
};

// kFlip and the rest as in ref.h. Elements whose exponentials are kept at once:
constexpr int64_t kBlock = 1024;

template <class X, class Y, int kFlip, int kBits, int kLowest>
struct ByteRow {
  const MoteRowParams& p;
  const int32_t* table;  // null: no table, because there are too few elements for one

  static int32_t value(X x) { return static_cast<int8_t>(static_cast<int8_t>(x) ^ kFlip); }

  int32_t max_of(const X* x) const {
    v::I8 most = v::I8{} - static_cast<int8_t>(127) - static_cast<int8_t>(1);
    int64_t c = 0;
    for (; c + v::kBytes <= p.depth; c += v::kBytes) {
      const v::I8 here = v::load_as<v::I8>(x + c) ^ static_cast<int8_t>(kFlip);
      const auto above = here > most;
      most = (here & above) | (most & ~above);
    }
    int32_t max = c > 0 ? v::max_lanes(most) : -128;
    for (; c < p.depth; ++c) max = value(x[c]) > max ? value(x[c]) : max;
    return max;
  }

  // Exponentials of n <= kBlock elements, and zeros up to a whole vector.
  void exponentials(const X* x, int32_t max, int64_t n, int32_t* e) const {
    const int64_t whole = (n + v::kLanes - 1) / v::kLanes * v::kLanes;
    if (table) {
      for (int64_t c = 0; c < n; ++c) e[c] = table[max - value(x[c])];
    } else {
      for (int64_t c = 0; c < n; ++c) e[c] = value(x[c]) - max;
      for (int64_t c = n; c < whole; ++c) e[c] = 0;
      const Exponentials exponential{p};
      for (int64_t c = 0; c < n; c += v::kLanes) v::store(e + c, exponential.of(v::load(e + c)));
    }
    for (int64_t c = n; c < whole; ++c) e[c] = 0;
  }

  void run(const X* x, Y* y) const {
    const int32_t max = max_of(x);
    int32_t e[kBlock];
    v::I32 sums{};
    int64_t held = 0;  // of the row's elements, those whose exponentials e holds
    for (int64_t c = 0; c < p.depth; c += held) {
      held = p.depth - c < kBlock ? p.depth - c : kBlock;
      exponentials(x + c, max, held, e);
      for (int64_t i = 0; i < held; i += v::kLanes) sums += rounded_right(v::load(e + i), 12);
    }
    int over = 0;
    const int32_t scale = mote_reciprocal(v::sum_lanes(sums), 12, &over);
    const int exponent = over + 31 - kBits;
    const bool one_block = held == p.depth;
    for (int64_t c = 0; c < p.depth; c += kBlock) {
      const int64_t n = p.depth - c < kBlock ? p.depth - c : kBlock;
      if (!one_block) exponentials(x + c, max, n, e);
      outputs(e, n, scale, exponent, y + c);
    }
  }

  // Exponents beyond 31: so many equal maxima that each one's share rounds to 0.
  void outputs(int32_t* e, int64_t n, int32_t scale, int exponent, Y* y) const {
    constexpr int kVectors = 4 / static_cast<int>(sizeof(Y));
    constexpr int64_t kGroup = int64_t{kVectors} * v::kLanes;
    for (int64_t c = 0; c < n; c += kGroup) {
      v::I32 group[4];
      for (int k = 0; k < kVectors; ++k) {
        const int64_t at = c + k * v::kLanes;
        const v::I32 share =
            at < n && exponent <= 31
                ? rounded_right(v::mul_high(v::splat(scale), v::load(e + at)), exponent)
                : v::splat(int32_t{0});
        group[k] = v::min(share, v::splat((int32_t{1} << kBits) - 1)) + v::splat(int32_t{kLowest});
      }
      constexpr int32_t kHighest = kLowest + (1 << kBits) - 1;
      if (c + kGroup <= n) {
        v::store_clamped(y + c, group, kLowest, kHighest);
      } else {
        Y rest[kGroup];
        v::store_clamped(rest, group, kLowest, kHighest);
        std::memcpy(y + c, rest, static_cast<size_t>(n - c) * sizeof(Y));
      }
    }
  }
};

template <class X, class Y, int kFlip, int kBits, int kLowest>
int run_bytes(const Args& args, int64_t begin, int64_t end) {
  const auto& p = *static_cast<const MoteRowParams*>(args.params);
  const auto* x = static_cast<const X*>(args.in[0]);
  auto* y = static_cast<Y*>(args.out[0]);
  int32_t table[256];
  const bool worth_it = (end - begin) * p.depth > 256;
  if (worth_it) Exponentials{p}.table(table);
  const ByteRow<X, Y, kFlip, kBits, kLowest> row{p, worth_it ? table : nullptr};
  for (int64_t r = begin; r < end; ++r) row.run(x + r * p.depth, y + r * p.depth);
  return kOk;
}

const char* bytes_decline(const void* params) {
  const auto& p = *static_cast<const MoteRowParams*>(params);
  // The largest difference must not wrap when it is shifted up.
  if (p.multiplier < 0 || p.shift < -31 || p.shift > 31) return "the multiplier is out of range";
  if (p.diff_min > 0) return "the scale is too large";
  return p.depth < 1 ? "there is nothing to normalize" : nullptr;
}

constexpr Kernel kRows[] = {
    {.name = MOTE_ROW_NAME("softmax_f32"), .run = run_rows<softmax_row>, .units = rows},
    {.name = MOTE_ROW_NAME("log_softmax_f32"), .run = run_rows<log_softmax_row>, .units = rows},
    {.name = MOTE_ROW_NAME("l2_normalization_f32"), .run = run_rows<l2_row>, .units = rows},
    {.name = MOTE_ROW_NAME("softmax_qi8_qi8"),
     .run = run_bytes<int8_t, int8_t, 0, 8, -128>,
     .declines = bytes_decline,
     .units = rows},
    {.name = MOTE_ROW_NAME("softmax_qu8_qu8"),
     .run = run_bytes<uint8_t, uint8_t, -128, 8, 0>,
     .declines = bytes_decline,
     .units = rows},
    {.name = MOTE_ROW_NAME("softmax_qi8_qi16"),
     .run = run_bytes<int8_t, int16_t, 0, 16, -32768>,
     .declines = bytes_decline,
     .units = rows},
    {.name = MOTE_ROW_NAME("softmax_qu8_qi16"),
     .run = run_bytes<uint8_t, int16_t, -128, 16, -32768>,
     .declines = bytes_decline,
     .units = rows},
};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA
