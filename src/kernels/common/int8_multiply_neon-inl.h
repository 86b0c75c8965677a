// Defines what int8_multiply.h declares, for 64-bit ARM: each level's file includes it once. The
// panels' bytes are multiplied as they lie (int8_panels.h): a quad, 16 bytes, is four channels'
// four steps, which is what SDOT takes. The tile holds q + 128; the products want q, so their
// highest bits are turned back as they are loaded.
//
//   neon       products of bytes in 16 bits, summed by pairs in 32; two pixels at once
//   neon_dot   SDOT; four pixels at once
//   neon_i8mm  SMMLA: two pixels by two channels by eight steps, blocks joined by two
//              (join_int8_blocks); a run's last single block by SDOT
#pragma once

#include "kernels/common/int8_multiply.h"
#include "kernels/common/rescale_neon-inl.h"

#if defined(__aarch64__)

#include <arm_neon.h>

namespace mote::kernels::MOTE_ISA {

#if defined(__ARM_FEATURE_DOTPROD)
inline constexpr int64_t kPixelsAtOnce = 4;
#else
inline constexpr int64_t kPixelsAtOnce = 2;
#endif

// The sums of kRows pixels, four channels in each register.
template <int kRows, int kQuads>
struct Sums {
  int32x4_t v[kRows][kQuads];
};

inline int8x16_t signed_bytes(uint8x16_t v) {
  return vreinterpretq_s8_u8(veorq_u8(v, vdupq_n_u8(0x80)));
}
inline int8x16_t load16(const uint8_t* p) { return signed_bytes(vld1q_u8(p)); }
// Four steps, four times.
inline int8x16_t repeat4(const uint8_t* p) {
  uint32_t v;
  __builtin_memcpy(&v, p, sizeof v);
  return signed_bytes(vreinterpretq_u8_u32(vdupq_n_u32(v)));
}

#if defined(__ARM_FEATURE_DOTPROD)

template <int kStep, int kRows, int kQuads>
inline void add_block(const int8x16_t* x, const int8_t* b, Sums<kRows, kQuads>& sums) {
#pragma GCC unroll 4
  for (int j = 0; j < kQuads; ++j) {
    const int8x16_t w = vld1q_s8(b + 16 * (kStep * kQuads + j));
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      sums.v[r][j] = vdotq_laneq_s32(sums.v[r][j], w, x[r], kStep);
    }
  }
}

// Blocks [i, blocks) by SDOT.
template <int kRows, int kQuads>
inline void add_by_dots(const uint8_t* const* a, const int8_t* b, int64_t i, int64_t blocks,
                        Sums<kRows, kQuads>& sums) {
  int8x16_t x[kRows];
  for (; i + 4 <= blocks; i += 4) {
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) x[r] = load16(a[r] + 4 * i);
    const int8_t* from = b + 16 * kQuads * i;
    add_block<0>(x, from, sums);
    add_block<1>(x, from, sums);
    add_block<2>(x, from, sums);
    add_block<3>(x, from, sums);
  }
  for (; i < blocks; ++i) {
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) x[r] = repeat4(a[r] + 4 * i);
    add_block<0>(x, b + 16 * kQuads * i, sums);
  }
}

#endif

// The sums of a tile's pixels while they grow: add() takes a run, finish() adds them to the sums.
#if defined(__ARM_FEATURE_MATMUL_INT8)

template <int kRows, int kQuads>
class Products {
 public:
  explicit Products(Sums<kRows, kQuads>& sums) : sums_(sums) {
    for (int p = 0; p < kPairs; ++p) {
      for (int j = 0; j < 2 * kQuads; ++j) squares_[p][j] = vdupq_n_s32(0);
    }
  }

  void add(const uint8_t* const* a, const int8_t* b, int64_t blocks) {
    int64_t i = 0;
    for (; i + 2 <= blocks; i += 2) {
      int8x16_t x[kPairs];
#pragma GCC unroll 2
      for (int p = 0; p < kPairs; ++p) {
        const int second = 2 * p + 1 < kRows ? 2 * p + 1 : 2 * p;
        x[p] = signed_bytes(vcombine_u8(vld1_u8(a[2 * p] + 4 * i), vld1_u8(a[second] + 4 * i)));
      }
#pragma GCC unroll 8
      for (int j = 0; j < 2 * kQuads; ++j) {
        const int8x16_t w = vld1q_s8(b + 16 * (kQuads * i + j));
#pragma GCC unroll 2
        for (int p = 0; p < kPairs; ++p) squares_[p][j] = vmmlaq_s32(squares_[p][j], x[p], w);
      }
    }
    add_by_dots<kRows, kQuads>(a, b, i, blocks, sums_);
  }

