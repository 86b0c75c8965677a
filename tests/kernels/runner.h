// Runs every usable row of a case as the runtime would, and compares with the reference.
#pragma once

#include <map>
#include <string>

#include "case.h"

namespace mote::kernels::shapes {

// How many shapes each row took, by its name.
using Coverage = std::map<std::string, int64_t>;

// Empty if every row agrees, else what went wrong with the first that does not.
std::string check(Case& c, Random& r, Coverage& taken);

}  // namespace mote::kernels::shapes
