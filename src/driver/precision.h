// In which numbers a node computes, for reports.
#pragma once

#include <string>

#include "graph/op.h"

namespace mote::driver {

// "float32", "int8", "int16x8", "dynamic int8", "dynamic int4", "float16 weights", or another
// element type's name.
std::string precision_of(const NodeView& node);

}  // namespace mote::driver