  void finish() {
    for (int r = 0; r < kRows; ++r) {
      for (int j = 0; j < kQuads; ++j) {
        const int64x2_t one = vreinterpretq_s64_s32(squares_[r / 2][2 * j]);
        const int64x2_t other = vreinterpretq_s64_s32(squares_[r / 2][2 * j + 1]);
        const int64x2_t row = r % 2 == 0 ? vtrn1q_s64(one, other) : vtrn2q_s64(one, other);
        sums_.v[r][j] = vaddq_s32(sums_.v[r][j], vreinterpretq_s32_s64(row));
      }
    }
  }

 private:
  static constexpr int kPairs = (kRows + 1) / 2;
  Sums<kRows, kQuads>& sums_;
  // (pixel 0, lane 0) (pixel 0, lane 1) (pixel 1, lane 0) (pixel 1, lane 1)
  int32x4_t squares_[kPairs][2 * kQuads];
};

#elif defined(__ARM_FEATURE_DOTPROD)

template <int kRows, int kQuads>
class Products {
 public:
  explicit Products(Sums<kRows, kQuads>& sums) : sums_(sums) {}
  void add(const uint8_t* const* a, const int8_t* b, int64_t blocks) {
    add_by_dots<kRows, kQuads>(a, b, 0, blocks, sums_);
  }
  void finish() {}

 private:
  Sums<kRows, kQuads>& sums_;
};

#else

// Each channel's four products are two pairs: the halves of a quad have sums of their own.
template <int kRows, int kQuads>
class Products {
 public:
  explicit Products(Sums<kRows, kQuads>& sums) : sums_(sums) {
    for (int r = 0; r < kRows; ++r) {
      for (int j = 0; j < kQuads; ++j) low_[r][j] = high_[r][j] = vdupq_n_s32(0);
    }
  }

  void add(const uint8_t* const* a, const int8_t* b, int64_t blocks) {
    for (int64_t i = 0; i < blocks; ++i) {
      int8x16_t x[kRows];
#pragma GCC unroll 2
      for (int r = 0; r < kRows; ++r) x[r] = repeat4(a[r] + 4 * i);
#pragma GCC unroll 4
      for (int j = 0; j < kQuads; ++j) {
        const int8x16_t w = vld1q_s8(b + 16 * (kQuads * i + j));
#pragma GCC unroll 2
        for (int r = 0; r < kRows; ++r) {
          low_[r][j] = vpadalq_s16(low_[r][j], vmull_s8(vget_low_s8(x[r]), vget_low_s8(w)));
          high_[r][j] = vpadalq_s16(high_[r][j], vmull_high_s8(x[r], w));
        }
      }
    }
  }

  void finish() {
    for (int r = 0; r < kRows; ++r) {
      for (int j = 0; j < kQuads; ++j) {
        sums_.v[r][j] = vaddq_s32(sums_.v[r][j], vpaddq_s32(low_[r][j], high_[r][j]));
      }
    }
  }

 private:
  Sums<kRows, kQuads>& sums_;
  int32x4_t low_[kRows][kQuads], high_[kRows][kQuads];
};

#endif

// A quad's channels are numbers 0, 2, 1, 3 of four.
inline int32x4_t in_order(int32x4_t quad) { return vzip1q_s32(quad, vextq_s32(quad, quad, 2)); }

// The first channel of a quad within its panel.
template <int kQuads>
inline int64_t channel_of_quad(int quad) {
  if (kQuads == 2) return 4 * quad;
  return quad == 1 ? 8 : quad == 2 ? 4 : 4 * quad;
}

