// In place of import/keras, for the library that only runs models.
#include "import/keras/keras.h"

namespace mote {

Result<Graph> import_keras(const std::string& path) {
  return Error{Blame::unsupported,
               fmt::format("{}: this library runs .tflite files only; convert the model with the "
                           "program 'mote'",
                           path)};
}

}  // namespace mote
