// mote run: one run of a model on the user's arrays.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "driver/model.h"
#include "driver/running.h"
#include "driver/tensor.h"

namespace mote::driver {

struct RunOptions : Running {
  std::string model;
  std::vector<std::pair<std::string, std::string>> inputs;  // name or position, .npy file
  std::vector<NamedShape> shapes;
  std::string output_dir;  // empty: outputs are not written
  uint64_t seed = 0;       // of random inputs
};

struct RunPort {
  PortInfo port;
  Array array;
  bool random = false;  // inputs: no file was given
  std::string file;     // read from or written to
};

struct RunReport {
  std::vector<RunPort> inputs;
  std::vector<RunPort> outputs;
  std::vector<std::string> notes;  // conversions and other things that the user should know
  double run_us = 0;
};

Result<RunReport> run(const RunOptions& options);

}  // namespace mote::driver
