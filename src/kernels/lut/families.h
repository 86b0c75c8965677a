// The table operators' kernels.
#pragma once

#include <span>

#include "kernels/common/families.h"
#include "kernels/common/quantization.h"
#include "kernels/lut/lut.h"

namespace mote::kernels {

// "lut_8", "lut_16", "logistic_qi16", "tanh_qi16".
std::span<const Family> lut_families();

// Rows for one processor.
extern const ProcessorRows kLut8Avx2, kLut16Avx2, kLogisticAvx2, kTanhAvx2;

// How x of logistic_qi16 and tanh_qi16 is scaled. `tanh` admits one scale more that is exact.
void prepare_sigmoid_16(float scale_x, bool tanh, MoteLutParams& p);

}  // namespace mote::kernels
