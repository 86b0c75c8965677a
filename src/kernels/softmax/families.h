// The kernels of the normalizations along the last axis.
#pragma once

#include <span>

#include "kernels/common/families.h"
#include "kernels/common/quantization.h"
#include "kernels/softmax/softmax.h"

namespace mote::kernels {

// One a line of softmax.inc, named as it is, "softmax_qi16_qi16" and "layer_normalization_f32".
std::span<const Family> softmax_families();

extern const ProcessorRows kSoftmaxAvx2, kSoftmaxQuantizedAvx2;

// Multipliers of 8-bit softmax and log_softmax, and of the 16-bit softmax.
void prepare_softmax_8(float scale_x, float beta, MoteRowParams& p);
void prepare_log_softmax_8(float scale_x, MoteRowParams& p);
void prepare_softmax_16(float scale_x, float beta, MoteRowParams& p);

}  // namespace mote::kernels
