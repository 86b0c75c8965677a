// mote convert: a model of any format as .tflite, made smaller on the way.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "compress/quantize/quantize.h"
#include "driver/model.h"
#include "driver/verify.h"
#include "passes/pipeline.h"

namespace mote::driver {

struct ConvertOptions {
  std::string model;
  std::string output;  // .tflite
  compress::QuantizeOptions quantize = {.precision = compress::Precision::none};
  std::string calibrate;           // .npz or .npy: the data that activations' ranges come from
  int64_t calibrate_samples = 0;   // 0: all
  std::vector<NamedShape> shapes;  // fixed in the file that is written
  Progress progress;
  passes::Observer observer;  // told after every pass
};

struct KeptFloat {
  std::string layer;
  std::string op;
  std::string reason;
};

struct ConvertReport {
  size_t source_bytes = 0;
  size_t output_bytes = 0;
  std::string source_format;
  int64_t parameters = 0;
  int64_t calibration_samples = 0;  // 0: none were needed
  // How many operators of each kind run in each precision.
  std::map<std::pair<std::string, std::string>, int> precisions;  // (operator, precision)
  std::vector<KeptFloat> kept_float;
  std::vector<PortInfo> inputs;  // of the file written
  std::vector<PortInfo> outputs;
  std::vector<std::string> notes;
};

Result<ConvertReport> convert(const ConvertOptions& options);

}  // namespace mote::driver
