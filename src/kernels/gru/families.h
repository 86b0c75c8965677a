// The family of the GRU kernels; gru.h says what it takes.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kGruF32;

extern const ProcessorRows kGruAvx2;

}  // namespace mote::kernels
