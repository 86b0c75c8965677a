// Comparing models layer by layer: which values of two graphs stand for the same thing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "driver/data.h"
#include "driver/runner.h"
#include "driver/verify.h"

namespace mote::driver {

// The real values of a run's samples, without those that only fill up the batch.
std::vector<double> valid_values(const Array& array, const Quantization& quant,
                                 const Samples& samples, int64_t run);
// The last extent; 1 for a scalar.
int64_t row_length(const Array& array);

// Passes fuse layers: what the candidate calls "conv" may be the reference's convolution with its
// normalisation and activation. So the reference is also run as the passes make it, and each value
// of the candidate is looked up there first, by tensor name, then by layer, then by the parts of
// its name ("model/conv/Relu;model/conv/BiasAdd", as TensorFlow's converter names tensors); what is
// not there is looked up in the reference as it is.
class LayerComparison {
 public:
  // The model must outlive the comparison.
  LayerComparison(const Model& reference, int threads);

  // Adds run `run` of the samples, which both runners have just done, to report->layers.
  void add(Runner& reference, const Runner& candidate, const Samples& samples, int64_t run,
           VerifyReport* report);

 private:
  struct Pair {
    bool optimized;  // in which form of the reference
    ValueId reference;
    ValueId candidate;
  };
  void match(const Graph& reference, const Graph& candidate, VerifyReport* report);

  Graph optimized_graph_;
  std::unique_ptr<Runner> optimized_;
  std::vector<Pair> pairs_;
  bool matched_ = false;
};

}  // namespace mote::driver
