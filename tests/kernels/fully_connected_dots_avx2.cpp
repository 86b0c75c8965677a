// The rows of fully_connected for AVX-VNNI, compiled for AVX2: all but VPDPBUSD itself, which
// int8_dots-inl.h emulates.
#undef MOTE_ISA
#define MOTE_ISA emulated_dots
#define MOTE_HAS_DOTS

#include "emulated.h"
#include "kernels/fully_connected/int8-inl.h"

namespace mote::kernels::shapes {
const ProcessorRows kFullyConnectedIntDots = {simd::Isa::avx2, MOTE_ISA::kInt8Rows};
const ProcessorRows kFullyConnectedHybridDots = {simd::Isa::avx2, MOTE_ISA::kInt8HybridRows};
}  // namespace mote::kernels::shapes
