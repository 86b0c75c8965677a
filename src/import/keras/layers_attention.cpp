#include "import/keras/importers.h"
namespace mote::keras {
std::span<const Importer> attention_layers() { return {}; }
}  // namespace mote::keras
