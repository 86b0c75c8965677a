#include "kernels/chosen.h"
#include "kernels/conv2d/int8-inl.h"

namespace mote::kernels {
const ProcessorRows kConv2dInt8Avx512Vnni = {simd::Isa::avx512_vnni, chosen<MOTE_ISA::kInt8Rows>};
const ProcessorRows kConv2dHybridAvx512Vnni = {simd::Isa::avx512_vnni,
                                               chosen<MOTE_ISA::kInt8HybridRows>};
}  // namespace mote::kernels
