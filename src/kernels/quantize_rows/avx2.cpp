#include "kernels/chosen.h"
#include "kernels/quantize_rows/families.h"

#if defined(__AVX2__)
#include "kernels/quantize_rows/vec-inl.h"
const mote::kernels::ProcessorRows mote::kernels::kQuantizeRowsAvx2 = {
    simd::Isa::avx2, mote::kernels::chosen<avx2::kRows>};
#else
const mote::kernels::ProcessorRows mote::kernels::kQuantizeRowsAvx2 = {simd::Isa::avx2, {}};
#endif
