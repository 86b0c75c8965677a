// From a block's sums to outputs: integers or, for hybrid layers, floats.
#pragma once

#if defined(__AVX2__)

#include "kernels/common/lanes16_avx2-inl.h"
#include "kernels/depthwise_conv2d/depthwise_conv2d.h"
#include "kernels/depthwise_conv2d/layout_avx2-inl.h"

namespace mote::kernels::MOTE_ISA {

// Where a line's outputs go: pixel i has `lanes` outputs at `first` + i * step, the last one
// `last_lanes`.
struct OutputLine {
  int64_t first, step, pixels, lanes, last_lanes;

  int64_t lanes_of(int64_t pixel) const { return pixel + 1 == pixels ? last_lanes : lanes; }
};

// Channel of each lane of a block, -1 where there is none.
inline void lane_channels(const Layout& l, int64_t block, int64_t* channels) {
  for (int64_t i = 0; i < kLanes; ++i) {
    const int64_t channel = l.fold == 1 ? block * kLanes + i : i % l.window.out_c;
    channels[i] = channel < l.window.out_c ? channel : -1;
  }
}

class IntOutput {
 public:
  // Lines' sums are twice what they stand for.
  static constexpr int kWeightFactor = 2;

  IntOutput(const MoteIntMac& mac, const void* bias, const void* first, const void* second, void* y)
      : mac_(mac), scales_(mote_scales(mac.rounding, first, second)), bias_(bias), y_(y) {}

  void set_batch(int64_t) {}

  [[gnu::always_inline]] void set_block(const Layout& l, int64_t block) {
    const bool to_bytes = mac_.y_type == kMoteI8 || mac_.y_type == kMoteU8;
    const bool to_shorts = mac_.y_type == kMoteI16 && mac_.y_zero == 0;
    way_ = Way::kGeneral;
    l_ = &l, block_ = block;
    LaneScales s = {};
    if ((to_bytes || to_shorts) && scales_.multiplier && lane_scales(s)) {
      const bool twice = mac_.rounding == kMoteTwice;
      if (twice ? twice_.set(s) : wide_.set(s)) way_ = twice ? Way::kTwice : Way::kWide;
    }
    const Lanes16 bias = load_lanes(s.bias);
    const __m256i use = _mm256_set1_epi32(way_ == Way::kGeneral ? 0 : -1);
    store256(start_, _mm256_and_si256(_mm256_slli_epi32(bias.low, 1), use));
    store256(start_ + 8, _mm256_and_si256(_mm256_slli_epi32(bias.high, 1), use));
  }

  // What a pixel's sums start with, in their order.
  const int32_t* start() const { return start_; }

  // One pixel's whole block, at element `first`.
  void write_pixel(const Lanes16& sums, int64_t first) const {
    if (way_ == Way::kTwice && mac_.y_type == kMoteI8) {
      const __m256i zero = _mm256_set1_epi16(static_cast<int16_t>(mac_.y_zero));
      const __m256i words = _mm256_adds_epi16(twice_.apply(sums), zero);
      const __m128i v =
          _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
      const __m128i least = _mm_set1_epi8(static_cast<char>(mac_.act_min));
      const __m128i most = _mm_set1_epi8(static_cast<char>(mac_.act_max));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(static_cast<int8_t*>(y_) + first),
                       _mm_min_epi8(_mm_max_epi8(v, least), most));
      return;
    }
    alignas(32) int32_t lanes[16];
    store256(lanes, sums.low);
    store256(lanes + 8, sums.high);
    write(lanes, {first, kLanes, 1, kLanes, kLanes});
  }

  void write(const int32_t* sums, const OutputLine& line) const {
    if (way_ == Way::kTwice) return write_fast(twice_, sums, line);
    if (way_ == Way::kWide) return write_fast(wide_, sums, line);
    for (int64_t p = 0; p < line.pixels; ++p) write_general(sums + p * kLanes, line, p);
  }

 private:
  enum class Way { kTwice, kWide, kGeneral };

