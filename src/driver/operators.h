// mote ops: what Mote supports, from the operators' records.
#pragma once

#include <string>
#include <vector>

namespace mote::driver {

struct OperatorReport {
  std::string name;
  int tflite_code = -1;  // -1: has no TFLite form
  bool runs = false;     // has a lowering
  std::string
      quantization;  // "own scale", "input's scale", "fixed scale", "reads quantized", "float"
  bool int8 = false;
  bool int16 = false;
  bool dynamic = false;
  bool int4 = false;
  std::string traits;   // "element-wise, view, fused activation, ..."
  std::string why_not;  // it is not quantized
};

// In the order of names.
std::vector<OperatorReport> operators();

// docs/operators.md.
std::string operators_markdown();

}  // namespace mote::driver
