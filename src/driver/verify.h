// mote verify: a candidate model against its reference, on data.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/metrics.h"
#include "driver/model.h"

namespace mote::driver {

// Called on long work: what is done, and how much of it.
using Progress = std::function<void(std::string_view what, int64_t done, int64_t total)>;

struct VerifyOptions {
  std::string reference;
  std::string candidate;
  std::string data;  // empty: random samples
  int64_t random_samples = 16;
  int64_t max_samples = 0;  // of the data; 0: all
  uint64_t seed = 0;
  std::vector<NamedShape> shapes;
  int threads = 1;
  bool layers = false;
  // What the user allows; without any of them only infinities and NaNs on one side fail.
  std::optional<double> tolerance;  // maximum absolute error
  std::optional<double> min_sqnr_db;
  std::optional<double> min_top1;
  Progress progress;
};

struct OutputDifference {
  std::string name;
  Difference difference;
  bool pass = true;
  std::string why;  // it does not
};

struct LayerDifference {
  std::string layer;   // the reference's
  std::string tensor;  // by which the two were matched
  std::string op;      // the candidate's
  TensorType type;     // the candidate's
  Difference difference;
};

struct VerifyReport {
  std::vector<OutputDifference> outputs;
  std::vector<LayerDifference> layers;  // in the candidate's order
  int64_t unmatched_layers = 0;         // of the candidate
  int64_t samples = 0;
  bool random = false;
  bool limited = false;  // the user gave a limit
  bool pass = true;
  std::vector<std::string> notes;
};

// Data is taken as the reference's input; the candidate gets the same real values, quantized if its
// input is. Outputs are compared as real values.
Result<VerifyReport> verify(const VerifyOptions& options);

}  // namespace mote::driver
