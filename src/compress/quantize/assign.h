// Parameters for every activation of an integer graph.
#pragma once

#include <vector>

#include "compress/quantize/calibrate.h"
#include "compress/quantize/decide.h"
#include "compress/quantize/groups.h"

namespace mote::compress {

// Unites what must share a scale (the inputs and outputs of operators that only choose among
// elements), fixes what operators give, and sees to it that no output scale is so small against its
// inputs' that kernels can't express the quotient.
ScaleGroups assign_scales(const Graph& graph, Precision precision,
                          const std::vector<Decision>& decisions, const Calibration& calibration);

// Element type of activations.
inline DType activation_dtype(Precision precision) {
  return precision == Precision::int16x8 ? DType::i16 : DType::i8;
}

}  // namespace mote::compress
