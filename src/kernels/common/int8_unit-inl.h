// Units of an Int8Plan.
#pragma once

#if defined(MOTE_HAS_ISA)

#include "kernels/common/int8_conv.h"
#include "kernels/common/int8_multiply.h"
#include "kernels/kernel.h"

namespace mote::kernels::MOTE_ISA {

inline const Int8Plan& plan_of(const Args& a) { return *static_cast<const Int8Plan*>(a.in[1]); }

// Where unit number `unit` lies.
struct Int8Place {
  int64_t group, batch, y, x, h, w;

  Int8Place(const Int8Plan& p, int64_t unit) {
    unit /= p.parts;
    group = unit % p.groups, unit /= p.groups;
    x = unit % p.tiles_x * p.tile_w, unit /= p.tiles_x;
    y = unit % p.tiles_y * p.tile_h;
    batch = unit / p.tiles_y;
    w = p.window.out_w - x < p.tile_w ? p.window.out_w - x : p.tile_w;
    h = p.window.out_h - y < p.tile_h ? p.window.out_h - y : p.tile_h;
  }
};

// Units [begin, end) of a convolution that is packed for it; int8_winograd-inl.h. `job` is that of
// all channels.
void run_winograd(const MoteIntMac& mac, const IntJob& job, const Args& a, int64_t begin,
                  int64_t end);
void run_winograd_hybrid(const HybridJob& job, const Args& a, int64_t begin, int64_t end);

}  // namespace mote::kernels::MOTE_ISA

#endif
