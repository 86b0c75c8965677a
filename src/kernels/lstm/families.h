// The families of the LSTM kernels; lstm.h says what each one takes.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kLstmF32, kLstmHybrid, kLstmI8;
extern const Family kLstmFusedF32;     // fused.h
extern const Family kLstmFusedI8;      // fused_i8_ref.h
extern const Family kLstmFusedHybrid;  // fused_hybrid_ref.h

extern const ProcessorRows kLstmFusedAvx2, kLstmFusedI8Avx2, kLstmFusedHybridAvx2;

}  // namespace mote::kernels
