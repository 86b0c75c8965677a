#include "import/keras/importers.h"
namespace mote::keras {
std::span<const Importer> recurrent_layers() { return {}; }
}  // namespace mote::keras
