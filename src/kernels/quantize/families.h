// The kernels of quantize, dequantize, fake_quant and cast.
#pragma once

#include <span>

#include "kernels/common/families.h"
#include "kernels/quantize/quantize.h"

namespace mote::kernels {

// "quantize_f32_T" and "dequantize_T_f32" for T of i8, u8, i16, i4; "dequantize_f16_f32";
// "fake_quant_f32"; "cast".
std::span<const Family> quantize_families();

extern const ProcessorRows kQuantizeAvx2;

// The range [min, max] in 2^bits steps, moved so that 0 is one of them. max > min.
void prepare_fake_quant(float min, float max, int bits, MoteFakeQuantParams& p);

}  // namespace mote::kernels
