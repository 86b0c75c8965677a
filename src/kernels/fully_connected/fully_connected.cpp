#include "kernels/fully_connected/fully_connected.h"

#include "kernels/chosen.h"
#include "kernels/common/rows-inl.h"
#include "kernels/common/weights-inl.h"
#include "kernels/fully_connected/families.h"
#include "kernels/fully_connected/generic-inl.h"
#include "kernels/fully_connected/ref.h"

namespace mote::kernels {
namespace {

template <class Params>
int64_t rows(const void* params) {
  return as<Params>(params).rows;
}

template <class Params>
int64_t blocks(const void* params) {
  const auto& p = as<Params>(params);
  return blocks_of(p.rows, p.out_c);
}

template <class Params>
size_t wide_bytes(const void* params) {
  const auto& p = as<Params>(params);
  return static_cast<size_t>(std::min(kBlockRows, p.rows) * p.in_c) * sizeof(int16_t);
}

size_t packed_f32_bytes(const void* params) {
  const auto& p = as<MoteFullyConnectedF32>(params);
  return panel_bytes(p.out_c, p.in_c);
}

template <class Weight>
void pack_float(const void* params, const void* weights, void* packed) {
  const auto& p = as<MoteFullyConnectedF32>(params);
  pack_panels(static_cast<const Weight*>(weights), p.out_c, p.in_c, p.in_c, 1,
              static_cast<float*>(packed));
}

template <class Params, class Weight>
size_t unpacked_bytes(const void* params) {
  const auto& p = as<Params>(params);
  return static_cast<size_t>(p.out_c * p.in_c) * sizeof(Weight);
}

template <class Params>
void pack_i4(const void* params, const void* weights, void* packed) {
  const auto& p = as<Params>(params);
  unpack_int4(weights, p.out_c * p.in_c, static_cast<int8_t*>(packed));
}

void pack_u8(const void* params, const void* weights, void* packed) {
  const auto& p = as<MoteFullyConnectedInt>(params);
  center_uint8(weights, p.out_c * p.in_c, p.mac.w_zero, static_cast<int16_t*>(packed));
}

int run_f32(const Args& a, int64_t begin, int64_t end) {
  fully_connected_f32_generic(as<MoteFullyConnectedF32>(a.params), in<float>(a, 0), in<float>(a, 1),
                              in<float>(a, 2), out<float>(a), begin, end);
  return kOk;
}

int run_f16_ref(const Args& a, int64_t begin, int64_t end) {
  mote_fully_connected_f16_ref(&as<MoteFullyConnectedF32>(a.params), in<float>(a, 0),
                               in<uint16_t>(a, 1), in<float>(a, 2), out<float>(a), begin, end);
  return kOk;
}

int run_f32_ref(const Args& a, int64_t begin, int64_t end) {
  mote_fully_connected_f32_ref(&as<MoteFullyConnectedF32>(a.params), in<float>(a, 0),
                               in<float>(a, 1), in<float>(a, 2), out<float>(a), begin, end);
  return kOk;
}

template <bool kWide, class Weight>
void run_int_blocks(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MoteFullyConnectedInt>(a.params);
  const MoteScales scales = mote_scales(p.mac.rounding, a.in[3], a.in[4]);
  with_element(p.mac.x_type, [&]<class Source>(const Source*) {
    fully_connected_blocks<kWide>(
        p.rows, p.in_c, p.out_c, in<Source>(a, 0), in<Weight>(a, 1),
        [&](int64_t) { return p.mac.x_zero; }, static_cast<int16_t*>(a.scratch), begin, end,
        [&](int64_t row, int64_t column, int64_t sum) {
          const int64_t acc = sum + mote_bias(a.in[2], p.mac.rounding, column);
          mote_store(a.out[0], row * p.out_c + column, p.mac.y_type,
                     mote_requantize(&p.mac, &scales, column, acc));
        });
  });
}

int run_int_i8(const Args& a, int64_t begin, int64_t end) {
  if (is_wide(as<MoteFullyConnectedInt>(a.params).mac)) {
    run_int_blocks<true, int8_t>(a, begin, end);
  } else {
    run_int_blocks<false, int8_t>(a, begin, end);
  }
  return kOk;
}

int run_int_u8(const Args& a, int64_t begin, int64_t end) {
  run_int_blocks<false, int16_t>(a, begin, end);
  return kOk;
}

int run_int_ref(const Args& a, int64_t begin, int64_t end) {
  mote_fully_connected_int_ref(&as<MoteFullyConnectedInt>(a.params), a.in[0], a.in[1], a.in[2],
                               a.in[3], a.in[4], a.out[0], begin, end);
  return kOk;
}

int run_hybrid(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MoteFullyConnectedHybrid>(a.params);
  const float *bias = in<float>(a, 2), *w_scale = in<float>(a, 3), *x_scale = in<float>(a, 4);
  const int32_t* x_zero = in<int32_t>(a, 5);
  float* y = out<float>(a);
  fully_connected_blocks<false>(
      p.rows, p.in_c, p.out_c, in<int8_t>(a, 0), in<int8_t>(a, 1),
      [&](int64_t row) { return x_zero[row]; }, static_cast<int16_t*>(a.scratch), begin, end,
      [&](int64_t row, int64_t column, int32_t sum) {
        y[row * p.out_c + column] = mote_hybrid_output(&p.mac, sum, x_scale[row], w_scale[column],
                                                       bias ? bias[column] : 0.0f);
      });
  return kOk;
}

int run_hybrid_ref(const Args& a, int64_t begin, int64_t end) {
  mote_fully_connected_hybrid_ref(&as<MoteFullyConnectedHybrid>(a.params), in<int8_t>(a, 0),
                                  a.in[1], in<float>(a, 2), in<float>(a, 3), in<float>(a, 4),
                                  in<int32_t>(a, 5), out<float>(a), begin, end);
  return kOk;
}

const char* needs_i8(const void* params) {
  return needs_i8_weights(as<MoteFullyConnectedInt>(params).mac);
}
const char* needs_i4(const void* params) {
  return needs_i4_weights(as<MoteFullyConnectedInt>(params).mac);
}
const char* needs_u8(const void* params) {
  return needs_u8_weights(as<MoteFullyConnectedInt>(params).mac);
}
const char* hybrid_needs_i8(const void* params) {
  return needs_weights(as<MoteFullyConnectedHybrid>(params).mac, kMoteI8);
}
const char* hybrid_needs_i4(const void* params) {
  return needs_weights(as<MoteFullyConnectedHybrid>(params).mac, kMoteI4);
}

constexpr Kernel kF32Rows[] = {
    {.name = "fully_connected_f32__generic",
     .run = run_f32,
     .units = blocks<MoteFullyConnectedF32>,
     .pack_input = 1,
     .packed_bytes = packed_f32_bytes,
     .pack = pack_float<float>},
    {.name = "fully_connected_f32__ref", .run = run_f32_ref, .units = rows<MoteFullyConnectedF32>},
};

constexpr Kernel kF16Rows[] = {
    {.name = "fully_connected_f16__generic",
     .run = run_f32,
     .units = blocks<MoteFullyConnectedF32>,
     .pack_input = 1,
     .packed_bytes = packed_f32_bytes,
     .pack = pack_float<uint16_t>},
    {.name = "fully_connected_f16__ref", .run = run_f16_ref, .units = rows<MoteFullyConnectedF32>},
};

constexpr Kernel kIntRows[] = {
    {.name = "fully_connected_int__generic_i8",
     .run = run_int_i8,
     .declines = needs_i8,
     .units = blocks<MoteFullyConnectedInt>,
     .scratch_bytes = wide_bytes<MoteFullyConnectedInt>},
    {.name = "fully_connected_int__generic_i4",
     .run = run_int_i8,
     .declines = needs_i4,
     .units = blocks<MoteFullyConnectedInt>,
     .scratch_bytes = wide_bytes<MoteFullyConnectedInt>,
     .pack_input = 1,
     .packed_bytes = unpacked_bytes<MoteFullyConnectedInt, int8_t>,
     .pack = pack_i4<MoteFullyConnectedInt>},
    {.name = "fully_connected_int__generic_u8",
     .run = run_int_u8,
     .declines = needs_u8,
     .units = blocks<MoteFullyConnectedInt>,
     .scratch_bytes = wide_bytes<MoteFullyConnectedInt>,
     .pack_input = 1,
     .packed_bytes = unpacked_bytes<MoteFullyConnectedInt, int16_t>,
     .pack = pack_u8},
    {.name = "fully_connected_int__ref", .run = run_int_ref, .units = rows<MoteFullyConnectedInt>},
};

constexpr Kernel kHybridRows[] = {
    {.name = "fully_connected_hybrid__generic_i8",
     .run = run_hybrid,
     .declines = hybrid_needs_i8,
     .units = blocks<MoteFullyConnectedHybrid>,
     .scratch_bytes = wide_bytes<MoteFullyConnectedHybrid>},
    {.name = "fully_connected_hybrid__generic_i4",
     .run = run_hybrid,
     .declines = hybrid_needs_i4,
     .units = blocks<MoteFullyConnectedHybrid>,
     .scratch_bytes = wide_bytes<MoteFullyConnectedHybrid>,
     .pack_input = 1,
     .packed_bytes = unpacked_bytes<MoteFullyConnectedHybrid, int8_t>,
     .pack = pack_i4<MoteFullyConnectedHybrid>},
    {.name = "fully_connected_hybrid__ref",
     .run = run_hybrid_ref,
     .units = rows<MoteFullyConnectedHybrid>},
};

}  // namespace

const Family kFullyConnectedF32 = {
    "fully_connected_f32", chosen<kF32Rows>, {&kFullyConnectedF32Avx2}};
const Family kFullyConnectedF16 = {
    "fully_connected_f16", chosen<kF16Rows>, {&kFullyConnectedF16Avx2}};
const Family kFullyConnectedInt = {
    "fully_connected_int",
    chosen<kIntRows>,
    {&kFullyConnectedInt8Avx512Vnni, &kFullyConnectedInt8AvxVnni, &kFullyConnectedInt8Avx2,
     &kFullyConnectedInt16Avx2, &kFullyConnectedInt8NeonI8mm, &kFullyConnectedInt8NeonDot,
     &kFullyConnectedInt8Neon}};
const Family kFullyConnectedHybrid = {
    "fully_connected_hybrid",
    chosen<kHybridRows>,
    {&kFullyConnectedHybridAvx512Vnni, &kFullyConnectedHybridAvxVnni, &kFullyConnectedHybridAvx2,
     &kFullyConnectedHybridNeonI8mm, &kFullyConnectedHybridNeonDot, &kFullyConnectedHybridNeon}};

}  // namespace mote::kernels
