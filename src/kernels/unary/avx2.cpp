#include "kernels/chosen.h"
#include "kernels/unary/families.h"

#if defined(__AVX2__)
#include "kernels/unary/vec-inl.h"
const mote::kernels::ProcessorRows mote::kernels::kUnaryAvx2 = {simd::Isa::avx2,
                                                                mote::kernels::chosen<avx2::kRows>};
#else
const mote::kernels::ProcessorRows mote::kernels::kUnaryAvx2 = {simd::Isa::avx2, {}};
#endif
