// The families of the GRU kernels; gru.h says what they take.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kGruF32, kGruHybrid;

extern const ProcessorRows kGruAvx2, kGruHybridAvx2;

}  // namespace mote::kernels
