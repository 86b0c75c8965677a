// The plain integer LSTM for AVX2.
//
// Sixteen units are taken at a time (the last block filled up with zeros), columns by fours. The
// matrix [4 cell, columns] is packed as [block][columns / 4][gate][half of the
// block][unit][column], so that a register holds four columns of eight units:
//
//   block 0, columns 0..3:  | u0: c0 c1 c2 c3 | u1: c0 .. c3 | .. | u7 |  gate i, units 0..7
//                           | u8: c0 .. c3    | ..           | .. | u15 | gate i, units 8..15
//                           gate f, units 0..7; ...
//
// A product of bytes is |x| * (w with the sign of x): |x| <= 128 and |w| <= 127, so that the sum of
// two fits 16 bits, always. Weights of -128 are declined when the model is prepared (fused.h).
#include "kernels/lstm/families.h"

#if defined(__AVX2__)
#include <cstring>

#include "kernels/common/fast_rows.h"
#include "kernels/common/fixed_vec-inl.h"
#include "kernels/common/q15_avx2-inl.h"
#include "kernels/lstm/fused_i8_ref.h"

namespace mote::kernels {
namespace avx2 {
namespace {

constexpr int kGates = 4;
constexpr int64_t kUnits = 16;                          // of a block
constexpr int64_t kColumnsBytes = kGates * kUnits * 4;  // four columns of a block

const MoteLstmI8& lstm(const void* params) { return *static_cast<const MoteLstmI8*>(params); }

int64_t blocks(const MoteLstmI8& p) { return (p.cell + kUnits - 1) / kUnits; }
int64_t by_fours(int64_t columns) { return (columns + 3) / 4; }

// --- Packing: the weights of x, then those of h

size_t packed_bytes(const void* params) {
  const MoteLstmI8& p = lstm(params);
  return static_cast<size_t>(blocks(p) * kColumnsBytes * (by_fours(p.input) + by_fours(p.cell)));
}

int8_t* pack_columns(const MoteLstmI8& p, const int8_t* w, int64_t first, int64_t columns,
                     int8_t* packed) {
  const int64_t row_size = p.input + p.cell;
  for (int64_t block = 0; block < blocks(p); ++block) {
    for (int64_t four = 0; four < by_fours(columns); ++four) {
      for (int64_t i = 0; i < kColumnsBytes; ++i) {
        const int64_t gate = i / (kUnits * 4), unit = block * kUnits + i / 4 % kUnits;
        const int64_t column = four * 4 + i % 4;
        const bool inside = unit < p.cell && column < columns;
        *packed++ = inside ? w[(gate * p.cell + unit) * row_size + first + column] : int8_t{0};
      }
    }
  }
  return packed;
}

void pack(const void* params, const void* weights, void* packed) {
  const MoteLstmI8& p = lstm(params);
  const auto* w = static_cast<const int8_t*>(weights);
  auto* after_x = pack_columns(p, w, 0, p.input, static_cast<int8_t*>(packed));
  pack_columns(p, w, p.input, p.cell, after_x);
}

// --- Scratch: magnitudes and values of x and of h, padded to whole fours; the next h [blocks, 16];
// biases of x and of h [2, blocks, 4, 16]

struct Scratch {
  int8_t *x, *x_size, *h, *h_size, *next;
  int32_t *bias_x, *bias_h;
};

size_t scratch_bytes(const void* params) {
  const MoteLstmI8& p = lstm(params);
  const int64_t bytes = 8 * (by_fours(p.input) + by_fours(p.cell)) + kUnits * blocks(p);
  const int64_t biases = 2 * blocks(p) * kGates * kUnits * 4;
  return static_cast<size_t>(biases + bytes);
}

Scratch scratch_of(const MoteLstmI8& p, void* memory) {
  Scratch s = {};
  s.bias_x = static_cast<int32_t*>(memory);
  s.bias_h = s.bias_x + blocks(p) * kGates * kUnits;
  s.x = reinterpret_cast<int8_t*>(s.bias_h + blocks(p) * kGates * kUnits);
  s.x_size = s.x + 4 * by_fours(p.input);
  s.h = s.x_size + 4 * by_fours(p.input);
  s.h_size = s.h + 4 * by_fours(p.cell);
  s.next = s.h_size + 4 * by_fours(p.cell);
  return s;
}

// Values and magnitudes (as unsigned bytes); what is beyond n was set to zero before.
void take(const int8_t* from, int64_t n, int8_t* values, int8_t* sizes) {
  std::memcpy(values, from, static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) sizes[i] = static_cast<int8_t>(from[i] < 0 ? -from[i] : from[i]);
}

void regroup_bias(const int32_t* bias, const MoteLstmI8& p, int32_t* to) {
  for (int64_t block = 0; block < blocks(p); ++block) {
    for (int64_t gate = 0; gate < kGates; ++gate) {
      for (int64_t lane = 0; lane < kUnits; ++lane) {
        const int64_t unit = block * kUnits + lane;
        *to++ = unit < p.cell ? bias[gate * p.cell + unit] : 0;
      }
    }
  }
}

// --- One step

// sums[gate][half] of a block = bias + W x.
[[gnu::noinline]] void product(const int8_t* w, const int8_t* x, const int8_t* x_size,
                               int64_t fours, const int32_t* bias, __m256i (&sums)[kGates][2]) {
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i s[kGates][2];
  for (int i = 0; i < kGates * 2; ++i) {
    s[i / 2][i % 2] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bias + i * 8));
  }
  for (int64_t four = 0; four < fours; ++four, w += kColumnsBytes) {
    int32_t value, size;
    std::memcpy(&value, x + four * 4, 4);
    std::memcpy(&size, x_size + four * 4, 4);
    const __m256i values = _mm256_set1_epi32(value), sizes = _mm256_set1_epi32(size);
    for (int i = 0; i < kGates * 2; ++i) {
      const __m256i weights = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + i * 32));
      const __m256i pairs = _mm256_maddubs_epi16(sizes, _mm256_sign_epi8(weights, values));
      s[i / 2][i % 2] = _mm256_add_epi32(s[i / 2][i % 2], _mm256_madd_epi16(pairs, ones));
    }
  }
  for (int i = 0; i < kGates * 2; ++i) sums[i / 2][i % 2] = s[i / 2][i % 2];
}

