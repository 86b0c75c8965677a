#include "kernels/conv2d/conv2d.h"

#include "kernels/chosen.h"
#include "kernels/common/rows-inl.h"
#include "kernels/common/weights-inl.h"
#include "kernels/conv2d/families.h"
#include "kernels/conv2d/generic-inl.h"
#include "kernels/conv2d/ref.h"

namespace mote::kernels {
namespace {

template <class Params>
int64_t rows(const void* params) {
  const MoteWindow& g = as<Params>(params).window;
  return int64_t{g.batches} * g.out_h;
}

template <class Params>
int64_t tiles(const void* params) {
  const auto& p = as<Params>(params);
  const Conv2dSizes s = conv2d_sizes(p.window, p.groups);
  return tiles_of(s.pixels);
}

template <class Params, class Element>
size_t patch_bytes(const void* params) {
  const auto& p = as<Params>(params);
  const Conv2dSizes s = conv2d_sizes(p.window, p.groups);
  return static_cast<size_t>(kTilePixels * s.patch) * sizeof(Element);
}

template <class Params>
int64_t weight_count(const void* params) {
  const auto& p = as<Params>(params);
  return p.window.out_c * conv2d_sizes(p.window, p.groups).patch;
}

size_t packed_f32_bytes(const void* params) {
  const auto& p = as<MoteConv2dF32>(params);
  const Conv2dSizes s = conv2d_sizes(p.window, p.groups);
  return static_cast<size_t>(p.groups) * panel_bytes(s.outputs, s.patch);
}

template <class Weight>
void pack_float(const void* params, const void* weights, void* packed) {
  const auto& p = as<MoteConv2dF32>(params);
  const Conv2dSizes s = conv2d_sizes(p.window, p.groups);
  for (int64_t group = 0; group < p.groups; ++group) {
    pack_panels(static_cast<const Weight*>(weights) + group * s.outputs * s.patch, s.outputs,
                s.patch, s.patch, 1,
                static_cast<float*>(packed) + group * panels_of(s.outputs) * kPanel * s.patch);
  }
}

int run_f32(const Args& a, int64_t begin, int64_t end) {
  conv2d_f32_generic(as<MoteConv2dF32>(a.params), in<float>(a, 0), in<float>(a, 1), in<float>(a, 2),
                     out<float>(a), static_cast<float*>(a.scratch), begin, end);
  return kOk;
}

int run_f32_ref(const Args& a, int64_t begin, int64_t end) {
  mote_conv2d_f32_ref(&as<MoteConv2dF32>(a.params), in<float>(a, 0), in<float>(a, 1),
                      in<float>(a, 2), out<float>(a), begin, end);
  return kOk;
}

int run_f16_ref(const Args& a, int64_t begin, int64_t end) {
  mote_conv2d_f16_ref(&as<MoteConv2dF32>(a.params), in<float>(a, 0), in<uint16_t>(a, 1),
                      in<float>(a, 2), out<float>(a), begin, end);
  return kOk;
}

template <class Params, class Weight>
size_t unpacked_bytes(const void* params) {
  return static_cast<size_t>(weight_count<Params>(params)) * sizeof(Weight);
}

template <class Params>
void pack_i4(const void* params, const void* weights, void* packed) {
  unpack_int4(weights, weight_count<Params>(params), static_cast<int8_t*>(packed));
}

void pack_u8(const void* params, const void* weights, void* packed) {
  center_uint8(weights, weight_count<MoteConv2dInt>(params), as<MoteConv2dInt>(params).mac.w_zero,
               static_cast<int16_t*>(packed));
}

const char* needs_i8(const void* params) { return needs_i8_weights(as<MoteConv2dInt>(params).mac); }
const char* needs_i4(const void* params) { return needs_i4_weights(as<MoteConv2dInt>(params).mac); }
const char* needs_u8(const void* params) { return needs_u8_weights(as<MoteConv2dInt>(params).mac); }

template <bool kWide, class Weight>
void dispatch_input(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MoteConv2dInt>(a.params);
  const MoteScales scales = mote_scales(p.mac.rounding, a.in[3], a.in[4]);
  with_element(p.mac.x_type, [&]<class Source>(const Source*) {
    conv2d_int_tiles<kWide, Source, Weight>(p, a.in[0], a.in[1], a.in[2], scales, a.out[0],
                                            static_cast<int16_t*>(a.scratch), begin, end);
  });
}

int run_int_i8(const Args& a, int64_t begin, int64_t end) {
  if (is_wide(as<MoteConv2dInt>(a.params).mac)) {
    dispatch_input<true, int8_t>(a, begin, end);
  } else {
    dispatch_input<false, int8_t>(a, begin, end);
  }
  return kOk;
}

int run_int_u8(const Args& a, int64_t begin, int64_t end) {
  dispatch_input<false, int16_t>(a, begin, end);
  return kOk;
}

int run_int_ref(const Args& a, int64_t begin, int64_t end) {
  mote_conv2d_int_ref(&as<MoteConv2dInt>(a.params), a.in[0], a.in[1], a.in[2], a.in[3], a.in[4],
                      a.out[0], begin, end);
  return kOk;
}

const char* hybrid_needs_i8(const void* params) {
  return needs_weights(as<MoteConv2dHybrid>(params).mac, kMoteI8);
}
const char* hybrid_needs_i4(const void* params) {
  return needs_weights(as<MoteConv2dHybrid>(params).mac, kMoteI4);
}

int run_hybrid(const Args& a, int64_t begin, int64_t end) {
  conv2d_hybrid_tiles<int8_t>(as<MoteConv2dHybrid>(a.params), in<int8_t>(a, 0), a.in[1],
                              in<float>(a, 2), in<float>(a, 3), in<float>(a, 4), in<int32_t>(a, 5),
                              out<float>(a), static_cast<int16_t*>(a.scratch), begin, end);
  return kOk;
}

int run_hybrid_ref(const Args& a, int64_t begin, int64_t end) {
  mote_conv2d_hybrid_ref(&as<MoteConv2dHybrid>(a.params), in<int8_t>(a, 0), a.in[1],
                         in<float>(a, 2), in<float>(a, 3), in<float>(a, 4), in<int32_t>(a, 5),
                         out<float>(a), begin, end);
  return kOk;
}

constexpr Kernel kF32Rows[] = {
    {.name = "conv2d_f32__generic",
     .run = run_f32,
     .units = tiles<MoteConv2dF32>,
     .scratch_bytes = patch_bytes<MoteConv2dF32, float>,
     .pack_input = 1,
     .packed_bytes = packed_f32_bytes,
     .pack = pack_float<float>},
    {.name = "conv2d_f32__ref", .run = run_f32_ref, .units = rows<MoteConv2dF32>},
};

constexpr Kernel kF16Rows[] = {
    {.name = "conv2d_f16__generic",
     .run = run_f32,
     .units = tiles<MoteConv2dF32>,
     .scratch_bytes = patch_bytes<MoteConv2dF32, float>,
     .pack_input = 1,
     .packed_bytes = packed_f32_bytes,
     .pack = pack_float<uint16_t>},
    {.name = "conv2d_f16__ref", .run = run_f16_ref, .units = rows<MoteConv2dF32>},
};

constexpr Kernel kIntRows[] = {
    {.name = "conv2d_int__generic_i8",
     .run = run_int_i8,
     .declines = needs_i8,
     .units = tiles<MoteConv2dInt>,
     .scratch_bytes = patch_bytes<MoteConv2dInt, int16_t>},
    {.name = "conv2d_int__generic_i4",
     .run = run_int_i8,
     .declines = needs_i4,
     .units = tiles<MoteConv2dInt>,
     .scratch_bytes = patch_bytes<MoteConv2dInt, int16_t>,
     .pack_input = 1,
     .packed_bytes = unpacked_bytes<MoteConv2dInt, int8_t>,
     .pack = pack_i4<MoteConv2dInt>},
    {.name = "conv2d_int__generic_u8",
     .run = run_int_u8,
     .declines = needs_u8,
     .units = tiles<MoteConv2dInt>,
     .scratch_bytes = patch_bytes<MoteConv2dInt, int16_t>,
     .pack_input = 1,
     .packed_bytes = unpacked_bytes<MoteConv2dInt, int16_t>,
     .pack = pack_u8},
    {.name = "conv2d_int__ref", .run = run_int_ref, .units = rows<MoteConv2dInt>},
};

constexpr Kernel kHybridRows[] = {
    {.name = "conv2d_hybrid__generic_i8",
     .run = run_hybrid,
     .declines = hybrid_needs_i8,
     .units = tiles<MoteConv2dHybrid>,
     .scratch_bytes = patch_bytes<MoteConv2dHybrid, int16_t>},
    {.name = "conv2d_hybrid__generic_i4",
     .run = run_hybrid,
     .declines = hybrid_needs_i4,
     .units = tiles<MoteConv2dHybrid>,
     .scratch_bytes = patch_bytes<MoteConv2dHybrid, int16_t>,
     .pack_input = 1,
     .packed_bytes = unpacked_bytes<MoteConv2dHybrid, int8_t>,
     .pack = pack_i4<MoteConv2dHybrid>},
    {.name = "conv2d_hybrid__ref", .run = run_hybrid_ref, .units = rows<MoteConv2dHybrid>},
};

}  // namespace

const Family kConv2dF32 = {
    "conv2d_f32", chosen<kF32Rows>, {&kConv2dF32WinogradAvx2, &kConv2dF32Avx2}};
const Family kConv2dF16 = {
    "conv2d_f16", chosen<kF16Rows>, {&kConv2dF16WinogradAvx2, &kConv2dF16Avx2}};
const Family kConv2dInt = {
    "conv2d_int",
    chosen<kIntRows>,
    {&kConv2dInt8Avx512Vnni, &kConv2dInt8AvxVnni, &kConv2dInt8Avx2, &kConv2dInt16Avx2,
     &kConv2dInt8NeonI8mm, &kConv2dInt8NeonDot, &kConv2dInt8Neon}};
const Family kConv2dHybrid = {"conv2d_hybrid",
                              chosen<kHybridRows>,
                              {&kConv2dHybridAvx512Vnni, &kConv2dHybridAvxVnni, &kConv2dHybridAvx2,
                               &kConv2dHybridNeonI8mm, &kConv2dHybridNeonDot, &kConv2dHybridNeon}};

}  // namespace mote::kernels