// One panel of an integer product.
template <int kQuads>
class IntPanel {
 public:
  IntPanel(const IntJob& job, const PanelInfo& info, int64_t channel, int64_t channels)
      : job_(job),
        terms_(info.centre == job.mac->w_zero ? nullptr : job.row_terms),
        channel_(channel),
        channels_(channels) {
    const MoteIntMac& mac = *job.mac;
    is_bytes_ = mac.rounding == kMoteTwice && (mac.y_type == kMoteI8 || mac.y_type == kMoteU8);
    const auto zero = static_cast<uint32_t>(job.x_zero - 128);
    for (int j = 0; j < kQuads; ++j) {
      for (int lane = 0; lane < 4; ++lane) {
        const int64_t c = channel_of_quad<kQuads>(j) + lane;
        constexpr int kLane[] = {0, 2, 1, 3};
        const bool there = c < channels;
        const uint32_t bias = there && job.bias ? static_cast<uint32_t>(job.bias[channel + c]) : 0;
        const int at = 4 * j + lane;
        first_[at] = static_cast<int32_t>(
            bias - zero * static_cast<uint32_t>(info.sums[4 * j + kLane[lane]]));
        const int32_t shift = there && is_bytes_ ? job.scales.shift[channel + c] : 0;
        multiplier_[at] = there && is_bytes_ ? job.scales.multiplier[channel + c] : 0;
        left_[at] = shift > 0 ? shift : 0;
        right_[at] = shift > 0 ? 0 : shift;
      }
    }
  }

  template <int kRows>
  void store(int64_t row, const Sums<kRows, kQuads>& sums) const {
    for (int r = 0; r < kRows; ++r) store_row(row + r, sums.v[r]);
  }

 private:
  // `lanes`: without what every sum begins with.
  void store_row(int64_t row, const int32x4_t* lanes) const {
    const int32x4_t term = vdupq_n_s32(terms_ ? terms_[row] : 0);
    int32x4_t sums[kQuads];
    for (int j = 0; j < kQuads; ++j) {
      sums[j] = vaddq_s32(vaddq_s32(in_order(lanes[j]), vld1q_s32(first_ + 4 * j)), term);
    }
    const int64_t at = job_.y_first + row * job_.y_pitch + channel_;
    if (is_bytes_) return store_bytes(sums, static_cast<uint8_t*>(job_.y) + at);
    int32_t values[4 * kQuads];
    for (int j = 0; j < kQuads; ++j) {
      vst1q_s32(values + channel_of_quad<kQuads>(j), sums[j]);
    }
    for (int64_t c = 0; c < channels_; ++c) {
      mote_store(job_.y, at + c, job_.mac->y_type,
                 mote_requantize(job_.mac, &job_.scales, channel_ + c, values[c]));
    }
  }

  void store_bytes(const int32x4_t* sums, uint8_t* y) const {
    const MoteIntMac& mac = *job_.mac;
    int16x4_t words[kQuads];  // in the channels' order
    for (int j = 0; j < kQuads; ++j) {
      int32x4_t v = rescale(sums[j], vld1q_s32(multiplier_ + 4 * j), vld1q_s32(left_ + 4 * j),
                            vld1q_s32(right_ + 4 * j));
      v = vaddq_s32(v, vdupq_n_s32(mac.y_zero));
      v = vminq_s32(vmaxq_s32(v, vdupq_n_s32(mac.act_min)), vdupq_n_s32(mac.act_max));
      words[channel_of_quad<kQuads>(j) / 4] = vmovn_s32(v);
    }
    uint8_t bytes[4 * kQuads];
    for (int j = 0; j < kQuads; j += 2) {
      vst1_s8(reinterpret_cast<int8_t*>(bytes) + 4 * j,
              vmovn_s16(vcombine_s16(words[j], words[j + 1])));
    }
    if (channels_ == 4 * kQuads) {
      __builtin_memcpy(y, bytes, sizeof bytes);
    } else {
      for (int64_t c = 0; c < channels_; ++c) y[c] = bytes[c];
    }
  }

  const IntJob& job_;
  const int32_t* terms_;
  int64_t channel_, channels_;
  bool is_bytes_;
  // By quad, channels in order.
  int32_t first_[4 * kQuads], multiplier_[4 * kQuads], left_[4 * kQuads], right_[4 * kQuads];
};

template <int kQuads>
class HybridPanel {
 public:
  HybridPanel(const HybridJob& job, const PanelInfo& info, int64_t channel, int64_t channels)
      : job_(job), info_(info), channel_(channel), channels_(channels) {}

