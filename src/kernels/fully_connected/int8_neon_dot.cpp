#include "kernels/chosen.h"
#include "kernels/fully_connected/int8-inl.h"

namespace mote::kernels {
const ProcessorRows kFullyConnectedInt8NeonDot = {simd::Isa::neon_dot, chosen<MOTE_ISA::kInt8Rows>};
const ProcessorRows kFullyConnectedHybridNeonDot = {simd::Isa::neon_dot,
                                                    chosen<MOTE_ISA::kInt8HybridRows>};
}  // namespace mote::kernels
