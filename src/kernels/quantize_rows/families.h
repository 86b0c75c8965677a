// The family that quantizes activations on the fly; quantize_rows.h says what it takes.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kQuantizeRows;
extern const ProcessorRows kQuantizeRowsAvx2;

}  // namespace mote::kernels
