#include "import/keras/importers.h"
namespace mote::keras {
std::span<const Operation> math_operations() { return {}; }
std::span<const Operation> array_operations() { return {}; }
std::span<const Operation> nn_operations() { return {}; }
}  // namespace mote::keras
