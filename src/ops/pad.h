// pad          y = x with paddings[d][0] elements before and paddings[d][1] after it along axis d;
// they are real 0 padv2        the same with the value of a scalar input mirror_pad   the same with
// x mirrored at its edges: reflect (without the edge) or symmetric (with it)
//   inputs   x; paddings int32|int64 [rank,2]; padv2: value [1]
#pragma once

#include <span>

#include "graph/attrs.h"

namespace mote::ops {

enum class MirrorPadMode : int8_t { reflect, symmetric };
std::span<const char* const> names_of(MirrorPadMode);

struct MirrorPadAttrs {
  MirrorPadMode mode = MirrorPadMode::reflect;
};
inline void fields(AttrVisitor& v, MirrorPadAttrs& a) { v("mode", a.mode); }

}  // namespace mote::ops
