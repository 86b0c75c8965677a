// Products of patches of 8-bit activations with packed panels, for families to build upon. One file
// for each processor defines them (int8_multiply_avx2.cpp, ...); the rest is declared in the
// namespace of the file that includes this.
#pragma once

#include <cstdint>

#include "kernels/common/int8_dots-inl.h"
#include "kernels/common/int8_panels.h"
#include "kernels/common/mac.h"

#if defined(MOTE_HAS_ISA)

namespace mote::kernels::MOTE_ISA {

#if defined(MOTE_HAS_DOTS) || defined(__aarch64__)
inline constexpr bool kOnlyBytes = true;  // their byte products don't saturate
#else
inline constexpr bool kOnlyBytes = false;
#endif
#if defined(__ARM_FEATURE_MATMUL_INT8)
inline constexpr bool kJoinsBlocks = true;  // products of eight steps: join_int8_blocks
#else
inline constexpr bool kJoinsBlocks = false;
#endif

// Activations under a tile of pixels: bytes a = q + 128 for int8, a = q for uint8, and the same
// numbers as words where a panel needs them. Run i of pixel p's patch starts at element pixels[p] +
// runs[i]; it has `blocks` times four elements. What fills a run up is multiplied by 0 but read.
struct Tile {
  const uint8_t* bytes;
  const int16_t* words;
  const int64_t* pixels;
  const int64_t* runs;
  int64_t count_runs, blocks;
};

// Everything that the panels of one integer product share.
struct IntJob {
  const MoteIntMac* mac;
  const int32_t* bias;  // or null
  MoteScales scales;
  bool is_small;             // 8-bit outputs, exact rounding, every scale at most a half
  bool is_plain;             // 8-bit outputs, rounded twice, every shift in [-20, -1]
  int32_t x_zero;            // of the rows' bytes
  const int32_t* row_terms;  // what panels centred elsewhere than the weights' zero add, by pixel
  void* y;
  int64_t y_first, y_pitch;  // elements: row 0, channel 0; from row to row
};

// Everything that the panels of one hybrid product share; scales and zeros by row, or one for all.
struct HybridJob {
  const MoteHybridMac* mac;
  const float* bias;  // or null
  const float* w_scale;
  const float* x_scale;
  const int32_t* x_zero;  // of the rows as int8
  bool is_uniform;
  float scale_of_all;
  int32_t zero_of_all;  // of what is multiplied, bytes or, in Winograd's, int8
  float* y;
  int64_t y_first, y_pitch;
};

// Panels [begin, end) of n channels with the first `count` pixels of the tile.
void multiply_int(const IntJob& job, const Tile& tile, int64_t count, const void* packed, int64_t n,
                  int64_t begin, int64_t end);
// The same with the one pixel of a tile of one run, for plain jobs without row terms.
void multiply_patch(const IntJob& job, const Tile& tile, const void* packed, int64_t n,
                    int64_t begin, int64_t end);
void multiply_hybrid(const HybridJob& job, const Tile& tile, int64_t count, const void* packed,
                     int64_t n, int64_t begin, int64_t end);

// Why these kernels can't take an integer product; null if they can.
inline const char* declines_int(const MoteIntMac& m) {
  if (m.x_type != kMoteI8 && m.x_type != kMoteU8) return "the activations have more than 8 bits";
  if (m.w_type == kMoteI16) return "the weights have more than 8 bits";
  if (m.rounding != kMoteTwice && m.rounding != kMoteExact32) return "the sums have 64 bits";
  const int32_t lowest = m.x_type == kMoteU8 ? 0 : -128;
  const bool fits = m.x_zero >= lowest && m.x_zero <= lowest + 255;
  return fits ? nullptr : "the zero point is not a value of the activations";
}

// What a product with `mac` has in common, whatever its rows; bias from the first channel.
inline IntJob int_job(const MoteIntMac& mac, const void* bias, const void* scale, const void* shift,
                      int64_t channels, void* y, int64_t y_pitch) {
  IntJob job = {};
  job.mac = &mac;
  job.bias = static_cast<const int32_t*>(bias);
  job.scales = mote_scales(mac.rounding, scale, shift);
  const bool is_bytes = mac.y_type == kMoteI8 || mac.y_type == kMoteU8;
  job.is_plain = is_bytes && mac.rounding == kMoteTwice;
  job.is_small = is_bytes && mac.rounding == kMoteExact32;
  if (job.is_small) {
    int32_t outside = 0;
    for (int64_t c = 0; c < channels; ++c) outside |= !(job.scales.exact[c] <= 0.5);
    job.is_small = outside == 0;
  }
  if (job.is_plain) {
    int32_t outside = 0;
    for (int64_t c = 0; c < channels; ++c) {
      outside |= job.scales.shift[c] >= 0 || job.scales.shift[c] < -20;
    }
    job.is_plain = outside == 0;
  }
  job.x_zero = mac.x_type == kMoteU8 ? mac.x_zero : mac.x_zero + 128;
  job.y = y;
  job.y_pitch = y_pitch;
  return job;
}

inline MoteScales scales_from(MoteScales s, int64_t channel) {
  if (s.exact) return {nullptr, nullptr, s.exact + channel};
  return {s.multiplier + channel, s.shift + channel, nullptr};
}

// sum (x - x_zero) * (w - w_zero) is that with a panel's centre, plus (centre - w_zero) times the
// patch's sum of x - x_zero: the latter for `count` pixels. `run`: bytes of a run that count.
void sum_patches(const IntJob& job, const Tile& tile, int32_t centre, int64_t run, int64_t count,
                 int32_t* terms);

}  // namespace mote::kernels::MOTE_ISA

#endif
