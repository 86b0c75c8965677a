// The plain integer LSTM for AVX2: products of bytes
// (recurrent_bytes_avx2-inl.h), gates and cells in 16 bits, sixteen units at a
// time.
#include "kernels/chosen.h"
#include "kernels/lstm/families.h"

#if defined(__AVX2__)
#include "kernels/common/fast_rows.h"
#include "kernels/common/fixed_vec-inl.h"
#include "kernels/common/q15_avx2-inl.h"
#include "kernels/common/recurrent_bytes_avx2-inl.h"
#include "kernels/lstm/fused_i8_ref.h"

namespace mote::kernels {
namespace avx2 {
namespace {

constexpr int kGates = 4;
constexpr int64_t kRow = kGates * kBlockUnits;  // values of a block

const MoteLstmI8& lstm(const void* params) { return *static_cast<const MoteLstmI8*>(params); }

// Packed: the weights of x, then those of h.
size_t packed_bytes(const void* params) {
  const MoteLstmI8& p = lstm(params);
  return static_cast<size_t>(packed_matrix_bytes(kGates, p.cell, p.input) +
                             packed_matrix_bytes(kGates, p.cell, p.cell));
}

void pack(const void* params, const void* weights, void* packed) {
  const MoteLstmI8& p = lstm(params);
  const auto* w = static_cast<const int8_t*>(weights);
  const int64_t row_size = p.input + p.cell;
  auto* to = pack_matrix(w, kGates, p.cell, row_size, 0, p.input, static_cast<int8_t*>(packed));
  pack_matrix(w, kGates, p.cell, row_size, p.input, p.cell, to);
}

// Scratch: biases of x and of h, int32 [2, blocks, 4, 16]; values and
// magnitudes of x and of h, padded to whole fours; the next h [blocks, 16].
struct Scratch {
  int32_t *bias_x, *bias_h;
  int8_t *x, *x_size, *h, *h_size, *next;
};

size_t scratch_bytes(const void* params) {
  const MoteLstmI8& p = lstm(params);
  const int64_t bytes =
      8 * (by_fours(p.input) + by_fours(p.cell)) + kBlockUnits * blocks_of(p.cell);
  return static_cast<size_t>(8 * kRow * blocks_of(p.cell) + bytes);
}

Scratch scratch_of(const MoteLstmI8& p, void* memory) {
  Scratch s = {};
  s.bias_x = static_cast<int32_t*>(memory);
  s.bias_h = s.bias_x + blocks_of(p.cell) * kRow;
  s.x = reinterpret_cast<int8_t*>(s.bias_h + blocks_of(p.cell) * kRow);
  s.x_size = s.x + 4 * by_fours(p.input);
  s.h = s.x_size + 4 * by_fours(p.input);
  s.h_size = s.h + 4 * by_fours(p.cell);
  s.next = s.h_size + 4 * by_fours(p.cell);
  return s;
}

void take(const int8_t* from, int64_t n, int8_t* values, int8_t* sizes) {
  std::memcpy(values, from, static_cast<size_t>(n));
  magnitudes(from, n, sizes);
}

// --- One step

// Saturated to 16 bits, in order.
Words narrow(v::I32 low, v::I32 high) {
  const __m256i packed =
      _mm256_packs_epi32(reinterpret_cast<__m256i>(low), reinterpret_cast<__m256i>(high));
  return _mm256_permute4x64_epi64(packed, 0xd8);
}
v::I32 widen(__m128i half) { return reinterpret_cast<v::I32>(_mm256_cvtepi16_epi32(half)); }
v::I32 low_of(Words a) { return widen(_mm256_castsi256_si128(a)); }
v::I32 high_of(Words a) { return widen(_mm256_extracti128_si256(a, 1)); }

// By the instruction, since these sums may wrap.
v::I32 sum_of(v::I32 a, v::I32 b) {
  return reinterpret_cast<v::I32>(
      _mm256_add_epi32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
}

// mote_factor
v::I32 scaled(v::I32 x, MoteFactor f) {
  const v::I32 left = x << (f.shift > 0 ? f.shift : 0);
  return rounded_right(v::mul_high(left, v::splat(f.multiplier)), f.shift < 0 ? -f.shift : 0);
}

// A product's sums with their biases, scaled to the gate's.
v::I32 scaled_sum(__m256i sums, const int32_t* bias, MoteFactor f) {
  return scaled(sum_of(reinterpret_cast<v::I32>(sums), v::load(bias)), f);
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
  const Words hidden = narrow(sum_of(scaled(low_of(out) * low_of(bent), p.hidden), zero),
                              sum_of(scaled(high_of(out) * high_of(bent), p.hidden), zero));
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
    byte_product<kGates>(x_weights + at * packed_matrix_bytes(kGates, kBlockUnits, p.input), s.x,
                         s.x_size, p.input, from_x);
    byte_product<kGates>(h_weights + at * packed_matrix_bytes(kGates, kBlockUnits, p.cell), s.h,
                         s.h_size, p.cell, from_h);
    Words gate[kGates];
    for (int g = 0; g < kGates; ++g) {  // saturate(from h + saturate(from x))
      const int32_t* bias_x = s.bias_x + at * kRow + g * kBlockUnits;
      const int32_t* bias_h = s.bias_h + at * kRow + g * kBlockUnits;
      const Words x = narrow(scaled_sum(from_x[g][0], bias_x, p.x[g]),
                             scaled_sum(from_x[g][1], bias_x + v::kLanes, p.x[g]));
      gate[g] = narrow(sum_of(scaled_sum(from_h[g][0], bias_h, p.h[g]), low_of(x)),
                       sum_of(scaled_sum(from_h[g][1], bias_h + v::kLanes, p.h[g]), high_of(x)));
    }
    const int64_t unit = at * kBlockUnits,
                  n = p.cell - unit < kBlockUnits ? p.cell - unit : kBlockUnits;
    int16_t cells[kBlockUnits] = {};
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
      for (int64_t at = 0; at < blocks_of(p.cell); ++at) block(at);
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
  regroup(static_cast<const int32_t*>(args.in[2]), kGates, p.cell, s.bias_x);
  regroup(static_cast<const int32_t*>(args.in[3]), kGates, p.cell, s.bias_h);
  for (int64_t b = begin; b < end; ++b) {
    const Batch batch{p,
                      w,
                      w + packed_matrix_bytes(kGates, p.cell, p.input),
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
  const auto outside = [](MoteFactor f) { return f.shift > 31 || f.shift < -31; };
  for (int g = 0; g < kGates; ++g) {
    if (outside(p.x[g]) || outside(p.h[g])) return "a factor is out of range";
  }
  return outside(p.hidden) ? "a factor is out of range" : nullptr;
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

const ProcessorRows kLstmFusedI8Avx2 = {simd::Isa::avx2, chosen<avx2::kRows>};

}  // namespace mote::kernels

#else

const mote::kernels::ProcessorRows mote::kernels::kLstmFusedI8Avx2 = {simd::Isa::avx2, {}};

#endif
