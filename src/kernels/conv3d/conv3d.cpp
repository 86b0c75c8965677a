#include "kernels/conv3d/conv3d.h"

#include "kernels/chosen.h"
#include "kernels/common/rows-inl.h"
#include "kernels/conv3d/families.h"
#include "kernels/conv3d/generic-inl.h"

namespace mote::kernels {
namespace {

int64_t lines(const void* params) {
  const auto& p = as<MoteConv3d>(params);
  return int64_t{p.batches} * p.out[0] * p.out[1];
}

int64_t tiles(const void* params) {
  const auto& p = as<MoteConv3d>(params);
  return tiles_of(conv3d_voxels(p));
}

size_t patch_bytes(const void* params) {
  const int64_t patch = conv3d_patch(as<MoteConv3d>(params));
  return static_cast<size_t>(kTilePixels * patch) * sizeof(float);
}

size_t sum_bytes(const void* params) {
  const auto& p = as<MoteConv3d>(params);
  return static_cast<size_t>(int64_t{p.out[2]} * p.out_c) * sizeof(float);
}

size_t packed_bytes(const void* params) {
  const auto& p = as<MoteConv3d>(params);
  return panel_bytes(p.out_c, conv3d_patch(p));
}

void pack(const void* params, const void* weights, void* packed) {
  const auto& p = as<MoteConv3d>(params);
  pack_panels(static_cast<const float*>(weights), p.out_c, conv3d_patch(p), 1, p.out_c,
              static_cast<float*>(packed));
}

size_t packed_taps_bytes(const void* params) {
  const auto& p = as<MoteConv3d>(params);
  return static_cast<size_t>(conv3d_taps(p)) * panel_bytes(p.out_c, p.in_c);
}

void pack_taps(const void* params, const void* weights, void* packed) {
  const auto& p = as<MoteConv3d>(params);
  for (int64_t tap = 0; tap < conv3d_taps(p); ++tap) {
    pack_panels(static_cast<const float*>(weights) + tap * p.out_c * p.in_c, p.out_c, p.in_c,
                p.in_c, 1,
                static_cast<float*>(packed) + tap * panels_of(p.out_c) * kPanel * p.in_c);
  }
}

int run(const Args& a, int64_t begin, int64_t end) {
  conv3d_f32_generic(as<MoteConv3d>(a.params), in<float>(a, 0), in<float>(a, 1), in<float>(a, 2),
                     out<float>(a), static_cast<float*>(a.scratch), begin, end);
  return kOk;
}

int run_ref(const Args& a, int64_t begin, int64_t end) {
  mote_conv3d_f32_ref(&as<MoteConv3d>(a.params), in<float>(a, 0), in<float>(a, 1), in<float>(a, 2),
                      out<float>(a), begin, end);
  return kOk;
}

int run_transpose(const Args& a, int64_t begin, int64_t end) {
  conv3d_transpose_f32_generic(as<MoteConv3d>(a.params), in<float>(a, 0), in<float>(a, 1),
                               in<float>(a, 2), out<float>(a), static_cast<float*>(a.scratch),
                               begin, end);
  return kOk;
}

int run_transpose_ref(const Args& a, int64_t begin, int64_t end) {
  mote_conv3d_transpose_f32_ref(&as<MoteConv3d>(a.params), in<float>(a, 0), in<float>(a, 1),
                                in<float>(a, 2), out<float>(a), begin, end);
  return kOk;
}

constexpr Kernel kRows[] = {
    {.name = "conv3d_f32__generic",
     .run = run,
     .units = tiles,
     .scratch_bytes = patch_bytes,
     .pack_input = 1,
     .packed_bytes = packed_bytes,
     .pack = pack},
    {.name = "conv3d_f32__ref", .run = run_ref, .units = lines},
};

constexpr Kernel kTransposeRows[] = {
    {.name = "conv3d_transpose_f32__generic",
     .run = run_transpose,
     .units = lines,
     .scratch_bytes = sum_bytes,
     .pack_input = 1,
     .packed_bytes = packed_taps_bytes,
     .pack = pack_taps},
    {.name = "conv3d_transpose_f32__ref", .run = run_transpose_ref, .units = lines},
};

}  // namespace

const Family kConv3dF32 = {"conv3d_f32", chosen<kRows>, {&kConv3dF32Avx2}};
const Family kConv3dTransposeF32 = {"conv3d_transpose_f32", chosen<kTransposeRows>};

}  // namespace mote::kernels
