// Faster bodies of conv3d and its transpose for any processor; the same ways as in two dimensions.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/common/gemm-inl.h"
#include "kernels/common/patches-inl.h"
#include "kernels/conv3d/ref.h"

namespace mote::kernels {

inline int64_t conv3d_taps(const MoteConv3d& p) {
  return int64_t{p.filter[0]} * p.filter[1] * p.filter[2];
}
inline int64_t conv3d_patch(const MoteConv3d& p) { return conv3d_taps(p) * p.in_c; }
inline int64_t conv3d_voxels(const MoteConv3d& p) {
  return int64_t{p.batches} * p.out[0] * p.out[1] * p.out[2];
}

// The input under each tap of output voxel `voxel`: [taps, in_c], zero outside.
inline void conv3d_gather(const MoteConv3d& p, const float* x, int64_t voxel, float* patch) {
  const auto ox = static_cast<int32_t>(voxel % p.out[2]);
  const auto oy = static_cast<int32_t>(voxel / p.out[2] % p.out[1]);
  const auto od = static_cast<int32_t>(voxel / p.out[2] / p.out[1] % p.out[0]);
  const int64_t batch = voxel / p.out[2] / p.out[1] / p.out[0];
  for (int32_t fd = 0; fd < p.filter[0]; ++fd) {
    const int64_t id = mote_conv3d_source(&p, 0, od, fd);
    for (int32_t fy = 0; fy < p.filter[1]; ++fy) {
      const int64_t iy = mote_conv3d_source(&p, 1, oy, fy);
      for (int32_t fx = 0; fx < p.filter[2]; ++fx) {
        const int64_t ix = mote_conv3d_source(&p, 2, ox, fx);
        if (id < 0 || iy < 0 || ix < 0) {
          patch = std::fill_n(patch, p.in_c, 0.0f);
          continue;
        }
        const int64_t at = ((batch * p.in[0] + id) * p.in[1] + iy) * p.in[2] + ix;
        patch = std::copy_n(x + at * p.in_c, p.in_c, patch);
      }
    }
  }
}

// patches: [kTilePixels, patch].
inline void conv3d_f32_generic(const MoteConv3d& p, const float* x, const float* packed,
                               const float* bias, float* y, float* patches, int64_t begin,
                               int64_t end) {
  const int64_t patch = conv3d_patch(p);
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t first = unit * kTilePixels;
    const int64_t count = std::min(kTilePixels, conv3d_voxels(p) - first);
    for (int64_t i = 0; i < count; ++i) conv3d_gather(p, x, first + i, patches + i * patch);
    gemm_f32(patches, count, patch, patch, 1, packed, p.out_c,
             [&](int64_t m, int64_t n, int64_t columns, const float* sums) {
               float* to = y + (first + m) * p.out_c + n;
               for (int64_t j = 0; j < columns; ++j) {
                 to[j] =
                     mote_clamp_f32(sums[j] + (bias ? bias[n + j] : 0.0f), p.act_min, p.act_max);
               }
             });
  }
}

// packed: one set of panels a tap. sums: [out_w, out_c].
inline void conv3d_transpose_f32_generic(const MoteConv3d& p, const float* x, const float* packed,
                                         const float* bias, float* y, float* sums, int64_t begin,
                                         int64_t end) {
  const int64_t width = int64_t{p.out[2]} * p.out_c;
  for (int64_t line = begin; line < end; ++line) {
    const auto oy = static_cast<int32_t>(line % p.out[1]);
    const auto od = static_cast<int32_t>(line / p.out[1] % p.out[0]);
    const int64_t batch = line / p.out[1] / p.out[0];
    std::fill_n(sums, width, 0.0f);
    for (int64_t tap = 0; tap < conv3d_taps(p); ++tap) {
      const int64_t fx = tap % p.filter[2];
      const auto fy = static_cast<int32_t>(tap / p.filter[2] % p.filter[1]);
      const auto fd = static_cast<int32_t>(tap / p.filter[2] / p.filter[1]);
      const int64_t iy = mote_conv3d_transpose_source(&p, 1, oy, fy);
      const int64_t id = mote_conv3d_transpose_source(&p, 0, od, fd);
      if (iy < 0 || id < 0) continue;
      const float* from = x + ((batch * p.in[0] + id) * p.in[1] + iy) * p.in[2] * p.in_c;
      gemm_f32(from, p.in[2], p.in_c, p.in_c, 1,
               packed + tap * panels_of(p.out_c) * kPanel * p.in_c, p.out_c,
               [&](int64_t ix, int64_t n, int64_t columns, const float* part) {
                 const int64_t ox = ix * p.stride[2] - p.pad[2] + fx * p.dilation[2];
                 if (ox < 0 || ox >= p.out[2]) return;
                 for (int64_t j = 0; j < columns; ++j) sums[ox * p.out_c + n + j] += part[j];
               });
    }
    for (int64_t i = 0; i < width; ++i) {
      y[line * width + i] =
          mote_clamp_f32(sums[i] + (bias ? bias[i % p.out_c] : 0.0f), p.act_min, p.act_max);
    }
  }
}

}  // namespace mote::kernels
