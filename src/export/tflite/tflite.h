// Graph -> TFLite (.tflite), as LiteRT and TensorFlow Lite Micro read it, as small as the format
// allows.
#pragma once

#include <string>

#include "base/buffer.h"
#include "base/result.h"
#include "graph/graph.h"

namespace mote {

// The file's bytes. An operator or attribute that TFLite has no place for is an Error.
Result<Buffer> export_tflite(const Graph& graph);
// The same into a file, which appears whole or not at all.
Status export_tflite(const Graph& graph, const std::string& path);

}  // namespace mote