  template <int kRows>
  void store(int64_t row, const Sums<kRows, kQuads>& sums) const {
    for (int r = 0; r < kRows; ++r) {
      const int32x4_t zero = vdupq_n_s32(job_.x_zero[row + r]);
      int32_t values[4 * kQuads];
      for (int j = 0; j < kQuads; ++j) {
        vst1q_s32(values + channel_of_quad<kQuads>(j),
                  in_order(vmlsq_s32(sums.v[r][j], zero, vld1q_s32(info_.sums + 4 * j))));
      }
      float* y = job_.y + job_.y_first + (row + r) * job_.y_pitch + channel_;
      for (int64_t c = 0; c < channels_; ++c) {
        y[c] = mote_hybrid_output(job_.mac, values[c], job_.x_scale[row + r],
                                  job_.w_scale[channel_ + c],
                                  job_.bias ? job_.bias[channel_ + c] : 0.0f);
      }
    }
  }

 private:
  const HybridJob& job_;
  const PanelInfo& info_;
  int64_t channel_, channels_;
};

template <int kRows, int kQuads, class Panel>
inline void multiply_patches(const Tile& tile, int64_t row, const int8_t* data,
                             const Panel& panel) {
  Sums<kRows, kQuads> sums;
  for (int r = 0; r < kRows; ++r) {
    for (int j = 0; j < kQuads; ++j) sums.v[r][j] = vdupq_n_s32(0);
  }
  Products<kRows, kQuads> products(sums);
  for (int64_t run = 0; run < tile.count_runs; ++run) {
    const uint8_t* a[kRows];
    for (int r = 0; r < kRows; ++r) a[r] = tile.bytes + tile.pixels[row + r] + tile.runs[run];
    products.add(a, data + run * tile.blocks * 16 * kQuads, tile.blocks);
  }
  products.finish();
  panel.template store<kRows>(row, sums);
}

template <int kQuads, class Panel>
inline void multiply_panel(const Tile& tile, int64_t count, const int8_t* data,
                           const Panel& panel) {
  int64_t row = 0;
  for (; row + kPixelsAtOnce <= count; row += kPixelsAtOnce) {
    multiply_patches<kPixelsAtOnce, kQuads>(tile, row, data, panel);
  }
  if (kPixelsAtOnce > 2 && row + 2 <= count) {
    multiply_patches<2, kQuads>(tile, row, data, panel);
    row += 2;
  }
  if (row < count) multiply_patches<1, kQuads>(tile, row, data, panel);
}

template <template <int> class Panel, class Job>
inline void multiply_panels(const Job& job, const Tile& tile, int64_t count, const void* packed,
                            int64_t n, int64_t begin, int64_t end) {
  const auto* infos = static_cast<const PanelInfo*>(packed);
  for (int64_t p = begin; p < end; ++p) {
    const int8_t* data = static_cast<const int8_t*>(packed) + infos[p].offset_bytes;
    const int64_t channel = p * kPanelChannels;
    const int64_t channels = n - channel < kPanelChannels ? n - channel : kPanelChannels;
    if (int8_panel_width(n, p) == kPanelChannels) {
      multiply_panel<4>(tile, count, data, Panel<4>(job, infos[p], channel, channels));
    } else {
      multiply_panel<2>(tile, count, data, Panel<2>(job, infos[p], channel, channels));
    }
  }
}

void multiply_int(const IntJob& job, const Tile& tile, int64_t count, const void* packed, int64_t n,
                  int64_t begin, int64_t end) {
  multiply_panels<IntPanel>(job, tile, count, packed, n, begin, end);
}

void multiply_hybrid(const HybridJob& job, const Tile& tile, int64_t count, const void* packed,
                     int64_t n, int64_t begin, int64_t end) {
  multiply_panels<HybridPanel>(job, tile, count, packed, n, begin, end);
}

void sum_patches(const IntJob& job, const Tile& tile, int32_t centre, int64_t run, int64_t count,
                 int32_t* terms) {
  const auto apart = static_cast<uint32_t>(centre - job.mac->w_zero);
  const uint32_t share =
      static_cast<uint32_t>(job.x_zero) * static_cast<uint32_t>(tile.count_runs * run);
  for (int64_t i = 0; i < count; ++i) {
    uint32_t sum = 0;
    for (int64_t j = 0; j < tile.count_runs; ++j) {
      const uint8_t* from = tile.bytes + tile.pixels[i] + tile.runs[j];
      for (int64_t c = 0; c < run; ++c) sum += from[c];
    }
    terms[i] = static_cast<int32_t>((sum - share) * apart);
  }
}

}  // namespace mote::kernels::MOTE_ISA

#endif
