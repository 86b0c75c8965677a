#include "kernels/chosen.h"
#include "kernels/softmax/families.h"

#if defined(__AVX2__)
#include "kernels/softmax/vec-inl.h"
const mote::kernels::ProcessorRows mote::kernels::kSoftmaxAvx2 = {
    simd::Isa::avx2, mote::kernels::chosen<avx2::kRows>};
#else
const mote::kernels::ProcessorRows mote::kernels::kSoftmaxAvx2 = {simd::Isa::avx2, {}};
#endif
