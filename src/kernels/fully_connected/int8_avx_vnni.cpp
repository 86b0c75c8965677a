#include "kernels/chosen.h"
#include "kernels/fully_connected/int8-inl.h"

namespace mote::kernels {
const ProcessorRows kFullyConnectedInt8AvxVnni = {simd::Isa::avx_vnni, chosen<MOTE_ISA::kInt8Rows>};
const ProcessorRows kFullyConnectedHybridAvxVnni = {simd::Isa::avx_vnni,
                                                    chosen<MOTE_ISA::kInt8HybridRows>};
}  // namespace mote::kernels
