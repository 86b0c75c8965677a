// How a model is run: what run, bench and evaluate share.
#pragma once

#include <memory>
#include <string>

#include "driver/tune.h"
#include "plan/compile.h"

namespace mote::driver {

struct Running {
  int threads = 1;
  bool reference = false;   // only reference kernels, and the graph as it is in the file
  bool winograd = true;     // kernels whose rounding errors exceed a sum's (Kernel::approximate)
  bool min_memory = false;  // see plan::Options
  bool tune = false;        // measure each layer's candidate kernels and take the fastest
  std::string tune_cache;   // where that is remembered; empty: default_tune_cache()
};

// Plan options that keep what they refer to. Saves what was measured when it is destroyed, at best
// effort: a run must not fail because its cache can't be written.
class RunningPlan {
 public:
  explicit RunningPlan(const Running& running);
  ~RunningPlan();
  RunningPlan(const RunningPlan&) = delete;
  RunningPlan& operator=(const RunningPlan&) = delete;

  plan::Options options;
  // Null if nothing is tuned.
  const Tuner* tuner() const { return tuner_.get(); }

 private:
  std::unique_ptr<Tuner> tuner_;
};

}  // namespace mote::driver