  // False where a bias has more than 32 bits.
  bool lane_scales(LaneScales& s) const {
    const int64_t first = block_ * kLanes;
    if (l_->fold == 1 && first + kLanes <= l_->window.out_c && mac_.rounding == kMoteTwice) {
      const auto* bias = static_cast<const int32_t*>(bias_);
      for (int i = 0; i < kLanes; i += 8) {
        store256(s.multiplier + i, load256(scales_.multiplier + first + i));
        store256(s.shift + i, load256(scales_.shift + first + i));
        if (bias) store256(s.bias + i, load256(bias + first + i));
      }
      return true;
    }
    bool fits = true;
    int64_t channels[16];
    lane_channels(*l_, block_, channels);
    for (int64_t i = 0; i < kLanes; ++i) {
      const int64_t c = channels[i];
      const int64_t bias = c < 0 ? 0 : mote_bias(bias_, mac_.rounding, c);
      fits = fits && bias >= INT32_MIN && bias <= INT32_MAX;
      s.bias[i] = static_cast<int32_t>(bias);
      s.multiplier[i] = c < 0 ? 0 : scales_.multiplier[c];
      s.shift[i] = c < 0 ? -1 : scales_.shift[c];
    }
    return fits;
  }

  template <bool kTwice>
  void write_fast(const Rescale16<kTwice>& r, const int32_t* sums, const OutputLine& line) const {
    switch (mac_.y_type) {
      case kMoteI8:
        return write_bytes<true>(r, sums, line);
      case kMoteU8:
        return write_bytes<false>(r, sums, line);
      default:
        return write_shorts(r, sums, line);
    }
  }

  template <bool kSigned, bool kTwice>
  void write_bytes(const Rescale16<kTwice> r, const int32_t* sums, const OutputLine& line) const {
    const __m256i zero = _mm256_set1_epi16(static_cast<int16_t>(mac_.y_zero));
    const __m256i least = _mm256_set1_epi8(static_cast<char>(mac_.act_min));
    const __m256i most = _mm256_set1_epi8(static_cast<char>(mac_.act_max));
    uint8_t* y = static_cast<uint8_t*>(y_) + line.first;
    // Two pixels at a time.
    for (int64_t p = 0; p < line.pixels; p += 2, y += 2 * line.step) {
      const bool two = p + 1 < line.pixels;
      const __m256i a = _mm256_adds_epi16(r.apply(sums + p * kLanes), zero);
      const __m256i b = two ? _mm256_adds_epi16(r.apply(sums + (p + 1) * kLanes), zero) : a;
      __m256i v;
      if constexpr (kSigned) {
        v = _mm256_packs_epi16(a, b);
        v = _mm256_min_epi8(_mm256_max_epi8(v, least), most);
      } else {
        v = _mm256_packus_epi16(a, b);
        v = _mm256_min_epu8(_mm256_max_epu8(v, least), most);
      }
      v = _mm256_permute4x64_epi64(v, 0xd8);
      if (two && line.lanes == kLanes && line.lanes_of(p + 1) == kLanes) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(y), _mm256_castsi256_si128(v));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(y + line.step), _mm256_extracti128_si256(v, 1));
        continue;
      }
      alignas(32) uint8_t bytes[32];
      store256(bytes, v);
      store_bytes(y, bytes, line.lanes_of(p));
      if (two) store_bytes(y + line.step, bytes + 16, line.lanes_of(p + 1));
    }
  }

  template <bool kTwice>
  void write_shorts(const Rescale16<kTwice> r, const int32_t* sums, const OutputLine& line) const {
    const __m256i least = _mm256_set1_epi16(static_cast<int16_t>(mac_.act_min));
    const __m256i most = _mm256_set1_epi16(static_cast<int16_t>(mac_.act_max));
    int16_t* y = static_cast<int16_t*>(y_) + line.first;
    for (int64_t p = 0; p < line.pixels; ++p, y += line.step) {
      const __m256i v = _mm256_min_epi16(_mm256_max_epi16(r.apply(sums + p * kLanes), least), most);
      if (line.lanes_of(p) == kLanes) {
        store256(y, v);
      } else {
        alignas(32) int16_t shorts[16];
        store256(shorts, v);
        store_bytes(y, shorts, 2 * line.lanes_of(p));
      }
    }
  }

  void write_general(const int32_t* sums, const OutputLine& line, int64_t pixel) const {
    alignas(32) int32_t lanes[16];
    store_lanes(lanes, {load256(sums), load256(sums + 8)});
    int64_t channels[16];
    lane_channels(*l_, block_, channels);
    const int64_t at = line.first + pixel * line.step;
    for (int64_t i = 0; i < line.lanes_of(pixel); ++i) {
      const int64_t acc = lanes[i] / 2 + mote_bias(bias_, mac_.rounding, channels[i]);
      mote_store(y_, at + i, mac_.y_type, mote_requantize(&mac_, &scales_, channels[i], acc));
    }
  }

  const MoteIntMac& mac_;
  MoteScales scales_;
  const void* bias_;
  void* y_;
  const Layout* l_ = nullptr;
  int64_t block_ = 0;
  Way way_ = Way::kGeneral;
  Rescale16<true> twice_;
  Rescale16<false> wide_;
  alignas(32) int32_t start_[16] = {};
};

