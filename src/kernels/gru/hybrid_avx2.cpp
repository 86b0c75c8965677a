// The GRU with int8 weights for AVX2: h is quantized at every step, its
// products are of bytes (recurrent_bytes_avx2-inl.h), gates and states floats.
#include "kernels/chosen.h"
#include "kernels/gru/families.h"

#if defined(__AVX2__)
#include "kernels/common/fast_rows.h"
#include "kernels/common/recurrent_bytes_avx2-inl.h"
#include "kernels/gru/gru.h"
#include "kernels/quantize_rows/values_vec-inl.h"
#include "simd/vec_math.h"

namespace mote::kernels {
namespace avx2 {
namespace {

constexpr int kGates = 3;
constexpr int64_t kRow = kGates * kBlockUnits;  // values of a block

const MoteGruHybrid& gru(const void* params) { return *static_cast<const MoteGruHybrid*>(params); }

// Packed: the weights, then the sums of their rows, int32 [blocks, 3, 16].
size_t packed_bytes(const void* params) {
  const MoteGruHybrid& p = gru(params);
  return static_cast<size_t>(packed_matrix_bytes(kGates, p.units, p.units) +
                             4 * kRow * blocks_of(p.units));
}

void pack(const void* params, const void* weights, void* packed) {
  const MoteGruHybrid& p = gru(params);
  const auto* w = static_cast<const int8_t*>(weights);
  auto* to = pack_matrix(w, kGates, p.units, p.units, 0, p.units, static_cast<int8_t*>(packed));
  pack_row_sums(w, kGates, p.units, p.units, 0, p.units, reinterpret_cast<int32_t*>(to));
}

// Scratch: scales, biases and the next h, floats [blocks, 3, 16] twice and
// [blocks, 16]; the bytes of h and their magnitudes, padded to whole fours.
size_t scratch_bytes(const void* params) {
  const MoteGruHybrid& p = gru(params);
  return static_cast<size_t>(blocks_of(p.units) * (2 * kRow + kBlockUnits) * 4 +
                             8 * by_fours(p.units));
}

struct Batch {
  const MoteGruHybrid& p;
  const int8_t* weights;
  const int32_t* row_sums;
  const float* scales;
  const float* bias;
  float* h;
  float* next;
  int8_t* bytes;
  int8_t* sizes;

  void block(int64_t at, const float* x, float scale, int32_t zero) const {
    __m256i sums[kGates][2];
    byte_product<kGates>(weights + at * packed_matrix_bytes(kGates, kBlockUnits, p.units), bytes,
                         sizes, p.units, sums);
    for (int half = 0; half < 2; ++half) {
      const int64_t unit = at * kBlockUnits + half * v::kLanes, left = p.units - unit;
      if (left <= 0) break;
      const int64_t n = left < v::kLanes ? left : v::kLanes;
      v::F32 from_x[kGates], from_h[kGates];
      for (int g = 0; g < kGates; ++g) {
        const int64_t i = at * kRow + g * kBlockUnits + half * v::kLanes;
        const v::I32 sum =
            reinterpret_cast<v::I32>(sums[g][half]) - v::splat(zero) * v::load(row_sums + i);
        from_h[g] = v::to_float(sum) * (v::splat(scale) * v::load(scales + i)) + v::load(bias + i);
        from_x[g] = v::load_part(x + g * p.units + unit, n);
      }
      const v::F32 z = v::sigmoid(from_x[0] + from_h[0]);
      const v::F32 reset = v::sigmoid(from_x[1] + from_h[1]);
      const v::F32 candidate = v::tanh(from_x[2] + reset * from_h[2]);
      v::store(next + unit, candidate + z * (v::load_part(h + unit, n) - candidate));
    }
  }

  void run(const float* x, float* y) const {
    const size_t size = static_cast<size_t>(p.units) * sizeof(float);
    for (int64_t t = 0; t < p.steps; ++t) {
      float scale = 1.0f;
      int32_t zero = 0;
      (p.asymmetric ? quantize_row_asymmetric : quantize_row_symmetric)(h, p.units, bytes, &scale,
                                                                        &zero);
      magnitudes(bytes, p.units, sizes);
      for (int64_t at = 0; at < blocks_of(p.units); ++at) block(at, x + t * p.x_step, scale, zero);
      std::memcpy(h, next, size);
      if (y) std::memcpy(y + t * p.y_step, next, size);
    }
  }
};

int run(const Args& args, int64_t begin, int64_t end) {
  const MoteGruHybrid& p = gru(args.params);
  const int64_t row = blocks_of(p.units) * kRow;
  const auto* w = static_cast<const int8_t*>(args.in[1]);
  auto* scales = static_cast<float*>(args.scratch);
  float* bias = scales + row;
  float* next = bias + row;
  auto* bytes = reinterpret_cast<int8_t*>(next + blocks_of(p.units) * kBlockUnits);
  std::memset(bytes, 0, static_cast<size_t>(8 * by_fours(p.units)));
  regroup(static_cast<const float*>(args.in[2]), kGates, p.units, scales);
  if (args.in[3]) {
    regroup(static_cast<const float*>(args.in[3]), kGates, p.units, bias);
  } else {
    std::memset(bias, 0, static_cast<size_t>(row) * sizeof(float));
  }
  auto* y = static_cast<float*>(args.out[1]);
  for (int64_t b = begin; b < end; ++b) {
    float* h = static_cast<float*>(args.out[0]) + b * p.units;
    const float* first = static_cast<const float*>(args.in[4]) + b * p.units;
    if (h != first) std::memcpy(h, first, static_cast<size_t>(p.units) * sizeof(float));
    const Batch batch{
        p,
        w,
        reinterpret_cast<const int32_t*>(w + packed_matrix_bytes(kGates, p.units, p.units)),
        scales,
        bias,
        h,
        next,
        bytes,
        bytes + 4 * by_fours(p.units)};
    batch.run(static_cast<const float*>(args.in[0]) + b * p.x_batch,
              y ? y + b * p.y_batch : nullptr);
  }
  return kOk;
}

int64_t units(const void* params) { return gru(params).batch; }

constexpr Kernel kRows[] = {{.name = MOTE_ROW_NAME("gru_hybrid"),
                             .run = run,
                             .units = units,
                             .scratch_bytes = scratch_bytes,
                             .pack_input = 1,
                             .packed_bytes = packed_bytes,
                             .pack = pack}};

}  // namespace
}  // namespace avx2

const ProcessorRows kGruHybridAvx2 = {simd::Isa::avx2, chosen<avx2::kRows>};

}  // namespace mote::kernels

#else

const mote::kernels::ProcessorRows mote::kernels::kGruHybridAvx2 = {simd::Isa::avx2, {}};

#endif
