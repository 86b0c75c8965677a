#include "kernels/chosen.h"
#include "kernels/lstm/families.h"

#if defined(__AVX2__)
#include "kernels/lstm/vec-inl.h"
const mote::kernels::ProcessorRows mote::kernels::kLstmFusedAvx2 = {
    simd::Isa::avx2, mote::kernels::chosen<avx2::kRows>};
#else
const mote::kernels::ProcessorRows mote::kernels::kLstmFusedAvx2 = {simd::Isa::avx2, {}};
#endif
