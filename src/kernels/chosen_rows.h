// All rows. cmake/operators_of.cpp writes the file that takes this one's place in a library for
// chosen models.
#pragma once

#include <string_view>

namespace mote::kernels {

inline constexpr bool kAllRows = true;
inline constexpr std::string_view kChosenRows[] = {""};

}  // namespace mote::kernels
