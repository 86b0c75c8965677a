#include "kernels/chosen.h"
#include "kernels/fully_connected/int8-inl.h"

namespace mote::kernels {
const ProcessorRows kFullyConnectedInt8Neon = {simd::Isa::neon, chosen<MOTE_ISA::kInt8Rows>};
const ProcessorRows kFullyConnectedHybridNeon = {simd::Isa::neon,
                                                 chosen<MOTE_ISA::kInt8HybridRows>};
}  // namespace mote::kernels
