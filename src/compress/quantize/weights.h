// Quantization of constants alone: nothing is calibrated, activations stay float.
#pragma once

#include "compress/quantize/quantize.h"

namespace mote::compress {

// Weights of operators whose records take int8 (Precision::int4: int4) weights with float
// activations; the kernels quantize the activations as they run.
QuantizeReport quantize_weights_only(Graph& graph, const QuantizeOptions& options);

// float32 constants become float16, each with one Dequantize.
QuantizeReport store_as_float16(Graph& graph);

}  // namespace mote::compress
