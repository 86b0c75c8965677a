// The plain LSTM with int8 weights for AVX2: x and h are quantized at every
// step, products are of bytes (recurrent_bytes_avx2-inl.h), gates and states
// floats.
#include "kernels/chosen.h"
#include "kernels/lstm/families.h"

#if defined(__AVX2__)
#include "kernels/common/fast_rows.h"
#include "kernels/common/recurrent_bytes_avx2-inl.h"
#include "kernels/lstm/fused_hybrid_ref.h"
#include "kernels/quantize_rows/values_vec-inl.h"
#include "simd/vec_math.h"

namespace mote::kernels {
namespace avx2 {
namespace {

constexpr int kGates = 4;
constexpr int64_t kRow = kGates * kBlockUnits;  // values of a block

const MoteLstmFusedHybrid& lstm(const void* params) {
  return *static_cast<const MoteLstmFusedHybrid*>(params);
}

// Packed: the weights of x, those of h; then the sums of their rows, int32 [2,
// blocks, 4, 16].
size_t packed_bytes(const void* params) {
  const MoteLstmFusedHybrid& p = lstm(params);
  return static_cast<size_t>(packed_matrix_bytes(kGates, p.cell, p.input) +
                             packed_matrix_bytes(kGates, p.cell, p.cell) +
                             8 * kRow * blocks_of(p.cell));
}

void pack(const void* params, const void* weights, void* packed) {
  const MoteLstmFusedHybrid& p = lstm(params);
  const auto* w = static_cast<const int8_t*>(weights);
  const int64_t row_size = p.input + p.cell;
  auto* to = pack_matrix(w, kGates, p.cell, row_size, 0, p.input, static_cast<int8_t*>(packed));
  to = pack_matrix(w, kGates, p.cell, row_size, p.input, p.cell, to);
  auto* sums = reinterpret_cast<int32_t*>(to);
  sums = pack_row_sums(w, kGates, p.cell, row_size, 0, p.input, sums);
  pack_row_sums(w, kGates, p.cell, row_size, p.input, p.cell, sums);
}

// A vector of floats as bytes and their magnitudes, padded to whole fours.
struct Operand {
  int8_t* values;
  int8_t* sizes;
  float scale;
  int32_t zero;

  void take(const float* x, int64_t n, bool asymmetric) {
    (asymmetric ? quantize_row_asymmetric : quantize_row_symmetric)(x, n, values, &scale, &zero);
    magnitudes(values, n, sizes);
  }
};

// Scratch: biases and the next h, floats [blocks, 4, 16] and [blocks, 16]; the
// two operands.
size_t scratch_bytes(const void* params) {
  const MoteLstmFusedHybrid& p = lstm(params);
  return static_cast<size_t>(blocks_of(p.cell) * (kRow + kBlockUnits) * 4 +
                             8 * (by_fours(p.input) + by_fours(p.cell)));
}

struct Batch {
  const MoteLstmFusedHybrid& p;
  const int8_t* x_weights;
  const int8_t* h_weights;
  const int32_t* x_sums;
  const int32_t* h_sums;
  const float* bias;
  float* h;
  float* c;
  float* next;
  Operand x_operand, h_operand;

  // gate += (sums - zero * row sums) * scale
  static void add(const __m256i (&sums)[kGates][2], const int32_t* row_sums, const Operand& operand,
                  const float* scales, v::F32 (&gates)[kGates][2]) {
    const v::I32 zero = v::splat(operand.zero);
    for (int i = 0; i < kGates * 2; ++i) {
      const v::I32 sum =
          reinterpret_cast<v::I32>(sums[i / 2][i % 2]) - zero * v::load(row_sums + i * v::kLanes);
      gates[i / 2][i % 2] += v::to_float(sum) * v::splat(scales[i / 2] * operand.scale);
    }
  }

