// Products of rows of 8-bit activations with packed panels, for families to build upon. One file
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

// [rows, pitch] bytes, a = q + 128 for int8, a = q for uint8; pitch a multiple of 4. What lies past
// K in a row is multiplied by 0. Panels of words read the same numbers as 16-bit words; null if
// there is none.
struct Rows {
  const uint8_t* bytes;
  const int16_t* words;
  int64_t pitch;  // elements
};

// Everything that the panels of one integer product share.
struct IntJob {
  const MoteIntMac* mac;
  const int32_t* bias;  // or null
  MoteScales scales;
  bool shifts_right;         // every channel's shift is to the right
  int32_t x_zero;            // of the rows' bytes
  const int32_t* row_terms;  // what panels centred elsewhere than the weights' zero add to each row
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

// Panels [begin, end) of a product with n channels and k steps, `count` rows; null scales or bias
// are not read.
void multiply_int(const IntJob& job, const Rows& rows, int64_t count, const void* packed, int64_t n,
                  int64_t k, int64_t begin, int64_t end);
void multiply_hybrid(const HybridJob& job, const Rows& rows, int64_t count, const void* packed,
                     int64_t n, int64_t k, int64_t begin, int64_t end);

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
  job.shifts_right = job.scales.shift != nullptr;
  for (int64_t c = 0; job.shifts_right && c < channels; ++c) {
    job.shifts_right = job.scales.shift[c] < 0;
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
// row's sum of x - x_zero. Null if every panel is centred on the zero point.
inline const int32_t* row_terms(const IntJob& job, const void* packed, int64_t n, int64_t k,
                                const Rows& rows, int64_t count, int32_t* terms) {
  const auto* infos = static_cast<const PanelInfo*>(packed);
  const int32_t zero = job.mac->w_zero;
  int64_t p = 0;
  while (p < int8_panels(n) && infos[p].centre == zero) ++p;
  if (p == int8_panels(n)) return nullptr;
  const auto apart = static_cast<uint32_t>(infos[p].centre - zero);
  for (int64_t r = 0; r < count; ++r) {
    uint32_t sum = 0;
    for (int64_t i = 0; i < k; ++i) sum += rows.bytes[r * rows.pitch + i];
    sum -= static_cast<uint32_t>(job.x_zero) * static_cast<uint32_t>(k);
    terms[r] = static_cast<int32_t>(sum * apart);
  }
  return terms;
}

}  // namespace mote::kernels::MOTE_ISA

#endif
