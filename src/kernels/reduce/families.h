// The reductions' kernels.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/common/families.h"
#include "kernels/common/quantization.h"
#include "kernels/reduce/reduce.h"

namespace mote::kernels {

// One a line of reduce.inc, named as it is: "sum_f32", "sum_qi8". Quantized means are the sums'
// kernels with the parameters of prepare_mean.
std::span<const Family> reduce_families();

extern const ProcessorRows kReduceAvx2;

// Axes of x that are reduced where `reduces[axis]`. Ranks up to 8.
void plan_reduce(std::span<const int64_t> shape, std::span<const bool> reduces,
                 MoteReduceParams& p);

// Multipliers; plan_reduce comes first.
void prepare_sum(const Affine& x, const Affine& y, MoteReduceParams& p);
void prepare_mean(const Affine& x, const Affine& y, MoteReduceParams& p);
void prepare_prod(const Affine& x, const Affine& y, MoteReduceParams& p);

}  // namespace mote::kernels
