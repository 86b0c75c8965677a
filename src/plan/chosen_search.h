// Whether plans are searched for (Options::search). cmake/operators_of.cpp writes the file that takes
// this one's place in a library for chosen models whose arenas are as small without.
#pragma once

namespace mote::plan {

inline constexpr bool kCanSearch = true;

}  // namespace mote::plan
