// Bias correction: rounding weights shifts the mean of what a layer gives; its bias takes that
// shift back.
#pragma once

#include "compress/quantize/calibrate.h"

namespace mote::compress {

// The values whose means `correct_biases` needs: the inputs of layers with weights and a constant
// bias.
std::vector<ValueId> values_to_average(const Graph& graph);

// Subtracts from each bias the mean, over the calibration data and over positions, of what the
// weights' rounding adds to the layer's output. Exact, since a layer is linear in its weights.
// `limit`: the largest stored weight. Returns how many layers were corrected.
int correct_biases(Graph& graph, const Calibration& calibration, int limit);

}  // namespace mote::compress