// Saturated to 16 bits, in order.
Words narrow(v::I32 low, v::I32 high) {
  const __m256i packed =
      _mm256_packs_epi32(reinterpret_cast<__m256i>(low), reinterpret_cast<__m256i>(high));
  return _mm256_permute4x64_epi64(packed, 0xd8);
}
v::I32 widen(__m128i half) { return reinterpret_cast<v::I32>(_mm256_cvtepi16_epi32(half)); }
v::I32 low_of(Words a) { return widen(_mm256_castsi256_si128(a)); }
v::I32 high_of(Words a) { return widen(_mm256_extracti128_si256(a, 1)); }

v::I32 scaled(__m256i x, MoteFactor f) {
  return rounded_right(v::mul_high(reinterpret_cast<v::I32>(x), v::splat(f.multiplier)), -f.shift);
}

// saturate(from_h + saturate(from_x))
Words gate_sum(const __m256i (&x)[2], const __m256i (&h)[2], MoteFactor of_x, MoteFactor of_h) {
  const Words from_x = narrow(scaled(x[0], of_x), scaled(x[1], of_x));
  return narrow(scaled(h[0], of_h) + low_of(from_x), scaled(h[1], of_h) + high_of(from_x));
}

// a * b / 2^n, halves away from zero.
Words product_right(Words a, Words b, int n) {
  return narrow(rounded_right(low_of(a) * low_of(b), n), rounded_right(high_of(a) * high_of(b), n));
}

// The new c, and the new h as bytes.
__m128i update(const MoteLstmI8& p, const Words (&gate)[kGates], Words* c) {
  const Words kept = product_right(logistic_words(gate[1]), *c, 15);
  const Words added =
      product_right(logistic_words(gate[0]), tanh_words(gate[2], 3), 15 + p.cell_bits);
  Words state = _mm256_adds_epi16(kept, added);
  if (p.cell_clip > 0) {
    state = _mm256_min_epi16(_mm256_max_epi16(state, words(-p.cell_clip)), words(p.cell_clip));
  }
  *c = state;
  const Words out = logistic_words(gate[3]), bent = tanh_words(state, p.cell_bits);
  const v::I32 zero = v::splat(p.hidden_zero_point);
  const Words hidden =
      narrow(scaled(reinterpret_cast<__m256i>(low_of(out) * low_of(bent)), p.hidden) + zero,
             scaled(reinterpret_cast<__m256i>(high_of(out) * high_of(bent)), p.hidden) + zero);
  return _mm_packs_epi16(_mm256_castsi256_si128(hidden), _mm256_extracti128_si256(hidden, 1));
}

