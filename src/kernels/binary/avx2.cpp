#include "kernels/binary/families.h"
#include "kernels/chosen.h"

#if defined(__AVX2__)
#include "kernels/binary/vec-inl.h"
const mote::kernels::ProcessorRows mote::kernels::kBinaryAvx2 = {
    simd::Isa::avx2, mote::kernels::chosen<avx2::kRows>};
#else
const mote::kernels::ProcessorRows mote::kernels::kBinaryAvx2 = {simd::Isa::avx2, {}};
#endif
