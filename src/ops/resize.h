// resize_bilinear           y = x[batch, height, width, channels] resampled to size [2], weighting
// four neighbours resize_nearest_neighbor   the same from the nearest sample
//   inputs   x; size int32 [2]: height, width
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct ResizeAttrs {
  bool align_corners = false;
  bool half_pixel_centers = false;
};
inline void fields(AttrVisitor& v, ResizeAttrs& a) {
  v("align_corners", a.align_corners);
  v("half_pixel_centers", a.half_pixel_centers);
}

}  // namespace mote::ops
