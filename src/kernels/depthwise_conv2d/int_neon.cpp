// Depthwise convolutions of 8-bit activations for 64-bit ARM: 16 channels of one output at a time,
// their sums in registers over the taps.
#include "kernels/chosen.h"
#include "kernels/common/rescale_neon-inl.h"
#include "kernels/common/rows-inl.h"
#include "kernels/depthwise_conv2d/families.h"
#include "kernels/depthwise_conv2d/generic-inl.h"
#include "kernels/kernel.h"

#if defined(__aarch64__)

namespace mote::kernels::MOTE_ISA {
namespace {

constexpr int64_t kChannels = 16;

const MoteDepthwiseInt& params_of(const void* params) {
  return *static_cast<const MoteDepthwiseInt*>(params);
}

const char* declines(const void* params) {
  const auto& [g, mac] = params_of(params);
  if (g.in_c != g.out_c) return "several outputs an input channel";
  if (g.in_c < kChannels) return "fewer channels than a vector";
  if (mac.x_type != kMoteI8 && mac.x_type != kMoteU8)
    return "the activations have more than 8 bits";
  if (mac.w_type != kMoteI8 || mac.w_zero != 0) return "the weights are not plain int8";
  const bool is_bytes = mac.y_type == kMoteI8 || mac.y_type == kMoteU8;
  return mac.rounding == kMoteTwice && is_bytes ? nullptr
                                                : "outputs are not rounded twice to bytes";
}

int64_t rows(const void* params) {
  const MoteWindow& g = params_of(params).window;
  return int64_t{g.batches} * g.out_h;
}

int16x8_t widened(const int8_t* p) { return vmovl_s8(vld1_s8(p)); }
int16x8_t widened(const uint8_t* p) { return vreinterpretq_s16_u16(vmovl_u8(vld1_u8(p))); }

struct Channels {
  int32x4_t sums[4];

  void add(int16x8_t x_low, int16x8_t x_high, int16x8_t w_low, int16x8_t w_high) {
    sums[0] = vmlal_s16(sums[0], vget_low_s16(x_low), vget_low_s16(w_low));
    sums[1] = vmlal_high_s16(sums[1], x_low, w_low);
    sums[2] = vmlal_s16(sums[2], vget_low_s16(x_high), vget_low_s16(w_high));
    sums[3] = vmlal_high_s16(sums[3], x_high, w_high);
  }
};

// What the outputs of one call have in common.
struct Output {
  const MoteIntMac& mac;
  const int32_t* bias;
  const int32_t* multiplier;
  const int32_t* shift;

  void store(const Channels& c, int64_t channel, uint8_t* y) const {
    int16x4_t words[4];
    for (int j = 0; j < 4; ++j) {
      const int64_t at = channel + 4 * j;
      const int32x4_t sum = bias ? vaddq_s32(c.sums[j], vld1q_s32(bias + at)) : c.sums[j];
      const int32x4_t by = vld1q_s32(shift + at);
      int32x4_t v = rescale(sum, vld1q_s32(multiplier + at), left_of(by), right_of(by));
      v = vaddq_s32(v, vdupq_n_s32(mac.y_zero));
      v = vminq_s32(vmaxq_s32(v, vdupq_n_s32(mac.act_min)), vdupq_n_s32(mac.act_max));
      words[j] = vmovn_s32(v);
    }
    const int8x16_t bytes = vcombine_s8(vmovn_s16(vcombine_s16(words[0], words[1])),
                                        vmovn_s16(vcombine_s16(words[2], words[3])));
    vst1q_u8(y, vreinterpretq_u8_s8(bytes));
  }
};

template <class Source>
void run_rows(const MoteDepthwiseInt& p, const Source* x, const int8_t* w, const Output& out,
              uint8_t* y, int64_t begin, int64_t end) {
  const MoteWindow& g = p.window;
  const int16x8_t zero = vdupq_n_s16(static_cast<int16_t>(p.mac.x_zero));
  for (int64_t row = begin; row < end; ++row) {
    for (int64_t ox = 0; ox < g.out_w; ++ox) {
      uint8_t* to = y + (row * g.out_w + ox) * g.out_c;
      // The last channels are computed with some before them.
      for (int64_t c = 0; c < g.out_c; c += kChannels) {
        const int64_t channel = std::min<int64_t>(c, g.out_c - kChannels);
        Channels sums = {};
        depthwise_taps(g, x, w, row, ox, [&](const Source* pixel, const int8_t* weights) {
          sums.add(vsubq_s16(widened(pixel + channel), zero),
                   vsubq_s16(widened(pixel + channel + 8), zero), widened(weights + channel),
                   widened(weights + channel + 8));
        });
        out.store(sums, channel, to + channel);
      }
    }
  }
}

int run(const Args& a, int64_t begin, int64_t end) {
  const MoteDepthwiseInt& p = params_of(a.params);
  const Output out = {p.mac, in<int32_t>(a, 2), in<int32_t>(a, 3), in<int32_t>(a, 4)};
  auto* y = static_cast<uint8_t*>(a.out[0]);
  if (p.mac.x_type == kMoteU8) {
    run_rows(p, in<uint8_t>(a, 0), in<int8_t>(a, 1), out, y, begin, end);
  } else {
    run_rows(p, in<int8_t>(a, 0), in<int8_t>(a, 1), out, y, begin, end);
  }
  return kOk;
}

constexpr Kernel kRows[] = {
    {.name = "depthwise_conv2d_int__neon", .run = run, .declines = declines, .units = rows}};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA

namespace mote::kernels {
const ProcessorRows kDepthwiseConv2dIntNeon = {simd::Isa::neon, chosen<MOTE_ISA::kRows>};
}

#else

namespace mote::kernels {
const ProcessorRows kDepthwiseConv2dIntNeon = {simd::Isa::neon, {}};
}

#endif
