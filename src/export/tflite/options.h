// Attributes -> options tables, by the field lists of the operators' records.
#pragma once

#include "export/tflite/writer.h"
#include "graph/op.h"

namespace mote::tflite {

// The node's options table; 0 if it needs none. Throws an Error if an attribute that is not at its
// default has no field in the format.
Offset write_options(Writer& writer, const Node& node);

}  // namespace mote::tflite
