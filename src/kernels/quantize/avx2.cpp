#include "kernels/chosen.h"
#include "kernels/quantize/families.h"

#if defined(__AVX2__)
#include "kernels/quantize/vec-inl.h"
const mote::kernels::ProcessorRows mote::kernels::kQuantizeAvx2 = {
    simd::Isa::avx2, mote::kernels::chosen<avx2::kRows>};
#else
const mote::kernels::ProcessorRows mote::kernels::kQuantizeAvx2 = {simd::Isa::avx2, {}};
#endif
