#include "driver/running.h"

#include "base/result.h"

namespace mote::driver {

RunningPlan::RunningPlan(const Running& running) {
  options.threads = running.threads;
  options.min_memory = running.min_memory;
  options.lowering.reference = running.reference;
  options.lowering.approximate = running.winograd;
  if (!running.tune || running.reference) return;
  tuner_ = std::make_unique<Tuner>(running.tune_cache.empty() ? default_tune_cache()
                                                              : running.tune_cache);
  options.lowering.chooser = tuner_.get();
}

RunningPlan::~RunningPlan() {
  if (tuner_) static_cast<void>(capture([&] { tuner_->save(); }));
}

}  // namespace mote::driver
