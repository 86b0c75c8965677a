#include "import/keras/importers.h"
namespace mote::keras {
std::span<const Importer> preprocessing_layers() { return {}; }
}  // namespace mote::keras
