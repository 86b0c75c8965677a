// The kernels of arg_max, arg_min, cumsum, topk_v2 and where.
#pragma once

#include <span>

#include "kernels/arg/arg.h"
#include "kernels/common/families.h"

namespace mote::kernels {

// One a line of arg.inc, named as it is: "arg_max_f32_i64", "cumsum_i32".
std::span<const Family> arg_families();

}  // namespace mote::kernels
