// The kernels of select.
#pragma once

#include <span>

#include "kernels/common/families.h"
#include "kernels/select/select.h"

namespace mote::kernels {

// "select_8", "select_16", "select_32", "select_64".
std::span<const Family> select_families();

}  // namespace mote::kernels
