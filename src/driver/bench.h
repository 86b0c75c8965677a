// mote bench: how long a model takes and how much memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "driver/model.h"
#include "driver/running.h"

namespace mote::driver {

struct BenchOptions : Running {
  std::string model;
  std::vector<NamedShape> shapes;
  int runs = 50;
  int warmup = 5;
  uint64_t seed = 0;
  bool profile = false;  // also per step
  bool explain = false;  // also why each step has its kernel
};

struct Percentiles {
  double min = 0;
  double median = 0;
  double p90 = 0;
  double p99 = 0;
};

// The kernel that an operator got, and why not the others.
struct StepChoice {
  std::string op;
  std::string layer;
  std::string kernel;
  std::vector<RowRefusal> refused;
};

struct StepProfile {
  std::string op;
  std::string layer;
  std::string kernel;
  int64_t macs = 0;
  double median_us = 0;
  double start_us = 0;  // in the profiled run whose total is the median one
  double run_us = 0;    // likewise
};

struct BenchReport {
  Percentiles latency_us;
  double mean_us = 0;
  int runs = 0;
  int threads = 1;
  size_t arena_bytes = 0;
  size_t arena_lower_bound_bytes = 0;
  double arena_ratio() const {
    return arena_lower_bound_bytes
               ? static_cast<double>(arena_bytes) / static_cast<double>(arena_lower_bound_bytes)
               : 1;
  }
  size_t state_bytes = 0;
  size_t weight_bytes = 0;
  int64_t macs = 0;
  double load_ms = 0;  // reading, importing, planning
  double first_run_us = 0;
  std::vector<StepProfile> steps;   // if profiled
  std::vector<StepChoice> choices;  // if explained
  int tuned_measured = 0;           // steps that --tune measured in this run
  int tuned_remembered = 0;         // and that it knew from its cache
};

Result<BenchReport> bench(const BenchOptions& options);

// The q-th quantile (0 to 1) of sorted samples, by the nearest rank.
double percentile(const std::vector<double>& sorted, double q);

}  // namespace mote::driver
