// Units of an Int8Plan.
#pragma once

#if defined(MOTE_HAS_ISA)

#include "kernels/common/int8_conv.h"
#include "kernels/common/int8_multiply.h"
#include "kernels/kernel.h"

namespace mote::kernels::MOTE_ISA {

// The plan that the weights are packed with.
inline const Int8Plan& plan_of(const Args& a) { return *static_cast<const Int8Plan*>(a.in[1]); }

// That, or for a part of the image that they were packed for `own`, made for it.
inline const Int8Plan& plan_for(const Args& a, const Int8Conv& conv, Int8Plan* own) {
  const Int8Plan& packed = plan_of(a);
  if (__builtin_memcmp(&packed.image, &conv.window, sizeof conv.window) == 0) return packed;
  *own = plan_int8(conv);
  own->needs_words = packed.needs_words;
  own->other_centre = packed.other_centre;
  own->is_centred = packed.is_centred;
  own->winograd = packed.winograd;
  return *own;
}

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
void run_winograd(const MoteIntMac& mac, const Int8Plan& p, const IntJob& job, const Args& a,
                  int64_t begin, int64_t end);
void run_winograd_hybrid(const Int8Plan& p, const HybridJob& job, const Args& a, int64_t begin,
                         int64_t end);

}  // namespace mote::kernels::MOTE_ISA

#endif
