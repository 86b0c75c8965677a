#include "kernels/fully_connected/families.h"
#include "kernels/fully_connected/int8-inl.h"

namespace mote::kernels {

#if defined(__AVX2__)

namespace {

const char* int_declines(const void* params) {
  return MOTE_ISA::declines_int(static_cast<const MoteFullyConnectedInt*>(params)->mac);
}

constexpr Kernel kInt[] = {{.name = "fully_connected_int__avx2_8bit",
                            .run = MOTE_ISA::run_fc_int,
                            .declines = int_declines,
                            .units = MOTE_ISA::fc_units<MoteFullyConnectedInt>,
                            .scratch_bytes = MOTE_ISA::fc_scratch_bytes<MoteFullyConnectedInt>,
                            .pack_input = 1,
                            .packed_bytes = MOTE_ISA::fc_packed_bytes<MoteFullyConnectedInt>,
                            .pack = MOTE_ISA::fc_pack_int}};

constexpr Kernel kHybrid[] = {
    {.name = "fully_connected_hybrid__avx2",
     .run = MOTE_ISA::run_fc_hybrid,
     .units = MOTE_ISA::fc_units<MoteFullyConnectedHybrid>,
     .scratch_bytes = MOTE_ISA::fc_scratch_bytes<MoteFullyConnectedHybrid>,
     .pack_input = 1,
     .packed_bytes = MOTE_ISA::fc_packed_bytes<MoteFullyConnectedHybrid>,
     .pack = MOTE_ISA::fc_pack_hybrid}};

}  // namespace

const ProcessorRows kFullyConnectedInt8Avx2 = {simd::Isa::avx2, kInt};
const ProcessorRows kFullyConnectedHybridAvx2 = {simd::Isa::avx2, kHybrid};

#else

const ProcessorRows kFullyConnectedInt8Avx2 = {simd::Isa::avx2, {}};
const ProcessorRows kFullyConnectedHybridAvx2 = {simd::Isa::avx2, {}};

#endif

}  // namespace mote::kernels
