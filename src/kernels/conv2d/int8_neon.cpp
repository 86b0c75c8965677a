#include "kernels/chosen.h"
#include "kernels/conv2d/int8-inl.h"

namespace mote::kernels {
const ProcessorRows kConv2dInt8Neon = {simd::Isa::neon, chosen<MOTE_ISA::kInt8Rows>};
const ProcessorRows kConv2dHybridNeon = {simd::Isa::neon, chosen<MOTE_ISA::kInt8HybridRows>};
}  // namespace mote::kernels
