// --tune: measures, on this machine, the kernel rows that could run a step, and takes the fastest.
// What was measured is kept in a file, keyed by processor, kernel family and parameters, so that it
// is measured once.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "ops/lower.h"

namespace mote::driver {

class Tuner : public RowChooser {
 public:
  // Reads the cache if it exists. One that can't be read or is of another version counts as empty:
  // it is measured again and replaced.
  explicit Tuner(std::string cache_path);

  // The row that the cache names, else the one that measures fastest. Rows are timed on the calling
  // thread, on made-up data, packing not included. The reference is not measured: it is the oracle,
  // and may take seconds.
  const kernels::Kernel& choose(const RowRequest& request, std::string* why) override;

  // Writes the cache if anything was measured. Throws an Error if it can't be written.
  void save();

  int measured() const { return measured_; }  // steps
  int remembered() const { return remembered_; }
  const std::string& cache_path() const { return path_; }

 private:
  std::string path_;
  std::map<std::string, std::string> rows_;  // the chosen row's name, by the step's key
  int measured_ = 0;
  int remembered_ = 0;
};

// $XDG_CACHE_HOME/mote/tune.json, or ~/.cache/mote/tune.json.
std::string default_tune_cache();

}  // namespace mote::driver
