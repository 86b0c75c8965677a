// The families of the fully connected layer; fully_connected.h says what each one takes.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kFullyConnectedF32, kFullyConnectedF16, kFullyConnectedInt,
    kFullyConnectedHybrid;

// Rows for one processor.
extern const ProcessorRows kFullyConnectedF32Avx2, kFullyConnectedF16Avx2, kFullyConnectedInt8Avx2,
    kFullyConnectedInt16Avx2, kFullyConnectedHybridAvx2;
extern const ProcessorRows kFullyConnectedInt8Avx512Vnni, kFullyConnectedInt8AvxVnni;
extern const ProcessorRows kFullyConnectedHybridAvx512Vnni, kFullyConnectedHybridAvxVnni;
extern const ProcessorRows kFullyConnectedInt8NeonI8mm, kFullyConnectedInt8NeonDot,
    kFullyConnectedInt8Neon;
extern const ProcessorRows kFullyConnectedHybridNeonI8mm, kFullyConnectedHybridNeonDot,
    kFullyConnectedHybridNeon;

}  // namespace mote::kernels
