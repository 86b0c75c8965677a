// Loops that are recurrent layers.
#pragma once

#include "ops/lower.h"

namespace mote::ops {

// Where the body of a `while` is one step of a GRU over a projected sequence, as the importer
// writes it and TFLite holds it, lowers the loop to one step of the GRU kernel. False if it is
// another loop.
bool lower_while_as_gru(LowerContext& c);

}  // namespace mote::ops
