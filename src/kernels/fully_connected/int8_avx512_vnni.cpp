#include "kernels/chosen.h"
#include "kernels/fully_connected/int8-inl.h"

namespace mote::kernels {
const ProcessorRows kFullyConnectedInt8Avx512Vnni = {simd::Isa::avx512_vnni,
                                                     chosen<MOTE_ISA::kInt8Rows>};
const ProcessorRows kFullyConnectedHybridAvx512Vnni = {simd::Isa::avx512_vnni,
                                                       chosen<MOTE_ISA::kInt8HybridRows>};
}  // namespace mote::kernels
