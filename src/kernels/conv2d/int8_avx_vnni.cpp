#include "kernels/chosen.h"
#include "kernels/conv2d/int8-inl.h"

namespace mote::kernels {
const ProcessorRows kConv2dInt8AvxVnni = {simd::Isa::avx_vnni, chosen<MOTE_ISA::kInt8Rows>};
const ProcessorRows kConv2dHybridAvxVnni = {simd::Isa::avx_vnni, chosen<MOTE_ISA::kInt8HybridRows>};
}  // namespace mote::kernels
