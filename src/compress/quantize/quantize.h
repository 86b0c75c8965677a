// Post-training quantization: a float graph (and data) -> a smaller graph.
//
// Which operators can be quantized and how comes from their records (QuantRule); how the numbers
// are chosen is in docs/numerics/quantization.md.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "graph/graph.h"

namespace mote::compress {

enum class Precision : uint8_t {
  none,     // as it is
  dynamic,  // int8 weights, float activations that kernels quantize as they run
  float16,  // float16 constants, float computation
  int8,     // int8 weights and activations
  int16x8,  // int8 weights, int16 activations
  int4,     // int4 weights where an operator takes them, int8 otherwise; float activations
};

enum class CalibrationMethod : uint8_t {
  minmax,          // the range of all samples
  moving_average,  // of the samples' ranges
  percentile,      // the range that holds `percentile` percent of the elements
  entropy,         // the range whose quantized distribution loses least information (KL divergence)
  mse,             // the range with the least squared error
};

// Names of the above, for command lines and reports; parse: false if there is none of that name.
const char* name_of(Precision precision);
const char* name_of(CalibrationMethod method);
bool parse_precision(std::string_view name, Precision* out);
bool parse_calibration_method(std::string_view name, CalibrationMethod* out);

struct QuantizeOptions {
  Precision precision = Precision::int8;
  CalibrationMethod method = CalibrationMethod::minmax;
  double percentile = 99.99;
  // Elements of the model's float inputs and outputs: f32; i8 or u8 with Precision::int8; i16 with
  // int16x8.
  DType input_type = DType::f32;
  DType output_type = DType::f32;
  bool bias_correction = false;
  bool cross_layer_equalization = false;
  // dynamic and int4: constants of fewer elements stay float.
  int64_t min_weight_elements = 1024;
  // Told after each calibration run: (done, all).
  std::function<void(int64_t, int64_t)> progress = {};
};

// Samples for calibration: for each run of the model one buffer for each input, in its order, with
// the elements of the input's type and of `shapes` (one for each input, every extent known).
struct CalibrationData {
  std::vector<Shape> shapes = {};
  std::vector<std::vector<Buffer>> samples = {};
};

struct LayerReport {
  std::string layer = {};  // of the source model; may be empty
  std::string op = {};
  std::string output = {};  // name of the first output
  std::string precision =
      {};                   // "int8", "int16", "float32", "int8 weights", "int4 weights", "float16"
  std::string reason = {};  // why it stayed float, if it could have been otherwise; else empty
  double min = 0;           // calibrated range of the first output; 0, 0 if it was not calibrated
  double max = 0;
  double scale = 0;  // of the first output; 0 if it is not quantized
  int64_t zero_point = 0;
};

struct QuantizeReport {
  std::vector<LayerReport> layers;
  std::vector<std::string> notes;  // what a user should know besides, a line each
  int64_t quantized = 0;           // nodes that became smaller or integer
  int64_t stayed_float = 0;        // nodes that did not, though the precision was asked for
};

// Quantizes `graph` in place. On failure it is left as it was. User errors: no calibration data
// where the precision needs it, data that does not fit the model, a NaN or infinity in data or
// weights (the tensor is named), input or output types that the precision does not have.
Result<QuantizeReport> quantize(Graph& graph, const QuantizeOptions& options,
                                const CalibrationData& data = {});

}  // namespace mote::compress
