// TFLite (.tflite) -> graph. Weights are not copied: they stay in the mapped file.
#pragma once

#include <string>

#include "base/buffer.h"
#include "base/result.h"
#include "graph/graph.h"

namespace mote {

// Reads the file. The graph is verified; its shapes are those that the file declares. A file that
// is corrupt, or that uses operators that Mote does not have (all of them are listed at once), is
// an Error.
Result<Graph> import_tflite(const std::string& path);
// The same from memory; `label` names the model in messages.
Result<Graph> import_tflite(const Buffer& bytes, const std::string& label);

}  // namespace mote
