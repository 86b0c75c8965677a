// Keras models into the graph: .keras archives (Keras 3, and Keras 2.12 to 2.15), the same as an
// unzipped folder, and legacy .h5/.hdf5 (Keras 2 and 3). No Python: configuration and weights are
// read directly, and code in a file (Lambda layers, custom classes) is refused, never run.
#pragma once

#include <string>

#include "base/buffer.h"
#include "base/result.h"
#include "graph/graph.h"

namespace mote {

// The model as it infers: dropout and its like are gone, BatchNormalization is a multiplication and
// an addition. An unknown batch size stays unknown (-1). Errors name the file and the layer.
Result<Graph> import_keras(const std::string& path);
// The same from a .keras or .h5 file's bytes; `path` is only for messages.
Result<Graph> import_keras(Buffer bytes, const std::string& path);

}  // namespace mote
