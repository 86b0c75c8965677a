#include "kernels/depthwise_conv2d/depthwise_conv2d.h"

#include "kernels/chosen.h"
#include "kernels/common/requantize-inl.h"
#include "kernels/common/rows-inl.h"
#include "kernels/common/weights-inl.h"
#include "kernels/depthwise_conv2d/families.h"
#include "kernels/depthwise_conv2d/generic-inl.h"
#include "kernels/depthwise_conv2d/ref.h"
#include "kernels/depthwise_conv2d/rows_avx2.h"

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
  return int64_t{g.filter_h} * g.filter_w * g.out_c;
}

int run_f32(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MoteDepthwiseF32>(a.params);
  const float* bias = in<float>(a, 2);
  float* y = out<float>(a);
  depthwise_rows_f32(p.window, in<float>(a, 0), in<float>(a, 1), begin, end,
                     [&](int64_t pixel, int64_t c0, int64_t n, const float* sums) {
                       float* to = y + pixel * p.window.out_c + c0;
                       for (int64_t j = 0; j < n; ++j) {
                         to[j] = mote_clamp_f32(sums[j] + (bias ? bias[c0 + j] : 0.0f), p.act_min,
                                                p.act_max);
                       }
                     });
  return kOk;
}

int run_f32_ref(const Args& a, int64_t begin, int64_t end) {
  mote_depthwise_f32_ref(&as<MoteDepthwiseF32>(a.params), in<float>(a, 0), in<float>(a, 1),
                         in<float>(a, 2), out<float>(a), begin, end);
  return kOk;
}

// Taps whose int16 * int8 products a 32-bit sum holds exactly.
constexpr int64_t kExactTaps = 256;

const char* too_wide(const MoteDepthwiseInt& p) {
  const bool fits = !is_wide(p.mac) || int64_t{p.window.filter_h} * p.window.filter_w <= kExactTaps;
  return fits ? nullptr : "the filter has more taps than a 32-bit sum holds";
}

const char* needs_i8(const void* params) {
  const auto& p = as<MoteDepthwiseInt>(params);
  const char* why = needs_i8_weights(p.mac);
  return why ? why : too_wide(p);
}

const char* needs_i4(const void* params) {
  const auto& p = as<MoteDepthwiseInt>(params);
  const char* why = needs_i4_weights(p.mac);
  return why ? why : too_wide(p);
}

const char* needs_u8(const void* params) {
  return needs_u8_weights(as<MoteDepthwiseInt>(params).mac);
}

template <class Weight>
int run_int(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MoteDepthwiseInt>(a.params);
  const MoteScales scales = mote_scales(p.mac.rounding, a.in[3], a.in[4]);
  with_element(p.mac.x_type, [&]<class Source>(const Source*) {
    with_output(p.mac, scales, p.window.out_c, a.in[2], a.out[0], [&](const auto& out) {
      depthwise_rows_int(
          p.window, in<Source>(a, 0), in<Weight>(a, 1), begin, end,
          [&](int64_t) { return p.mac.x_zero; },
          [&](int64_t, int64_t pixel, int64_t c0, int64_t n, const uint32_t* sums) {
            for (int64_t j = 0; j < n; ++j) {
              out(pixel * p.window.out_c + c0 + j, c0 + j, static_cast<int32_t>(sums[j]));
            }
          });
    });
  });
  return kOk;
}

int run_int_ref(const Args& a, int64_t begin, int64_t end) {
  mote_depthwise_int_ref(&as<MoteDepthwiseInt>(a.params), a.in[0], a.in[1], a.in[2], a.in[3],
                         a.in[4], a.out[0], begin, end);
  return kOk;
}

const char* hybrid_needs_i8(const void* params) {
  return needs_weights(as<MoteDepthwiseHybrid>(params).mac, kMoteI8);
}

const char* hybrid_needs_i4(const void* params) {
  return needs_weights(as<MoteDepthwiseHybrid>(params).mac, kMoteI4);
}

