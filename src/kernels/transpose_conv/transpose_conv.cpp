#include "kernels/transpose_conv/transpose_conv.h"

#include "kernels/chosen.h"
#include "kernels/common/rows-inl.h"
#include "kernels/common/weights-inl.h"
#include "kernels/transpose_conv/families.h"
#include "kernels/transpose_conv/generic-inl.h"

namespace mote::kernels {
namespace {

template <class Params>
int64_t rows(const void* params) {
  const MoteWindow& g = as<Params>(params).window;
  return int64_t{g.batches} * g.out_h;
}

template <class Params>
int64_t weight_count(const void* params) {
  const MoteWindow& g = as<Params>(params).window;
  return int64_t{g.out_c} * g.filter_h * g.filter_w * g.in_c;
}

size_t sum_f32_bytes(const void* params) {
  const MoteWindow& g = as<MoteTransposeConvF32>(params).window;
  return static_cast<size_t>(int64_t{g.out_w} * g.out_c) * sizeof(float);
}

// A row's sums, then the widened input row.
template <class Params>
size_t sum_int_bytes(const void* params) {
  const MoteWindow& g = as<Params>(params).window;
  return static_cast<size_t>(int64_t{g.out_w} * g.out_c) * sizeof(int64_t) +
         static_cast<size_t>(int64_t{g.in_w} * g.in_c) * sizeof(int16_t);
}

size_t packed_f32_bytes(const void* params) {
  const MoteWindow& g = as<MoteTransposeConvF32>(params).window;
  return static_cast<size_t>(int64_t{g.filter_h} * g.filter_w) * panel_bytes(g.out_c, g.in_c);
}

void pack_f32(const void* params, const void* weights, void* packed) {
  const MoteWindow& g = as<MoteTransposeConvF32>(params).window;
  const int64_t taps = int64_t{g.filter_h} * g.filter_w;
  for (int64_t tap = 0; tap < taps; ++tap) {
    pack_panels(static_cast<const float*>(weights) + tap * g.in_c, g.out_c, g.in_c, taps * g.in_c,
                1, static_cast<float*>(packed) + tap * panels_of(g.out_c) * kPanel * g.in_c);
  }
}

template <class Params>
void pack_i4(const void* params, const void* weights, void* packed) {
  unpack_int4(weights, weight_count<Params>(params), static_cast<int8_t*>(packed));
}

void pack_u8(const void* params, const void* weights, void* packed) {
  center_uint8(weights, weight_count<MoteTransposeConvInt>(params),
               as<MoteTransposeConvInt>(params).mac.w_zero, static_cast<int16_t*>(packed));
}

template <class Params, class Weight>
size_t unpacked_bytes(const void* params) {
  return static_cast<size_t>(weight_count<Params>(params)) * sizeof(Weight);
}

int run_f32(const Args& a, int64_t begin, int64_t end) {
  transpose_conv_f32_generic(as<MoteTransposeConvF32>(a.params), in<float>(a, 0), in<float>(a, 1),
                             in<float>(a, 2), out<float>(a), static_cast<float*>(a.scratch), begin,
                             end);
  return kOk;
}

int run_f32_ref(const Args& a, int64_t begin, int64_t end) {
  mote_transpose_conv_f32_ref(&as<MoteTransposeConvF32>(a.params), in<float>(a, 0), in<float>(a, 1),
                              in<float>(a, 2), out<float>(a), begin, end);
  return kOk;
}

template <bool kWide, class Weight>
void run_int_rows(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MoteTransposeConvInt>(a.params);
  const MoteWindow& g = p.window;
  const MoteScales scales = mote_scales(p.mac.rounding, a.in[3], a.in[4]);
  const int64_t line = int64_t{g.out_w} * g.out_c;
  auto* sums = static_cast<int64_t*>(a.scratch);
  auto* wide_x = reinterpret_cast<int16_t*>(sums + line);
  with_element(p.mac.x_type, [&]<class Source>(const Source*) {
    for (int64_t row = begin; row < end; ++row) {
      transpose_conv_row_int<kWide>(g, row, in<Source>(a, 0), p.mac.x_zero, in<Weight>(a, 1), sums,
                                    wide_x);
      for (int64_t i = 0; i < line; ++i) {
        const int64_t channel = i % g.out_c;
        mote_store(a.out[0], row * line + i, p.mac.y_type,
                   mote_requantize(&p.mac, &scales, channel,
                                   sums[i] + mote_bias(a.in[2], p.mac.rounding, channel)));
      }
    }
  });
}

int run_int_i8(const Args& a, int64_t begin, int64_t end) {
  if (is_wide(as<MoteTransposeConvInt>(a.params).mac)) {
    run_int_rows<true, int8_t>(a, begin, end);
  } else {
    run_int_rows<false, int8_t>(a, begin, end);
  }
  return kOk;
}

int run_int_u8(const Args& a, int64_t begin, int64_t end) {
  run_int_rows<false, int16_t>(a, begin, end);
  return kOk;
}

int run_int_ref(const Args& a, int64_t begin, int64_t end) {
  mote_transpose_conv_int_ref(&as<MoteTransposeConvInt>(a.params), a.in[0], a.in[1], a.in[2],
                              a.in[3], a.in[4], a.out[0], begin, end);
  return kOk;
}

int run_hybrid(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MoteTransposeConvHybrid>(a.params);
  const MoteWindow& g = p.window;
  const float *bias = in<float>(a, 2), *w_scale = in<float>(a, 3), *x_scale = in<float>(a, 4);
  const int64_t line = int64_t{g.out_w} * g.out_c;
  auto* sums = static_cast<int64_t*>(a.scratch);
  auto* wide_x = reinterpret_cast<int16_t*>(sums + line);
  for (int64_t row = begin; row < end; ++row) {
    const int64_t batch = row / g.out_h;
    transpose_conv_row_int<false>(g, row, in<int8_t>(a, 0), in<int32_t>(a, 5)[batch],
                                  in<int8_t>(a, 1), sums, wide_x);
    for (int64_t i = 0; i < line; ++i) {
      const int64_t channel = i % g.out_c;
      out<float>(a)[row * line + i] =
          mote_hybrid_output(&p.mac, static_cast<int32_t>(static_cast<uint64_t>(sums[i])),
                             x_scale[batch], w_scale[channel], bias ? bias[channel] : 0.0f);
    }
  }
  return kOk;
}

int run_hybrid_ref(const Args& a, int64_t begin, int64_t end) {
  mote_transpose_conv_hybrid_ref(&as<MoteTransposeConvHybrid>(a.params), in<int8_t>(a, 0), a.in[1],
                                 in<float>(a, 2), in<float>(a, 3), in<float>(a, 4),
                                 in<int32_t>(a, 5), out<float>(a), begin, end);
  return kOk;
}

const char* needs_i8(const void* params) {
  return needs_i8_weights(as<MoteTransposeConvInt>(params).mac);
}
const char* needs_i4(const void* params) {
  return needs_i4_weights(as<MoteTransposeConvInt>(params).mac);
}
const char* needs_u8(const void* params) {
  return needs_u8_weights(as<MoteTransposeConvInt>(params).mac);
}
const char* hybrid_needs_i8(const void* params) {
  return needs_weights(as<MoteTransposeConvHybrid>(params).mac, kMoteI8);
}
const char* hybrid_needs_i4(const void* params) {
  return needs_weights(as<MoteTransposeConvHybrid>(params).mac, kMoteI4);
}

constexpr Kernel kF32Rows[] = {
    {.name = "transpose_conv_f32__generic",
     .run = run_f32,
     .units = rows<MoteTransposeConvF32>,
     .scratch_bytes = sum_f32_bytes,
     .pack_input = 1,
     .packed_bytes = packed_f32_bytes,
     .pack = pack_f32},
    {.name = "transpose_conv_f32__ref", .run = run_f32_ref, .units = rows<MoteTransposeConvF32>},
};

constexpr Kernel kIntRows[] = {
    {.name = "transpose_conv_int__generic_i8",
     .run = run_int_i8,
     .declines = needs_i8,
     .units = rows<MoteTransposeConvInt>,
     .scratch_bytes = sum_int_bytes<MoteTransposeConvInt>},
    {.name = "transpose_conv_int__generic_i4",
     .run = run_int_i8,
     .declines = needs_i4,
     .units = rows<MoteTransposeConvInt>,
     .scratch_bytes = sum_int_bytes<MoteTransposeConvInt>,
     .pack_input = 1,
     .packed_bytes = unpacked_bytes<MoteTransposeConvInt, int8_t>,
     .pack = pack_i4<MoteTransposeConvInt>},
    {.name = "transpose_conv_int__generic_u8",
     .run = run_int_u8,
     .declines = needs_u8,
     .units = rows<MoteTransposeConvInt>,
     .scratch_bytes = sum_int_bytes<MoteTransposeConvInt>,
     .pack_input = 1,
     .packed_bytes = unpacked_bytes<MoteTransposeConvInt, int16_t>,
     .pack = pack_u8},
    {.name = "transpose_conv_int__ref", .run = run_int_ref, .units = rows<MoteTransposeConvInt>},
};

constexpr Kernel kHybridRows[] = {
    {.name = "transpose_conv_hybrid__generic_i8",
     .run = run_hybrid,
     .declines = hybrid_needs_i8,
     .units = rows<MoteTransposeConvHybrid>,
     .scratch_bytes = sum_int_bytes<MoteTransposeConvHybrid>},
    {.name = "transpose_conv_hybrid__generic_i4",
     .run = run_hybrid,
     .declines = hybrid_needs_i4,
     .units = rows<MoteTransposeConvHybrid>,
     .scratch_bytes = sum_int_bytes<MoteTransposeConvHybrid>,
     .pack_input = 1,
     .packed_bytes = unpacked_bytes<MoteTransposeConvHybrid, int8_t>,
     .pack = pack_i4<MoteTransposeConvHybrid>},
    {.name = "transpose_conv_hybrid__ref",
     .run = run_hybrid_ref,
     .units = rows<MoteTransposeConvHybrid>},
};

}  // namespace

const Family kTransposeConvF32 = {"transpose_conv_f32", chosen<kF32Rows>, {&kTransposeConvF32Avx2}};
const Family kTransposeConvInt = {
    "transpose_conv_int", chosen<kIntRows>, {&kTransposeConvInt8Avx2}};
const Family kTransposeConvHybrid = {
    "transpose_conv_hybrid", chosen<kHybridRows>, {&kTransposeConvHybridAvx2}};

}  // namespace mote::kernels
