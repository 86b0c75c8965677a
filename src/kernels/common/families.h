// Families that come as a table: one entry an operator and element type, found by its name.
#pragma once

#include <span>
#include <string_view>

#include "kernels/kernel.h"

namespace mote::kernels {

// The family called `name` ("add_f32"), or null: the operator has no kernel for that type.
inline const Family* find_family(std::span<const Family> families, std::string_view name) {
  for (const Family& family : families) {
    if (name == family.name) return &family;
  }
  return nullptr;
}

}  // namespace mote::kernels
