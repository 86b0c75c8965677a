// Products of patches of 8-bit activations with packed panels, for families to build upon. One file
// for each processor defines them (int8_multiply_avx2.cpp, ...); the rest is declared in the
// namespace of the file that includes this.
#pragma once

#include <cstdint>

#include "kernels/common/int8_panels.h"
#include "kernels/common/mac.h"

#if defined(__AVX2__)

namespace mote::kernels::MOTE_ISA {

#if defined(__AVXVNNI__) || defined(__AVX512VNNI__)
inline constexpr bool kOnlyBytes = true;  // their byte products are summed in 32 bits
#else
inline constexpr bool kOnlyBytes = false;
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
  bool is_plain;             // 8-bit outputs, rounded twice, every shift in [-20, -1]
  int32_t x_zero;            // of the rows' bytes
  const int32_t* row_terms;  // what panels centred elsewhere than the weights' zero add, by pixel
  void* y;
  int64_t y_first, y_pitch;  // elements: row 0, channel 0; from row to row
};

// Everything that the panels of one hybrid product share; scales and zeros by row.
struct HybridJob {
  const MoteHybridMac* mac;
  const float* bias;  // or null
  const float* w_scale;
  const float* x_scale;
  const int32_t* x_zero;  // of the rows as int8
  float* y;
  int64_t y_first, y_pitch;
};

// Panels [begin, end) of n channels with the first `count` pixels of the tile.
void multiply_int(const IntJob& job, const Tile& tile, int64_t count, const void* packed, int64_t n,
                  int64_t begin, int64_t end);
void multiply_hybrid(const HybridJob& job, const Tile& tile, int64_t count, const void* packed,
                     int64_t n, int64_t begin, int64_t end);

// Whether any panel of the blob holds words.
inline bool has_words(const void* packed, int64_t n) {
  const auto* infos = static_cast<const PanelInfo*>(packed);
  for (int64_t p = 0; p < int8_panels(n); ++p) {
    if (infos[p].chain == 0) return true;
  }
  return false;
}

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
  job.is_plain = mac.rounding == kMoteTwice && (mac.y_type == kMoteI8 || mac.y_type == kMoteU8);
  for (int64_t c = 0; job.is_plain && c < channels; ++c) {
    job.is_plain = job.scales.shift[c] < 0 && job.scales.shift[c] >= -20;
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

// sum (x - x_zero) * (w - w_zero) is that with the panel's centre, plus (centre - w_zero) times the
// patch's sum of x - x_zero. Null if every panel is centred on the zero point. `run`: bytes of a
// run that count.
inline const int32_t* row_terms(const IntJob& job, const void* packed, int64_t n, const Tile& tile,
                                int64_t run, int64_t count, int32_t* terms) {
  const auto* infos = static_cast<const PanelInfo*>(packed);
  const int32_t zero = job.mac->w_zero;
  int64_t p = 0;
  while (p < int8_panels(n) && infos[p].centre == zero) ++p;
  if (p == int8_panels(n)) return nullptr;
  const auto apart = static_cast<uint32_t>(infos[p].centre - zero);
  for (int64_t i = 0; i < count; ++i) {
    uint32_t sum = 0;
    for (int64_t j = 0; j < tile.count_runs; ++j) {
      const uint8_t* from = tile.bytes + tile.pixels[i] + tile.runs[j];
      for (int64_t c = 0; c < run; ++c) sum += from[c];
    }
    sum -= static_cast<uint32_t>(job.x_zero) * static_cast<uint32_t>(tile.count_runs * run);
    terms[i] = static_cast<int32_t>(sum * apart);
  }
  return terms;
}

}  // namespace mote::kernels::MOTE_ISA

#endif
