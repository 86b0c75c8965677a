#include "kernels/conv2d/families.h"
#include "kernels/conv2d/int8-inl.h"

namespace mote::kernels {

#if defined(__AVX2__)

namespace {

const char* int_declines(const void* params) {
  return MOTE_ISA::declines_int(static_cast<const MoteConv2dInt*>(params)->mac);
}

constexpr Kernel kInt[] = {{.name = "conv2d_int__avx2_8bit",
                            .run = MOTE_ISA::run_conv_int,
                            .declines = int_declines,
                            .units = MOTE_ISA::conv_units<MoteConv2dInt>,
                            .scratch_bytes = MOTE_ISA::conv_scratch_bytes<MoteConv2dInt>,
                            .pack_input = 1,
                            .packed_bytes = MOTE_ISA::conv_packed_bytes<MoteConv2dInt>,
                            .pack = MOTE_ISA::conv_pack_int}};

constexpr Kernel kHybrid[] = {{.name = "conv2d_hybrid__avx2",
                               .run = MOTE_ISA::run_conv_hybrid,
                               .units = MOTE_ISA::conv_units<MoteConv2dHybrid>,
                               .scratch_bytes = MOTE_ISA::conv_scratch_bytes<MoteConv2dHybrid>,
                               .pack_input = 1,
                               .packed_bytes = MOTE_ISA::conv_packed_bytes<MoteConv2dHybrid>,
                               .pack = MOTE_ISA::conv_pack_hybrid}};

}  // namespace

const ProcessorRows kConv2dInt8Avx2 = {simd::Isa::avx2, kInt};
const ProcessorRows kConv2dHybridAvx2 = {simd::Isa::avx2, kHybrid};

#else

const ProcessorRows kConv2dInt8Avx2 = {simd::Isa::avx2, {}};
const ProcessorRows kConv2dHybridAvx2 = {simd::Isa::avx2, {}};

#endif

}  // namespace mote::kernels