class HybridOutput {
 public:
  static constexpr int kWeightFactor = 1;

  HybridOutput(const MoteHybridMac& mac, const float* bias, const float* w_scale,
               const float* x_scale, float* y)
      : mac_(mac), bias_(bias), w_scale_(w_scale), x_scale_(x_scale), y_(y) {}

  void set_batch(int64_t batch) { x_scale_now_ = _mm256_set1_ps(x_scale_[batch]); }

  void set_block(const Layout& l, int64_t block) {
    int64_t channels[16];
    lane_channels(l, block, channels);
    for (int64_t i = 0; i < kLanes; ++i) {
      const int64_t c = channels[i];
      lane_scale_[i] = c < 0 ? 0.0f : w_scale_[c];
      lane_bias_[i] = c < 0 || !bias_ ? 0.0f : bias_[c];
    }
  }

  const int32_t* start() const { return start_; }

  void write_pixel(const Lanes16& sums, int64_t first) const {
    alignas(32) int32_t lanes[16];
    store256(lanes, sums.low);
    store256(lanes + 8, sums.high);
    write(lanes, {first, kLanes, 1, kLanes, kLanes});
  }

  void write(const int32_t* sums, const OutputLine& line) const {
    float* y = y_ + line.first;
    for (int64_t p = 0; p < line.pixels; ++p, y += line.step) {
      alignas(32) int32_t lanes[16];
      alignas(32) float out[16];
      store_lanes(lanes, {load256(sums + p * kLanes), load256(sums + p * kLanes + 8)});
      const bool whole = line.lanes_of(p) == kLanes;
      float* to = whole ? y : out;
      for (int i = 0; i < 16; i += 8) _mm256_storeu_ps(to + i, scaled(lanes, i));
      if (!whole) store_bytes(y, out, 4 * line.lanes_of(p));
    }
  }

 private:
  // mote_hybrid_output of eight lanes.
  __m256 scaled(const int32_t* lanes, int i) const {
    const __m256 sum = _mm256_cvtepi32_ps(load256(lanes + i));
    const __m256 s_w = _mm256_load_ps(lane_scale_ + i);
    const __m256 v = mac_.split ? _mm256_mul_ps(_mm256_mul_ps(sum, s_w), x_scale_now_)
                                : _mm256_mul_ps(sum, _mm256_mul_ps(x_scale_now_, s_w));
    const __m256 biased = _mm256_add_ps(v, _mm256_load_ps(lane_bias_ + i));
    const __m256 raised = _mm256_max_ps(_mm256_set1_ps(mac_.act_min), biased);
    return _mm256_min_ps(_mm256_set1_ps(mac_.act_max), raised);
  }

  const MoteHybridMac& mac_;
  const float *bias_, *w_scale_, *x_scale_;
  float* y_;
  __m256 x_scale_now_ = _mm256_setzero_ps();
  alignas(32) float lane_scale_[16] = {}, lane_bias_[16] = {};
  alignas(32) int32_t start_[16] = {};
};

}  // namespace mote::kernels::MOTE_ISA

#endif
