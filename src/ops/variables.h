// var_handle        names a variable: memory that persists between runs, zero at first
// read_variable     y = the variable
// assign_variable   the variable = x
//   inputs   read_variable: handle; assign_variable: handle, x
// Handles with one container and shared_name are one variable, in whichever subgraph they are made.
#pragma once

#include <string>

#include "graph/attrs.h"

namespace mote::ops {

struct VarHandleAttrs {
  std::string container = {};
  std::string shared_name = {};
};
inline void fields(AttrVisitor& v, VarHandleAttrs& a) {
  v("container", a.container);
  v("shared_name", a.shared_name);
}

}  // namespace mote::ops
