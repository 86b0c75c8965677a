#include "kernels/chosen.h"
#include "kernels/conv2d/int8-inl.h"

namespace mote::kernels {
const ProcessorRows kConv2dInt8NeonI8mm = {simd::Isa::neon_i8mm, chosen<MOTE_ISA::kInt8Rows>};
const ProcessorRows kConv2dHybridNeonI8mm = {simd::Isa::neon_i8mm,
                                             chosen<MOTE_ISA::kInt8HybridRows>};
}  // namespace mote::kernels
