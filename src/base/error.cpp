#include "base/error.h"

namespace mote {

void fail(Blame blame, fmt::string_view format, fmt::format_args args) {
  throw Error{blame, fmt::vformat(format, args)};
}

Error Error::in(std::string_view where) && {
  message.insert(0, ": ").insert(0, where);
  return std::move(*this);
}

}  // namespace mote
