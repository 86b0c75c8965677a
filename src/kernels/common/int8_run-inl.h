// Runs what int8_conv.h plans.
#pragma once

#if defined(MOTE_HAS_ISA)

#include "kernels/common/int8_copy-inl.h"
#include "kernels/common/int8_unit-inl.h"

namespace mote::kernels::MOTE_ISA {

// What one unit computes.
struct Int8Unit {
  Tile tile;
  const void* packed;
  int64_t first, count;  // pixels of the output
  int64_t channel;       // the group's first output
  int64_t begin, end;    // panels
  int32_t* numbers;      // room for two a pixel
};

// Copies the region under a tile to scratch; `pad` is the byte that is real zero.
inline void copy_region(const Int8Plan& p, const Int8Place& at, const void* x, uint64_t flip,
                        uint8_t pad, bool needs_words, void* scratch) {
  const MoteWindow& g = p.window;
  auto* bytes = static_cast<uint8_t*>(scratch);
  const int64_t line_bytes = p.region_w * g.in_c;
  const int64_t y0 = at.y * g.stride_h - g.pad_top, x0 = at.x * g.stride_w - g.pad_left;
  const int64_t lines = (at.h - 1) * g.stride_h + (g.filter_h - 1) * g.dilation_h + 1;
  const int64_t before = x0 >= 0 ? 0 : -x0 < p.region_w ? -x0 : p.region_w;
  const int64_t left = g.in_w - x0;
  const int64_t end = left < before ? before : left < p.region_w ? left : p.region_w;
  const auto* image = static_cast<const uint8_t*>(x) + at.batch * g.in_h * g.in_w * g.in_c;
  for (int64_t i = 0; i < lines; ++i) {
    uint8_t* line = bytes + i * line_bytes;
    const int64_t iy = y0 + i;
    if (iy < 0 || iy >= g.in_h) {
      fill_bytes(line, line_bytes, pad);
      continue;
    }
    fill_bytes(line, before * g.in_c, pad);
    copy_bytes(image + (iy * g.in_w + x0 + before) * g.in_c, (end - before) * g.in_c, flip,
               line + before * g.in_c);
    fill_bytes(line + end * g.in_c, (p.region_w - end) * g.in_c, pad);
  }
  // What fills the last run up is read as well.
  fill_bytes(bytes + lines * line_bytes, kBlockSteps, 0);
  if (!needs_words) return;
  auto* words = reinterpret_cast<int16_t*>(bytes + p.words_offset_bytes);
  widen_bytes(bytes, lines * line_bytes + kBlockSteps, words);
}

// Calls body(unit) for the units of [begin, end), neighbouring parts of a tile's panels at once.
// `pad_of(batch)` is the byte that is real zero.
template <class Pad, class Body>
inline void each_int8_unit(const Int8Plan& p, const Args& a, int32_t x_type, int64_t begin,
                           int64_t end, const Pad& pad_of, const Body& body) {
  const MoteWindow& g = p.window;
  const int64_t line = p.region_w * g.in_c;
  auto* bytes = static_cast<uint8_t*>(a.scratch);
  const auto* words = reinterpret_cast<const int16_t*>(bytes + p.words_offset_bytes);
  const auto* blobs = static_cast<const uint8_t*>(a.in[1]) + kPlanBytes;
  // Whole vectors are read when patches are summed up, so not from the caller's memory then.
  const bool in_place = p.rows * p.taps == 1 && g.in_h == 1 && g.stride_w == 1 && p.groups == 1 &&
                        p.run % kBlockSteps == 0 && flip_of(x_type) == 0 && !p.needs_words &&
                        p.is_centred;
  auto* pixels = reinterpret_cast<int64_t*>(bytes + p.offsets_bytes);
  int64_t* runs = pixels + p.tile_pixels();
  for (int64_t row = 0, i = 0; row < p.rows; ++row) {
    for (int64_t tap = 0; tap < p.taps; ++tap) {
      runs[i++] = row * g.dilation_h * line + tap * g.dilation_w * g.in_c;
    }
  }
  int64_t held = -1;   // the tile whose region is in scratch
  int64_t width = -1;  // what the pixels' offsets are for
  for (int64_t unit = begin; unit < end;) {
    const Int8Place at(p, unit);
    const int64_t tile = unit / p.parts / p.groups;
    if (!in_place && held != tile) {
      copy_region(p, at, a.in[0], flip_of(x_type), pad_of(at.batch), p.needs_words, a.scratch);
      held = tile;
    }
    if (width != at.w) {
      width = at.w;
      int64_t* to = pixels;
      for (int64_t y = 0; y < p.tile_h; ++y) {
        for (int64_t i = 0; i < width; ++i) *to++ = y * g.stride_h * line + i * g.stride_w * g.in_c;
      }
    }
    Int8Unit u = {};
    u.packed = blobs + static_cast<size_t>(at.group) * p.blob_bytes();
    u.first = (at.batch * g.out_h + at.y) * g.out_w + at.x;
    u.count = at.h * at.w;
    u.channel = at.group * p.outputs;
    const int64_t first_part = unit % p.parts;
    const int64_t parts = p.parts - first_part < end - unit ? p.parts - first_part : end - unit;
    u.begin = first_part * p.panels / p.parts;
    u.end = (first_part + parts) * p.panels / p.parts;
    unit += parts;
    u.numbers = reinterpret_cast<int32_t*>(bytes + p.numbers_offset_bytes);
    const int64_t channel = at.group * p.depth;
    u.tile = {bytes + channel, words + channel, pixels, runs, p.rows * p.taps, p.blocks};
    if (in_place) u.tile.bytes = static_cast<const uint8_t*>(a.in[0]) + u.first * g.in_c;
    body(u);
  }
}

#if defined(__AVX2__)

// Units of a plan with one patch: no regions, tiles or offsets.
inline void run_patch(const Int8Plan& p, const IntJob& job, int32_t x_type, const Args& a,
                      int64_t begin, int64_t end) {
  constexpr int64_t kZero = 0;
  auto* bytes = static_cast<uint8_t*>(a.scratch);
  auto* words = reinterpret_cast<int16_t*>(bytes + p.words_offset_bytes);
  copy_bytes(static_cast<const uint8_t*>(a.in[0]), p.run, flip_of(x_type), bytes);
  fill_bytes(bytes + p.run, kBlockSteps, 0);
  if (p.needs_words) widen_bytes(bytes, p.run + kBlockSteps, words);
  const Tile tile = {bytes, words, &kZero, &kZero, 1, p.blocks};
  const void* blob = static_cast<const uint8_t*>(a.in[1]) + kPlanBytes;
  const bool all = p.parts == 1;
  multiply_patch(job, tile, blob, p.outputs, all ? 0 : begin * p.panels / p.parts,
                 all ? p.panels : end * p.panels / p.parts);
}

#endif

// x, packed weights, bias or null, scales as MoteIntMac has them, y.
inline int run_int8(const MoteIntMac& mac, const Int8Plan& p, const Args& a, int64_t begin,
                    int64_t end) {
  const int64_t channels = p.window.out_c;
  const IntJob whole = int_job(mac, a.in[2], a.in[3], a.in[4], channels, a.out[0], channels);
  if constexpr (!kOnlyBytes) {
    if (p.winograd) {
      run_winograd(mac, p, whole, a, begin, end);
      return kOk;
    }
  }
#if defined(__AVX2__)
  if (p.is_patch && p.is_centred && whole.is_plain) {
    run_patch(p, whole, mac.x_type, a, begin, end);
    return kOk;
  }
#endif
  each_int8_unit(
      p, a, mac.x_type, begin, end, [&](int64_t) { return static_cast<uint8_t>(whole.x_zero); },
      [&](const Int8Unit& u) {
        IntJob job = whole;
        if (job.bias) job.bias += u.channel;
        job.scales = scales_from(whole.scales, u.channel);
        if (!p.is_centred) {
          sum_patches(job, u.tile, p.other_centre, p.run, u.count, u.numbers);
          job.row_terms = u.numbers;
        }
        job.y_first = u.first * channels + u.channel;
        multiply_int(job, u.tile, u.count, u.packed, p.outputs, u.begin, u.end);
      });
  return kOk;
}

// x, packed weights, bias or null, scales of the weights, scales and zero points of x by batch, y.
// `image`: output pixels of a batch.
inline int run_int8_hybrid(const MoteHybridMac& mac, const Int8Plan& p, int64_t image,
                           const Args& a, int64_t begin, int64_t end) {
  const int64_t channels = p.window.out_c;
  const auto* x_scale = static_cast<const float*>(a.in[4]);
  const auto* x_zero = static_cast<const int32_t*>(a.in[5]);
  HybridJob whole = {};
  whole.mac = &mac;
  whole.bias = static_cast<const float*>(a.in[2]);
  whole.w_scale = static_cast<const float*>(a.in[3]);
  whole.x_scale = x_scale;
  whole.x_zero = x_zero;
  whole.y = static_cast<float*>(a.out[0]);
  whole.y_pitch = channels;
  if constexpr (!kOnlyBytes) {
    if (p.winograd) {
      run_winograd_hybrid(p, whole, a, begin, end);
      return kOk;
    }
  }
  each_int8_unit(
      p, a, kMoteI8, begin, end,
      [&](int64_t batch) { return static_cast<uint8_t>(x_zero[batch] + 128); },
      [&](const Int8Unit& u) {
        auto* scales = reinterpret_cast<float*>(u.numbers + p.tile_pixels());
        HybridJob job = whole;
        const int64_t batch = u.first / image;
#if defined(__AVX2__)
        job.is_uniform = (u.first + u.count - 1) / image == batch;
#endif
        job.zero_of_all = mote_add_wrap(x_zero[batch], 128);
        job.scale_of_all = x_scale[batch];
        for (int64_t i = 0; i < u.count && !job.is_uniform; ++i) {
          u.numbers[i] = x_zero[(u.first + i) / image];
          scales[i] = x_scale[(u.first + i) / image];
        }
        if (job.bias) job.bias += u.channel;
        job.w_scale += u.channel;
        job.x_scale = scales;
        job.x_zero = u.numbers;
        job.y_first = u.first * channels + u.channel;
        multiply_hybrid(job, u.tile, u.count, u.packed, p.outputs, u.begin, u.end);
      });
  return kOk;
}

}  // namespace mote::kernels::MOTE_ISA

#endif