struct Batch {
  const MoteLstmI8& p;
  const int8_t* x_weights;
  const int8_t* h_weights;
  Scratch s;
  int8_t* h;
  int16_t* c;

  void block(int64_t at) const {
    __m256i from_x[kGates][2], from_h[kGates][2];
    const int64_t fours_x = by_fours(p.input), fours_h = by_fours(p.cell);
    product(x_weights + at * fours_x * kColumnsBytes, s.x, s.x_size, fours_x,
            s.bias_x + at * kGates * kUnits, from_x);
    product(h_weights + at * fours_h * kColumnsBytes, s.h, s.h_size, fours_h,
            s.bias_h + at * kGates * kUnits, from_h);
    Words gate[kGates];
    for (int g = 0; g < kGates; ++g) gate[g] = gate_sum(from_x[g], from_h[g], p.x[g], p.h[g]);
    const int64_t unit = at * kUnits, n = p.cell - unit < kUnits ? p.cell - unit : kUnits;
    int16_t cells[kUnits] = {};
    std::memcpy(cells, c + unit, static_cast<size_t>(n) * sizeof(int16_t));
    Words state = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(cells));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(s.next + unit), update(p, gate, &state));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(cells), state);
    std::memcpy(c + unit, cells, static_cast<size_t>(n) * sizeof(int16_t));
  }

  void run(const int8_t* x, int8_t* y) const {
    take(h, p.cell, s.h, s.h_size);
    for (int64_t t = 0; t < p.steps; ++t) {
      take(x + t * p.x_step, p.input, s.x, s.x_size);
      for (int64_t at = 0; at < blocks(p); ++at) block(at);
      take(s.next, p.cell, s.h, s.h_size);
      std::memcpy(y + t * p.y_step, s.next, static_cast<size_t>(p.cell));
    }
    std::memcpy(h, s.h, static_cast<size_t>(p.cell));
  }
};

int run(const Args& args, int64_t begin, int64_t end) {
  const MoteLstmI8& p = lstm(args.params);
  const auto* w = static_cast<const int8_t*>(args.in[1]);
  const Scratch s = scratch_of(p, args.scratch);
  std::memset(s.x, 0, static_cast<size_t>(8 * (by_fours(p.input) + by_fours(p.cell))));
  regroup_bias(static_cast<const int32_t*>(args.in[2]), p, s.bias_x);
  regroup_bias(static_cast<const int32_t*>(args.in[3]), p, s.bias_h);
  for (int64_t b = begin; b < end; ++b) {
    const Batch batch{p,
                      w,
                      w + blocks(p) * by_fours(p.input) * kColumnsBytes,
                      s,
                      static_cast<int8_t*>(args.out[1]) + b * p.cell,
                      static_cast<int16_t*>(args.out[2]) + b * p.cell};
    batch.run(static_cast<const int8_t*>(args.in[0]) + b * p.x_batch,
              static_cast<int8_t*>(args.out[0]) + b * p.y_batch);
  }
  return kOk;
}

const char* declines(const void* params) {
  const MoteLstmI8& p = lstm(params);
  const auto goes_left = [](MoteFactor f) { return f.shift > 0 || f.shift < -31; };
  for (int g = 0; g < kGates; ++g) {
    if (goes_left(p.x[g]) || goes_left(p.h[g])) return "a factor is above 1";
  }
  return goes_left(p.hidden) ? "a factor is above 1" : nullptr;
}

int64_t units(const void* params) { return lstm(params).batch; }

constexpr Kernel kRows[] = {{.name = MOTE_ROW_NAME("lstm_fused_i8"),
                             .run = run,
                             .declines = declines,
                             .units = units,
                             .scratch_bytes = scratch_bytes,
                             .pack_input = 1,
                             .packed_bytes = packed_bytes,
                             .pack = pack}};

}  // namespace
}  // namespace avx2

const ProcessorRows kLstmFusedI8Avx2 = {simd::Isa::avx2, avx2::kRows};

}  // namespace mote::kernels

#else

const mote::kernels::ProcessorRows mote::kernels::kLstmFusedI8Avx2 = {simd::Isa::avx2, {}};

#endif
