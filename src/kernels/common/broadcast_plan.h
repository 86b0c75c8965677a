// Builds the collapsed form of a broadcast, once, when the model is prepared.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>

#include "kernels/common/broadcast.h"

namespace mote::kernels {

// `output` is the broadcast of `operands` (right-aligned, extents equal or 1): the caller checked.
// Ranks up to 8, one to three operands.
MoteBroadcast plan_broadcast(std::span<const int64_t> output,
                             std::initializer_list<std::span<const int64_t>> operands);

}  // namespace mote::kernels
