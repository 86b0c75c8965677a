// Units of a convolution by Winograd, whichever of the two it is packed for.
#pragma once

#if defined(__AVX2__)

#include "kernels/common/int8_winograd2-inl.h"
#include "kernels/common/int8_winograd4-inl.h"

namespace mote::kernels::MOTE_ISA {

// One panel of a unit whose V is made.
template <int kRegs, class Out>
inline void multiply_winograd_panel(const WinogradJob& job, const WinogradUnit& unit,
                                    const uint8_t* panel, const Out& out) {
  if (job.plan->winograd == 4) {
    multiply_winograd4_panel<kRegs>(job, unit, reinterpret_cast<const int8_t*>(panel), out);
  } else {
    multiply_winograd2_panel<kRegs>(job, unit, reinterpret_cast<const int16_t*>(panel), out);
  }
}

template <class Outputs>
inline void multiply_winograd(const WinogradJob& job, const WinogradUnit& unit,
                              const Outputs& outputs, const uint8_t* blob, int64_t begin,
                              int64_t end) {
  const auto* infos = reinterpret_cast<const PanelInfo*>(blob);
  const int64_t n = job.plan->outputs;
  for (int64_t p = begin; p < end; ++p) {
    const uint8_t* panel = blob + infos[p].offset_bytes;
    const int64_t channel = p * kPanelChannels;
    const int64_t channels = n - channel < kPanelChannels ? n - channel : kPanelChannels;
    if (int8_panel_width(n, p) == kPanelChannels) {
      multiply_winograd_panel<2>(job, unit, panel,
                                 outputs.template make<2>(infos[p], channel, channels));
    } else {
      multiply_winograd_panel<1>(job, unit, panel,
                                 outputs.template make<1>(infos[p], channel, channels));
    }
  }
}

// What the units share, with its parts of the scratch.
inline WinogradJob winograd_job(const Int8Plan& p, bool is_signed, const Args& a) {
  const int64_t depth = p.window.in_c;
  auto* scratch = static_cast<uint8_t*>(a.scratch);
  WinogradJob job = {};
  job.plan = &p;
  job.x = static_cast<const uint8_t*>(a.in[0]);
  job.is_signed = is_signed;
  job.tiles = p.winograd_tiles();
  job.v = reinterpret_cast<int16_t*>(scratch);
  if (p.winograd == 4) {
    const Winograd4Sizes sizes = winograd4_sizes(p);
    job.chunk = sizes.chunk, job.m_tiles = sizes.m_tiles;
    job.v_plane = sizes.v_plane, job.m_plane = sizes.m_plane, job.u_plane = sizes.u_plane;
    job.m = reinterpret_cast<int32_t*>(job.v + 36 * job.v_plane);
    job.u = reinterpret_cast<int16_t*>(job.m + 36 * job.m_plane);
    job.pad = reinterpret_cast<uint8_t*>(job.u + 36 * job.u_plane);
  } else {
    job.m = reinterpret_cast<int32_t*>(scratch + job.tiles * 16 * depth * 2);
    job.pad = scratch + job.tiles * 16 * (depth * 2 + 64);
  }
  return job;
}

// V of a unit.
template <bool kSigned>
inline void transform_unit(const WinogradJob& job, const WinogradUnit& unit, const Int8Place& at) {
  const MoteWindow& g = job.plan->window;
  const int64_t side = job.plan->winograd;
  const uint8_t* image = job.x + at.batch * g.in_h * g.in_w * g.in_c;
  for (int64_t row = 0; side * row < at.h; ++row) {
    const int64_t iy = at.y + side * row - g.pad_top, ix = at.x - g.pad_left;
    const int64_t first = row * unit.tiles_x;
    if (side == 4) {
      transform_tiles6<kSigned>(job, image, iy, ix, first, unit.tiles_x);
    } else {
      transform_tiles<kSigned>(job, image, iy, ix, first, unit.tiles_x);
    }
  }
}

// Calls body(unit, batch, first panel, last panel) for the units of [begin, end), neighbouring
// parts of a tile's panels at once. `zero_of(batch)` is x's real zero.
template <class Zero, class Body>
inline void each_winograd_unit(const WinogradJob& job, const Zero& zero_of, int64_t begin,
                               int64_t end, const Body& body) {
  const Int8Plan& p = *job.plan;
  const int64_t side = p.winograd;
  int64_t held = -1;  // the tile of pixels whose V is in scratch
  int64_t batch = -1;
  for (int64_t unit = begin; unit < end;) {
    const Int8Place at(p, unit);
    const int64_t tile = unit / p.parts;
    if (batch != at.batch) {
      batch = at.batch;
      fill_bytes(job.pad, p.window.in_c, static_cast<uint8_t>(zero_of(batch)));
    }
    WinogradUnit u = {};
    u.tiles_x = (at.w + side - 1) / side;
    u.tiles = u.tiles_x * ((at.h + side - 1) / side);
    u.first = (at.batch * p.window.out_h + at.y) * p.window.out_w + at.x;
    u.w = at.w;
    u.h = at.h;
    if (held != tile) {
      held = tile;
      job.is_signed ? transform_unit<true>(job, u, at) : transform_unit<false>(job, u, at);
    }
    const int64_t part = unit % p.parts;
    const int64_t parts = p.parts - part < end - unit ? p.parts - part : end - unit;
    body(u, batch, part * p.panels / p.parts, (part + parts) * p.panels / p.parts);
    unit += parts;
  }
}

void run_winograd(const MoteIntMac& mac, const Int8Plan& p, const IntJob& job_of_bytes,
                  const Args& a, int64_t begin, int64_t end) {
  IntJob int_job = job_of_bytes;
  int_job.x_zero = mac.x_zero;  // V is made of the numbers as they are
  const WinogradJob job = winograd_job(p, mac.x_type == kMoteI8, a);
  const auto* blob = static_cast<const uint8_t*>(a.in[1]) + kPlanBytes;
  each_winograd_unit(
      job, [&](int64_t) { return mac.x_zero; }, begin, end,
      [&](const WinogradUnit& u, int64_t, int64_t first, int64_t last) {
        if (int_job.is_plain) {
          multiply_winograd(job, u, ByteOutputs{int_job}, blob, first, last);
        } else {
          multiply_winograd(job, u, AnyOutputs{int_job}, blob, first, last);
        }
      });
}

void run_winograd_hybrid(const Int8Plan& p, const HybridJob& job_of_bytes, const Args& a,
                         int64_t begin, int64_t end) {
  const WinogradJob job = winograd_job(p, true, a);
  const auto* blob = static_cast<const uint8_t*>(a.in[1]) + kPlanBytes;
  each_winograd_unit(
      job, [&](int64_t batch) { return job_of_bytes.x_zero[batch]; }, begin, end,
      [&](const WinogradUnit& u, int64_t batch, int64_t first, int64_t last) {
        HybridJob of_batch = job_of_bytes;
        of_batch.is_uniform = true;
        of_batch.zero_of_all = job_of_bytes.x_zero[batch];
        of_batch.scale_of_all = job_of_bytes.x_scale[batch];
        multiply_winograd(job, u, HybridOutputs{of_batch}, blob, first, last);
      });
}

}  // namespace mote::kernels::MOTE_ISA

#endif
