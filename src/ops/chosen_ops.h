// All operators. cmake/operators_of.cpp writes the file that takes this one's place in a library for
// chosen models.
#pragma once

namespace mote {

inline constexpr bool kAllOps = true;

}  // namespace mote
