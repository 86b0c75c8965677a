// Makes the rows that int8_gemm-inl.h reads: activations as bytes q + 128 (or q), gathered under a
// convolution's windows, and their 16-bit form.
#pragma once

#if defined(__AVX2__)

#include <immintrin.h>

#include <cstdint>

#include "kernels/common/mac.h"

namespace mote::kernels::MOTE_ISA {

// What makes bytes of activations unsigned.
inline uint64_t flip_of(int32_t type) { return type == kMoteU8 ? 0 : 0x8080808080808080u; }

// Pieces that overlap copy what is left of a run: `kBytes` at its start and its end.
template <int kBytes>
inline void copy_ends(const uint8_t* from, int64_t n, uint64_t flip, uint8_t* to) {
  const auto piece = [&](int64_t at) {
    if constexpr (kBytes == 16) {
      const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + at),
                       _mm_xor_si128(v, _mm_set1_epi64x(static_cast<int64_t>(flip))));
    } else {
      uint64_t v = 0;
      __builtin_memcpy(&v, from + at, kBytes);
      v ^= flip;
      __builtin_memcpy(to + at, &v, kBytes);
    }
  };
  piece(0);
  piece(n - kBytes);
}

// Copies n >= 0 bytes, each xor'd with `flip`'s.
inline void copy_bytes(const uint8_t* from, int64_t n, uint64_t flip, uint8_t* to) {
  if (n >= 32) {
    const __m256i mask = _mm256_set1_epi64x(static_cast<int64_t>(flip));
    const auto piece = [&](int64_t at) {
      const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + at));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + at), _mm256_xor_si256(v, mask));
    };
    int64_t i = 0;
    for (; i + 32 <= n; i += 32) piece(i);
    if (i < n) piece(n - 32);
  } else if (n >= 16) {
    copy_ends<16>(from, n, flip, to);
  } else if (n >= 8) {
    copy_ends<8>(from, n, flip, to);
  } else if (n >= 4) {
    copy_ends<4>(from, n, flip, to);
  } else {
    for (int64_t i = 0; i < n; ++i) to[i] = static_cast<uint8_t>(from[i] ^ (flip & 0xff));
  }
}

inline void fill_bytes(uint8_t* to, int64_t n, uint8_t value) {
  for (int64_t i = 0; i < n; ++i) to[i] = value;
}

// Bytes as 16-bit words, up to a multiple of 16: both buffers have room for that.
inline void widen_bytes(const uint8_t* from, int64_t n, int16_t* to) {
  for (int64_t i = 0; i < n; i += 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), _mm256_cvtepu8_epi16(v));
  }
}

// What the patches of a convolution's group have in common.
struct PatchJob {
  const MoteWindow* window;
  const uint8_t* x;
  int64_t channel, depth;  // of the group
  uint64_t flip;           // 0x80 in every byte for int8
  int64_t pitch;           // from patch to patch
};

// One output pixel's patch. `image` is its batch's; `pad` the byte that is real zero.
inline void gather_patch(const PatchJob& job, const uint8_t* image, int64_t y0, int64_t x0,
                         uint8_t pad, uint8_t* out) {
  const MoteWindow& g = *job.window;
  const int64_t line_bytes = int64_t{g.in_w} * g.in_c;
  // A row of the window is one run if its taps are neighbours and take every channel.
  const bool one_run = (g.dilation_w == 1 || g.filter_w == 1) && job.depth == g.in_c;
  const int64_t taps = one_run ? 1 : g.filter_w;
  const int64_t run = one_run ? g.filter_w : 1;
  const int64_t run_bytes = run * job.depth;
  for (int64_t fy = 0; fy < g.filter_h; ++fy) {
    const int64_t iy = y0 + fy * g.dilation_h;
    if (iy < 0 || iy >= g.in_h) {
      fill_bytes(out, taps * run_bytes, pad);
      out += taps * run_bytes;
      continue;
    }
    const uint8_t* line = image + iy * line_bytes + job.channel;
    for (int64_t tap = 0; tap < taps; ++tap, out += run_bytes) {
      const int64_t ix = x0 + tap * g.dilation_w;
      if (ix >= 0 && ix + run <= g.in_w) {
        copy_bytes(line + ix * g.in_c, run_bytes, job.flip, out);
        continue;
      }
      const int64_t before = ix >= 0 ? 0 : -ix < run ? -ix : run;
      const int64_t end = g.in_w - ix < before ? before : g.in_w - ix < run ? g.in_w - ix : run;
      fill_bytes(out, before * job.depth, pad);
      copy_bytes(line + (ix + before) * g.in_c, (end - before) * job.depth, job.flip,
                 out + before * job.depth);
      fill_bytes(out + end * job.depth, (run - end) * job.depth, pad);
    }
  }
}

// Patches of output pixels [first, first + count) of all batches. `pad_of(batch)` is the byte that
// is real zero.
template <class Pad>
inline void gather_rows(const PatchJob& job, int64_t first, int64_t count, const Pad& pad_of,
                        uint8_t* out) {
  const MoteWindow& g = *job.window;
  const int64_t image_bytes = int64_t{g.in_h} * g.in_w * g.in_c;
  const int64_t image_pixels = int64_t{g.out_h} * g.out_w;
  int64_t batch = first / image_pixels;
  int64_t oy = first % image_pixels / g.out_w;
  int64_t ox = first % g.out_w;
  const int64_t patch = int64_t{g.filter_h} * g.filter_w * job.depth;
  for (int64_t i = 0; i < count; ++i, out += job.pitch) {
    fill_bytes(out + patch, job.pitch - patch, 0);
    gather_patch(job, job.x + batch * image_bytes, oy * g.stride_h - g.pad_top,
                 ox * g.stride_w - g.pad_left, pad_of(batch), out);
    if (++ox < g.out_w) continue;
    ox = 0;
    if (++oy < g.out_h) continue;
    oy = 0;
    ++batch;
  }
}

}  // namespace mote::kernels::MOTE_ISA

#endif
