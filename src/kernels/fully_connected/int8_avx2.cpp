#include "kernels/chosen.h"
#include "kernels/fully_connected/int8-inl.h"

namespace mote::kernels {
const ProcessorRows kFullyConnectedInt8Avx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kInt8Rows>};
const ProcessorRows kFullyConnectedHybridAvx2 = {simd::Isa::avx2,
                                                 chosen<MOTE_ISA::kInt8HybridRows>};
}  // namespace mote::kernels
