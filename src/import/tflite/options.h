// Options tables -> attributes, by the field lists of the operators' records.
#pragma once

#include "formats/tflite_reader.h"
#include "graph/op.h"

namespace mote::tflite {

// The attributes of an operator of the file. Fields that are absent, and all fields if there is no
// options table, have the format's defaults.
Attrs read_attrs(const Table& op, const OpDef& def);

}  // namespace mote::tflite
