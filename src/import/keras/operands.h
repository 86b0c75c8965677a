// Arguments of keras.ops functions: tensors, numbers, arrays, and parameters that Keras saves in
// the configuration or in the call.
#pragma once

#include <algorithm>

#include "import/keras/importers.h"

namespace mote::keras {

// A name as a template argument: the functions in the tables of operations carry theirs.
template <size_t n>
struct Name {
  char text[n];
  constexpr Name(const char (&s)[n]) { std::copy_n(s, n, text); }
};

// A parameter by name: from the configuration, a keyword, or a positional argument. null if it is
// in none of them.
Config parameter(const Call& call, std::string_view name, size_t position = 99);

// Argument i as a tensor. A number takes the type of `like` (if there is one); arrays have their
// own.
ValueId operand(Call& call, size_t i, std::string_view keyword, ValueId like = kNoValue);
// Two arguments of one type: integers become floats where the other is one.
std::pair<ValueId, ValueId> operands(Call& call);
ValueId as_float(GraphBuilder& b, ValueId x);

// The axes that `axis` names; all of them for null.
std::vector<int> axes_parameter(const Call& call, int rank);
bool keep_dims(const Call& call);
// One axis, counted from the front.
int axis_parameter(const Call& call, int rank, int64_t otherwise);

}  // namespace mote::keras