int run_hybrid(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MoteDepthwiseHybrid>(a.params);
  const float *bias = in<float>(a, 2), *w_scale = in<float>(a, 3), *x_scale = in<float>(a, 4);
  const int32_t* x_zero = in<int32_t>(a, 5);
  float* y = out<float>(a);
  depthwise_rows_int(
      p.window, in<int8_t>(a, 0), in<int8_t>(a, 1), begin, end,
      [&](int64_t batch) { return x_zero[batch]; },
      [&](int64_t batch, int64_t pixel, int64_t c0, int64_t n, const uint32_t* sums) {
        for (int64_t j = 0; j < n; ++j) {
          y[pixel * p.window.out_c + c0 + j] =
              mote_hybrid_output(&p.mac, static_cast<int32_t>(sums[j]), x_scale[batch],
                                 w_scale[c0 + j], bias ? bias[c0 + j] : 0.0f);
        }
      });
  return kOk;
}

int run_hybrid_ref(const Args& a, int64_t begin, int64_t end) {
  mote_depthwise_hybrid_ref(&as<MoteDepthwiseHybrid>(a.params), in<int8_t>(a, 0), a.in[1],
                            in<float>(a, 2), in<float>(a, 3), in<float>(a, 4), in<int32_t>(a, 5),
                            out<float>(a), begin, end);
  return kOk;
}

template <class Params>
void pack_i4(const void* params, const void* weights, void* packed) {
  unpack_int4(weights, weight_count<Params>(params), static_cast<int8_t*>(packed));
}

void pack_u8(const void* params, const void* weights, void* packed) {
  center_uint8(weights, weight_count<MoteDepthwiseInt>(params),
               as<MoteDepthwiseInt>(params).mac.w_zero, static_cast<int16_t*>(packed));
}

template <class Params, class Weight>
size_t unpacked_bytes(const void* params) {
  return static_cast<size_t>(weight_count<Params>(params)) * sizeof(Weight);
}

constexpr Kernel kF32Rows[] = {
    {.name = "depthwise_conv2d_f32__generic", .run = run_f32, .units = rows<MoteDepthwiseF32>},
    {.name = "depthwise_conv2d_f32__ref", .run = run_f32_ref, .units = rows<MoteDepthwiseF32>},
};

constexpr Kernel kIntRows[] = {
    {.name = "depthwise_conv2d_int__generic_i8",
     .run = run_int<int8_t>,
     .declines = needs_i8,
     .units = rows<MoteDepthwiseInt>},
    {.name = "depthwise_conv2d_int__generic_i4",
     .run = run_int<int8_t>,
     .declines = needs_i4,
     .units = rows<MoteDepthwiseInt>,
     .pack_input = 1,
     .packed_bytes = unpacked_bytes<MoteDepthwiseInt, int8_t>,
     .pack = pack_i4<MoteDepthwiseInt>},
    {.name = "depthwise_conv2d_int__generic_u8",
     .run = run_int<int16_t>,
     .declines = needs_u8,
     .units = rows<MoteDepthwiseInt>,
     .pack_input = 1,
     .packed_bytes = unpacked_bytes<MoteDepthwiseInt, int16_t>,
     .pack = pack_u8},
    {.name = "depthwise_conv2d_int__ref", .run = run_int_ref, .units = rows<MoteDepthwiseInt>},
};

constexpr Kernel kHybridRows[] = {
    {.name = "depthwise_conv2d_hybrid__generic_i8",
     .run = run_hybrid,
     .declines = hybrid_needs_i8,
     .units = rows<MoteDepthwiseHybrid>},
    {.name = "depthwise_conv2d_hybrid__generic_i4",
     .run = run_hybrid,
     .declines = hybrid_needs_i4,
     .units = rows<MoteDepthwiseHybrid>,
     .pack_input = 1,
     .packed_bytes = unpacked_bytes<MoteDepthwiseHybrid, int8_t>,
     .pack = pack_i4<MoteDepthwiseHybrid>},
    {.name = "depthwise_conv2d_hybrid__ref",
     .run = run_hybrid_ref,
     .units = rows<MoteDepthwiseHybrid>},
};

}  // namespace

const Family kDepthwiseConv2dF32 = {
    "depthwise_conv2d_f32", chosen<kF32Rows>, {&kDepthwiseConv2dF32Avx2}};
const Family kDepthwiseConv2dInt = {
    "depthwise_conv2d_int", chosen<kIntRows>, {&kDepthwiseConv2dIntAvx2, &kDepthwiseConv2dIntNeon}};
const Family kDepthwiseConv2dHybrid = {
    "depthwise_conv2d_hybrid", chosen<kHybridRows>, {&kDepthwiseConv2dHybridAvx2}};

}  // namespace mote::kernels
