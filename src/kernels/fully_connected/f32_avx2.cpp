// fully_connected_f32 and fully_connected_f16 for AVX2: few rows straight from the weights as they
// are stored, more as tiles of 6 rows against panels of 16 outputs.
#include "kernels/chosen.h"
#include "kernels/fully_connected/families.h"

#if defined(__AVX2__)

#include "kernels/common/gemv_f32_avx2-inl.h"
#include "kernels/common/panels_f32_avx2-inl.h"
#include "kernels/fully_connected/fully_connected.h"

namespace mote::kernels::MOTE_ISA {
namespace {

constexpr int64_t kGemvUnit = 16;  // outputs

const MoteFullyConnectedF32& params_of(const void* params) {
  return *static_cast<const MoteFullyConnectedF32*>(params);
}

const char* needs_few_rows(const void* params) {
  return params_of(params).rows > kGemvRows ? "more than 3 rows" : nullptr;
}

int64_t gemv_units(const void* params) {
  const MoteFullyConnectedF32& p = params_of(params);
  return p.rows == 0 ? 0 : ceil_div(p.out_c, kGemvUnit);
}

template <class W>
int run_gemv(const Args& a, int64_t begin, int64_t end) {
  const MoteFullyConnectedF32& p = params_of(a.params);
  const GemvOutput out = {static_cast<const float*>(a.in[2]),
                          {p.act_min, p.act_max},
                          static_cast<float*>(a.out[0]),
                          p.out_c};
  gemv(static_cast<const float*>(a.in[0]), p.rows, static_cast<const W*>(a.in[1]), p.in_c,
       begin * kGemvUnit, smaller(end * kGemvUnit, p.out_c), out);
  return kOk;
}

Split split_of(const MoteFullyConnectedF32& p) {
  return split_product(p.rows, p.out_c, kMostTiles);
}

int64_t units(const void* params) { return split_of(params_of(params)).units(); }

template <class W>
size_t packed_bytes(const void* params) {
  const MoteFullyConnectedF32& p = params_of(params);
  return static_cast<size_t>(panel_elements(p.out_c, p.in_c)) * sizeof(W);
}

template <class W>
void pack(const void* params, const void* weights, void* packed) {
  const MoteFullyConnectedF32& p = params_of(params);
  pack_panels16(static_cast<const W*>(weights), p.out_c, p.in_c, p.in_c, 1,
                static_cast<W*>(packed));
}

template <class W>
int run(const Args& a, int64_t begin, int64_t end) {
  const MoteFullyConnectedF32& p = params_of(a.params);
  const Split s = split_of(p);
  for (int64_t unit = begin; unit < end; ++unit) {
    multiply_unit(s, unit, static_cast<const float*>(a.in[0]), p.in_c,
                  static_cast<const W*>(a.in[1]), p.out_c, static_cast<const float*>(a.in[2]),
                  {p.act_min, p.act_max}, static_cast<float*>(a.out[0]));
  }
  return kOk;
}

template <class W>
constexpr Kernel few_rows(const char* name) {
  return {.name = name, .run = run_gemv<W>, .declines = needs_few_rows, .units = gemv_units};
}

template <class W>
constexpr Kernel many_rows(const char* name) {
  return {.name = name,
          .run = run<W>,
          .units = units,
          .pack_input = 1,
          .packed_bytes = packed_bytes<W>,
          .pack = pack<W>};
}

constexpr Kernel kF32Rows[] = {few_rows<float>("fully_connected_f32__avx2_few_rows"),
                               many_rows<float>("fully_connected_f32__avx2")};
constexpr Kernel kF16Rows[] = {few_rows<Half>("fully_connected_f16__avx2_few_rows"),
                               many_rows<Half>("fully_connected_f16__avx2")};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA

namespace mote::kernels {
const ProcessorRows kFullyConnectedF32Avx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kF32Rows>};
const ProcessorRows kFullyConnectedF16Avx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kF16Rows>};
}  // namespace mote::kernels

#else

namespace mote::kernels {
const ProcessorRows kFullyConnectedF32Avx2 = {simd::Isa::avx2, {}};
const ProcessorRows kFullyConnectedF16Avx2 = {simd::Isa::avx2, {}};
}  // namespace mote::kernels

#endif
