// mote evaluate: how good a model is on labelled data.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "driver/metrics.h"
#include "driver/running.h"
#include "driver/verify.h"

namespace mote::driver {

struct EvaluateOptions : Running {
  std::string model;
  std::string data;              // arrays `x` (or the inputs' names) and `y`
  std::optional<Metric> metric;  // empty: accuracy for classes, mse for targets
  std::string output = "0";      // name or position
  std::vector<NamedShape> shapes;
  int64_t max_samples = 0;  // 0: all
  Progress progress;
};

struct EvaluateReport {
  Metric metric = Metric::accuracy;
  double value = 0;
  int64_t samples = 0;
  std::string output;
  std::vector<std::string> notes;
};

Result<EvaluateReport> evaluate(const EvaluateOptions& options);

}  // namespace mote::driver
