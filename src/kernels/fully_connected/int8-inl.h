// Fully connected layers of 8-bit activations as matrix products of bytes (common/int8_multiply.h).
// One unit is a tile of rows and a part of the panels.
#pragma once

#if defined(__AVX2__)

#include "kernels/common/int8_multiply.h"
#include "kernels/common/int8_rows-inl.h"
#include "kernels/common/int8_split.h"
#include "kernels/fully_connected/fully_connected.h"
#include "kernels/kernel.h"

namespace mote::kernels::MOTE_ISA {

template <class Params>
inline int64_t fc_units(const void* params) {
  const auto& p = *static_cast<const Params*>(params);
  const Int8Split s = int8_split(p.rows, p.out_c, p.in_c);
  return s.tiles * s.parts;
}

template <class Params>
inline size_t fc_scratch_bytes(const void* params) {
  const auto& p = *static_cast<const Params*>(params);
  return int8_scratch(int8_split(p.rows, p.out_c, p.in_c)).total_bytes;
}

template <class Params>
inline size_t fc_packed_bytes(const void* params) {
  const auto& p = *static_cast<const Params*>(params);
  return int8_panels_bytes(p.out_c, p.in_c);
}

inline void fc_pack_int(const void* params, const void* weights, void* packed) {
  const auto& p = *static_cast<const MoteFullyConnectedInt*>(params);
  pack_int8_panels({weights, 0, p.mac.w_type, p.mac.w_zero, p.out_c, p.in_c}, kOnlyBytes, packed);
}

inline void fc_pack_hybrid(const void* params, const void* weights, void* packed) {
  const auto& p = *static_cast<const MoteFullyConnectedHybrid*>(params);
  pack_int8_panels({weights, 0, p.mac.w_type, 0, p.out_c, p.in_c}, kOnlyBytes, packed);
}

// Rows [first, first + count) against panels [begin, end).
struct FcTile {
  Rows rows;
  int64_t first, count, begin, end;
};

// Calls body(tile) for each unit.
template <class Params, class Body>
inline void each_fc_tile(const Params& p, int32_t x_type, const Args& a, int64_t unit, int64_t last,
                         const Body& body) {
  const Int8Split s = int8_split(p.rows, p.out_c, p.in_c);
  const auto* x = static_cast<const uint8_t*>(a.in[0]);
  auto* bytes = static_cast<uint8_t*>(a.scratch);
  auto* words = reinterpret_cast<int16_t*>(bytes + int8_scratch(s).words_offset_bytes);
  const bool needs_words = !kOnlyBytes && has_words(a.in[1], p.out_c);
  const bool is_dense = p.in_c == s.pitch;
  const uint64_t flip = flip_of(x_type);
  int64_t held = -1;
  for (; unit < last; ++unit) {
    const int64_t part = unit % s.parts, tile = unit / s.parts;
    FcTile t = {};
    t.first = tile * s.tile_rows;
    t.count = p.rows - t.first < s.tile_rows ? p.rows - t.first : s.tile_rows;
    t.begin = part * s.panels / s.parts;
    t.end = (part + 1) * s.panels / s.parts;
    t.rows = {bytes, words, s.pitch};
    if (is_dense && flip == 0 && !needs_words) {
      t.rows.bytes = x + t.first * p.in_c;
    } else if (held != tile) {
      held = tile;
      if (is_dense) {
        copy_bytes(x + t.first * p.in_c, t.count * p.in_c, flip, bytes);
      } else {
        for (int64_t r = 0; r < t.count; ++r) {
          uint8_t* to = bytes + r * s.pitch;
          copy_bytes(x + (t.first + r) * p.in_c, p.in_c, flip, to);
          fill_bytes(to + p.in_c, s.pitch - p.in_c, 0);
        }
      }
      if (needs_words) widen_bytes(bytes, t.count * s.pitch, words);
    }
    body(t);
  }
}

inline int run_fc_int(const Args& a, int64_t begin, int64_t end) {
  const auto& p = *static_cast<const MoteFullyConnectedInt*>(a.params);
  auto* terms = reinterpret_cast<int32_t*>(
      static_cast<uint8_t*>(a.scratch) +
      int8_scratch(int8_split(p.rows, p.out_c, p.in_c)).numbers_offset_bytes);
  IntJob job = int_job(p.mac, a.in[2], a.in[3], a.in[4], p.out_c, a.out[0], p.out_c);
  each_fc_tile(p, p.mac.x_type, a, begin, end, [&](const FcTile& t) {
    job.row_terms = row_terms(job, a.in[1], p.out_c, p.in_c, t.rows, t.count, terms);
    job.y_first = t.first * p.out_c;
    multiply_int(job, t.rows, t.count, a.in[1], p.out_c, p.in_c, t.begin, t.end);
  });
  return kOk;
}

inline int run_fc_hybrid(const Args& a, int64_t begin, int64_t end) {
  const auto& p = *static_cast<const MoteFullyConnectedHybrid*>(a.params);
  HybridJob job = {};
  job.mac = &p.mac;
  job.bias = static_cast<const float*>(a.in[2]);
  job.w_scale = static_cast<const float*>(a.in[3]);
  job.y = static_cast<float*>(a.out[0]);
  job.y_pitch = p.out_c;
  each_fc_tile(p, kMoteI8, a, begin, end, [&](const FcTile& t) {
    job.x_scale = static_cast<const float*>(a.in[4]) + t.first;
    job.x_zero = static_cast<const int32_t*>(a.in[5]) + t.first;
    job.y_first = t.first * p.out_c;
    multiply_hybrid(job, t.rows, t.count, a.in[1], p.out_c, p.in_c, t.begin, t.end);
  });
  return kOk;
}

}  // namespace mote::kernels::MOTE_ISA

#endif
