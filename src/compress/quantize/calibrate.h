// Runs the float graph on samples and records what its activations do.
#pragma once

#include <map>
#include <vector>

#include "compress/quantize/parameters.h"
#include "compress/quantize/quantize.h"

namespace mote::compress {

struct Calibration {
  std::map<ValueId, Range> ranges;  // by value of the graph's main subgraph; they hold 0
  // The mean over all samples, element by element, where it was asked for.
  std::map<ValueId, std::vector<float>> means;
  std::map<ValueId, Shape> shapes;  // of those, as they were run
};

// `values`: what to record, float32 values that nodes or inputs make. `means`: of which of them the
// mean too. Throws a user Error if the data does not fit the graph's inputs or if a value is a NaN
// or infinite for a sample; both name the tensor.
Calibration calibrate(const Graph& graph, const QuantizeOptions& options,
                      const CalibrationData& data, const std::vector<ValueId>& values,
                      const std::vector<ValueId>& means);

}  // namespace mote::compress
