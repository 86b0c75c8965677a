#include "kernels/chosen.h"
#include "kernels/fully_connected/int8-inl.h"

namespace mote::kernels {
const ProcessorRows kFullyConnectedInt8NeonI8mm = {simd::Isa::neon_i8mm,
                                                   chosen<MOTE_ISA::kInt8Rows>};
const ProcessorRows kFullyConnectedHybridNeonI8mm = {simd::Isa::neon_i8mm,
                                                     chosen<MOTE_ISA::kInt8HybridRows>};
}  // namespace mote::kernels
