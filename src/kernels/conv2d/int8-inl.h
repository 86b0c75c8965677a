// Convolutions of 8-bit activations as matrix products of bytes (common/int8_multiply.h): the rows
// of a tile of output pixels are gathered, then multiplied with the packed filters.
//
//   packed: one blob of panels (common/int8_panels.h) for each group of channels
//   unit:   a tile of pixels of one group, and a part of its panels
#pragma once

#if defined(__AVX2__)

#include "kernels/common/int8_multiply.h"
#include "kernels/common/int8_rows-inl.h"
#include "kernels/common/int8_split.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/kernel.h"

namespace mote::kernels::MOTE_ISA {

struct ConvSizes {
  int64_t groups, depth, outputs, patch;
  Int8Split split;

  ConvSizes(const MoteWindow& g, int64_t of_groups)
      : groups(of_groups),
        depth(g.in_c / of_groups),
        outputs(g.out_c / of_groups),
        patch(int64_t{g.filter_h} * g.filter_w * depth),
        split(int8_split(int64_t{g.batches} * g.out_h * g.out_w, outputs, patch)) {}

  int64_t units() const { return split.tiles * groups * split.parts; }
};

template <class Params>
inline int64_t conv_units(const void* params) {
  const auto& p = *static_cast<const Params*>(params);
  return ConvSizes(p.window, p.groups).units();
}

template <class Params>
inline size_t conv_scratch_bytes(const void* params) {
  const auto& p = *static_cast<const Params*>(params);
  return int8_scratch(ConvSizes(p.window, p.groups).split).total_bytes;
}

template <class Params>
inline size_t conv_packed_bytes(const void* params) {
  const auto& p = *static_cast<const Params*>(params);
  const ConvSizes s(p.window, p.groups);
  return static_cast<size_t>(s.groups) * int8_panels_bytes(s.outputs, s.patch);
}

inline void conv_pack(const MoteWindow& g, int64_t groups, int32_t type, int32_t zero,
                      const void* weights, void* packed) {
  const ConvSizes s(g, groups);
  for (int64_t group = 0; group < groups; ++group) {
    const WeightMatrix w = {weights, group * s.outputs * s.patch, type, zero, s.outputs, s.patch};
    pack_int8_panels(w, kOnlyBytes,
                     static_cast<uint8_t*>(packed) +
                         static_cast<size_t>(group) * int8_panels_bytes(s.outputs, s.patch));
  }
}

inline void conv_pack_int(const void* params, const void* weights, void* packed) {
  const auto& p = *static_cast<const MoteConv2dInt*>(params);
  conv_pack(p.window, p.groups, p.mac.w_type, p.mac.w_zero, weights, packed);
}

inline void conv_pack_hybrid(const void* params, const void* weights, void* packed) {
  const auto& p = *static_cast<const MoteConv2dHybrid*>(params);
  conv_pack(p.window, p.groups, p.mac.w_type, 0, weights, packed);
}

// One tile's rows, and where its outputs go.
struct ConvTile {
  Rows rows;
  const void* packed;
  int64_t first, count;  // pixels
  int64_t channel;       // the group's first output
  int64_t begin, end;    // panels
};

// Calls body(tile) for each unit. `pad_of(batch)` is the byte that is real zero.
template <class Pad, class Body>
inline void each_conv_tile(const MoteWindow& g, const ConvSizes& s, const void* x, int32_t x_type,
                           const void* packed, void* scratch, int64_t unit, int64_t last,
                           const Pad& pad_of, const Body& body) {
  const Int8Split& split = s.split;
  const size_t blob_bytes = int8_panels_bytes(s.outputs, s.patch);
  auto* bytes = static_cast<uint8_t*>(scratch);
  auto* words = reinterpret_cast<int16_t*>(bytes + int8_scratch(split).words_offset_bytes);
  const bool is_pixel = g.filter_h == 1 && g.filter_w == 1 && g.stride_h == 1 && g.stride_w == 1 &&
                        g.pad_top == 0 && g.pad_left == 0 && g.in_h == g.out_h &&
                        g.in_w == g.out_w && s.groups == 1 && s.depth == split.pitch;
  int64_t held = -1;
  for (; unit < last; ++unit) {
    const int64_t part = unit % split.parts, row = unit / split.parts;
    const int64_t group = row % s.groups, tile = row / s.groups;
    ConvTile t = {};
    t.packed = static_cast<const uint8_t*>(packed) + static_cast<size_t>(group) * blob_bytes;
    t.first = tile * split.tile_rows;
    t.count = split.rows - t.first < split.tile_rows ? split.rows - t.first : split.tile_rows;
    t.channel = group * s.outputs;
    t.begin = part * split.panels / split.parts;
    t.end = (part + 1) * split.panels / split.parts;
    t.rows = {bytes, words, split.pitch};
    const PatchJob job = {
        &g, static_cast<const uint8_t*>(x), group * s.depth, s.depth, flip_of(x_type), split.pitch};
    const bool needs_words = !kOnlyBytes && has_words(t.packed, s.outputs);
    if (is_pixel && job.flip == 0 && !needs_words) {
      t.rows.bytes = job.x + t.first * s.depth;
    } else if (held != row) {
      if (is_pixel) {
        copy_bytes(job.x + t.first * s.depth, t.count * s.depth, job.flip, bytes);
      } else {
        gather_rows(job, t.first, t.count, pad_of, bytes);
      }
      if (needs_words) widen_bytes(bytes, t.count * split.pitch, words);
      held = row;
    }
    body(t);
  }
}

inline int run_conv_int(const Args& a, int64_t begin, int64_t end) {
  const auto& p = *static_cast<const MoteConv2dInt*>(a.params);
  const MoteWindow& g = p.window;
  const ConvSizes s(g, p.groups);
  auto* terms = reinterpret_cast<int32_t*>(static_cast<uint8_t*>(a.scratch) +
                                           int8_scratch(s.split).numbers_offset_bytes);
  const IntJob whole = int_job(p.mac, a.in[2], a.in[3], a.in[4], g.out_c, a.out[0], g.out_c);
  const auto pad_of = [&](int64_t) { return static_cast<uint8_t>(whole.x_zero); };
  each_conv_tile(
      g, s, a.in[0], p.mac.x_type, a.in[1], a.scratch, begin, end, pad_of, [&](const ConvTile& t) {
        IntJob job = whole;
        if (job.bias) job.bias += t.channel;
        job.scales = scales_from(whole.scales, t.channel);
        job.row_terms = row_terms(job, t.packed, s.outputs, s.patch, t.rows, t.count, terms);
        job.y_first = t.first * g.out_c + t.channel;
        multiply_int(job, t.rows, t.count, t.packed, s.outputs, s.patch, t.begin, t.end);
      });
  return kOk;
}

inline int run_conv_hybrid(const Args& a, int64_t begin, int64_t end) {
  const auto& p = *static_cast<const MoteConv2dHybrid*>(a.params);
  const MoteWindow& g = p.window;
  const ConvSizes s(g, p.groups);
  const auto* x_scale = static_cast<const float*>(a.in[4]);
  const auto* x_zero = static_cast<const int32_t*>(a.in[5]);
  auto* zeros = reinterpret_cast<int32_t*>(static_cast<uint8_t*>(a.scratch) +
                                           int8_scratch(s.split).numbers_offset_bytes);
  auto* of_rows = reinterpret_cast<float*>(zeros + s.split.tile_rows);
  const int64_t image = int64_t{g.out_h} * g.out_w;
  HybridJob job = {};
  job.mac = &p.mac;
  job.x_scale = of_rows;
  job.x_zero = zeros;
  job.y = static_cast<float*>(a.out[0]);
  job.y_pitch = g.out_c;
  const auto pad_of = [&](int64_t batch) { return static_cast<uint8_t>(x_zero[batch] + 128); };
  each_conv_tile(
      g, s, a.in[0], kMoteI8, a.in[1], a.scratch, begin, end, pad_of, [&](const ConvTile& t) {
        for (int64_t r = 0; r < t.count; ++r) {
          const int64_t batch = (t.first + r) / image;
          of_rows[r] = x_scale[batch];
          zeros[r] = x_zero[batch];
        }
        const auto* bias = static_cast<const float*>(a.in[2]);
        job.bias = bias ? bias + t.channel : nullptr;
        job.w_scale = static_cast<const float*>(a.in[3]) + t.channel;
        job.y_first = t.first * g.out_c + t.channel;
        multiply_hybrid(job, t.rows, t.count, t.packed, s.outputs, s.patch, t.begin, t.end);
      });
  return kOk;
}

}  // namespace mote::kernels::MOTE_ISA

#endif
