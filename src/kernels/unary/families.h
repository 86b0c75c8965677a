// The unary operators' kernels.
#pragma once

#include <span>

#include "kernels/common/families.h"
#include "kernels/common/quantization.h"
#include "kernels/unary/unary.h"

namespace mote::kernels {

// One a line of unary.inc, named as it is: "abs_f32", "rescale_i16_i8".
std::span<const Family> unary_families();

extern const ProcessorRows kUnaryAvx2;

// Parameters of rescale_* for y = clamp(slope * x): `positive` and `negative` are slope * scale_x /
// scale_y on either side of 0, and may be below 0.
void prepare_rescale(const Affine& x, const Affine& y, double positive, double negative,
                     MoteUnaryParams& p);

}  // namespace mote::kernels