  void block(int64_t at) const {
    __m256i from_x[kGates][2], from_h[kGates][2];
    byte_product<kGates>(x_weights + at * packed_matrix_bytes(kGates, kBlockUnits, p.input),
                         x_operand.values, x_operand.sizes, p.input, from_x);
    byte_product<kGates>(h_weights + at * packed_matrix_bytes(kGates, kBlockUnits, p.cell),
                         h_operand.values, h_operand.sizes, p.cell, from_h);
    v::F32 gates[kGates][2];
    for (int i = 0; i < kGates * 2; ++i) {
      gates[i / 2][i % 2] = v::load(bias + at * kRow + i * v::kLanes);
    }
    add(from_x, x_sums + at * kRow, x_operand, p.x_scale, gates);
    add(from_h, h_sums + at * kRow, h_operand, p.h_scale, gates);
    for (int half = 0; half < 2; ++half) {
      const int64_t unit = at * kBlockUnits + half * v::kLanes, left = p.cell - unit;
      if (left <= 0) break;
      const int64_t n = left < v::kLanes ? left : v::kLanes;
      const v::F32 kept = v::sigmoid(gates[1][half]) * v::load_part(c + unit, n);
      v::F32 state = kept + v::sigmoid(gates[0][half]) * v::tanh(gates[2][half]);
      if (p.cell_clip > 0.0f) state = v::held(state, -p.cell_clip, p.cell_clip);
      v::store_part(c + unit, state, n);
      v::store(next + unit, v::sigmoid(gates[3][half]) * v::tanh(state));
    }
  }

  void run(const float* x, float* y) {
    const size_t bytes = static_cast<size_t>(p.cell) * sizeof(float);
    for (int64_t i = 0; i < p.steps; ++i) {
      const int64_t t = p.backward ? p.steps - 1 - i : i;
      x_operand.take(x + t * p.x_step, p.input, p.asymmetric != 0);
      h_operand.take(h, p.cell, p.asymmetric != 0);
      for (int64_t at = 0; at < blocks_of(p.cell); ++at) block(at);
      std::memcpy(h, next, bytes);
      std::memcpy(y + t * p.y_step, next, bytes);
    }
  }
};

int run(const Args& args, int64_t begin, int64_t end) {
  const MoteLstmFusedHybrid& p = lstm(args.params);
  const int64_t blocks = blocks_of(p.cell);
  const auto* w = static_cast<const int8_t*>(args.in[1]);
  const int8_t* h_weights = w + packed_matrix_bytes(kGates, p.cell, p.input);
  const auto* sums =
      reinterpret_cast<const int32_t*>(h_weights + packed_matrix_bytes(kGates, p.cell, p.cell));
  auto* bias = static_cast<float*>(args.scratch);
  regroup(static_cast<const float*>(args.in[2]), kGates, p.cell, bias);
  float* next = bias + blocks * kRow;
  auto* bytes = reinterpret_cast<int8_t*>(next + blocks * kBlockUnits);
  const int64_t x_bytes = 4 * by_fours(p.input), h_bytes = 4 * by_fours(p.cell);
  std::memset(bytes, 0, static_cast<size_t>(2 * (x_bytes + h_bytes)));
  const Operand x_operand{bytes, bytes + x_bytes, 1.0f, 0};
  const Operand h_operand{bytes + 2 * x_bytes, bytes + 2 * x_bytes + h_bytes, 1.0f, 0};
  for (int64_t b = begin; b < end; ++b) {
    Batch batch{p,
                w,
                h_weights,
                sums,
                sums + blocks * kRow,
                bias,
                static_cast<float*>(args.out[1]) + b * p.cell,
                static_cast<float*>(args.out[2]) + b * p.cell,
                next,
                x_operand,
                h_operand};
    batch.run(static_cast<const float*>(args.in[0]) + b * p.x_batch,
              static_cast<float*>(args.out[0]) + p.y_offset + b * p.y_batch);
  }
  return kOk;
}

int64_t units(const void* params) { return lstm(params).batch; }

constexpr Kernel kRows[] = {{.name = MOTE_ROW_NAME("lstm_fused_hybrid"),
                             .run = run,
                             .units = units,
                             .scratch_bytes = scratch_bytes,
                             .pack_input = 1,
                             .packed_bytes = packed_bytes,
                             .pack = pack}};

}  // namespace
}  // namespace avx2

const ProcessorRows kLstmFusedHybridAvx2 = {simd::Isa::avx2, chosen<avx2::kRows>};

}  // namespace mote::kernels

#else

const mote::kernels::ProcessorRows mote::kernels::kLstmFusedHybridAvx2 = {simd::Isa::avx2, {}};

#endif
