// The rows of conv2d for AVX-VNNI, compiled for AVX2: all but VPDPBUSD itself, which
// int8_dots-inl.h emulates.
#undef MOTE_ISA
#define MOTE_ISA emulated_dots
#define MOTE_HAS_DOTS

#include "emulated.h"
#include "kernels/conv2d/int8-inl.h"

namespace mote::kernels::shapes {
const ProcessorRows kConv2dIntDots = {simd::Isa::avx2, MOTE_ISA::kInt8Rows};
const ProcessorRows kConv2dHybridDots = {simd::Isa::avx2, MOTE_ISA::kInt8HybridRows};
}  // namespace mote::kernels::shapes
