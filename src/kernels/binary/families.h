// The binary operators' kernels, and how their parameters follow from scales and activations.
#pragma once

#include <span>

#include "kernels/binary/binary.h"
#include "kernels/common/families.h"
#include "kernels/common/quantization.h"

namespace mote::kernels {

// One a line of binary.inc, named as it is: "add_f32", "add_qi8".
std::span<const Family> binary_families();

extern const ProcessorRows kBinaryAvx2;

// Parameters of the quantized operators; `p.shape`, `p.min_int` and `p.max_int` are the caller's.
// False: the reference kernels do not take these scales.
void prepare_add(const Affine& a, const Affine& b, const Affine& y, bool wide, MoteBinaryParams& p);
bool prepare_pow2_add(const Affine& a, const Affine& b, const Affine& y, MoteBinaryParams& p);
void prepare_mul(const Affine& a, const Affine& b, const Affine& y, MoteBinaryParams& p);
void prepare_div(const Affine& a, const Affine& b, const Affine& y, MoteBinaryParams& p);
void prepare_squared_difference(const Affine& a, const Affine& b, const Affine& y,
                                MoteBinaryParams& p);
void prepare_compare(const Affine& a, const Affine& b, MoteBinaryParams& p);
void prepare_prelu(const Affine& x, const Affine& alpha, const Affine& y, MoteBinaryParams& p);

}  // namespace mote::kernels
