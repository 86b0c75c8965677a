// What to say of operators that Mote does not have.
#pragma once

#include <map>
#include <string>

namespace mote::tflite {

// An operator of the file: a builtin code, or a custom operator's name.
struct OperatorKey {
  int code = 0;
  std::string custom = {};
  auto operator<=>(const OperatorKey&) const = default;
};

// Throws an Error that lists all of them, how often each occurs, and what can be done; returns if
// there are none.
void refuse(const std::map<OperatorKey, int>& counts);

}  // namespace mote::tflite
