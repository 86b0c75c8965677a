// A Keras file, opened: its JSON and the place where its weights are.
#pragma once

#include <optional>
#include <string>

#include "formats/hdf5.h"
#include "import/keras/config.h"

namespace mote::keras {

struct Archive {
  Config model;                 // the object that Keras made of the model: class_name, config, ...
  std::string version;          // keras_version, "" if the file does not say
  formats::Hdf5Object weights;  // the root of the weights
  // Where weights are found. By path: groups named after classes (.keras). By order: a list of
  // layers, each with a list of weights (.h5).
  bool by_order = false;
};

// Opens a .keras zip, a folder with its members, or a legacy .h5. Throws an Error.
Archive open_archive(const std::string& path);
// The same from a file's bytes; `path` is only for messages.
Archive open_archive(Buffer bytes, const std::string& path);

}  // namespace mote::keras
