#include "kernels/chosen.h"
#include "kernels/gru/families.h"

#if defined(__AVX2__)
#include "kernels/gru/vec-inl.h"
const mote::kernels::ProcessorRows mote::kernels::kGruAvx2 = {simd::Isa::avx2,
                                                              mote::kernels::chosen<avx2::kRows>};
#else
const mote::kernels::ProcessorRows mote::kernels::kGruAvx2 = {simd::Isa::avx2, {}};
#endif
