// What every function of the C interface that can fail is wrapped in.
#pragma once

#include <cstring>
#include <utility>

#include "base/result.h"
#include "mote/mote_c.h"

namespace mote::api {

// Room of its own, so that a message can be kept when memory has run out.
inline thread_local char last_error_text[1024] = "";

inline void keep(const char* message) {
  std::strncpy(last_error_text, message, sizeof(last_error_text) - 1);
  last_error_text[sizeof(last_error_text) - 1] = '\0';
}

template <class Body>
mote_status guard(Body&& body) {
  const Status status = capture(std::forward<Body>(body));
  if (status) return MOTE_OK;
  keep(status.error().message.c_str());
  switch (status.error().blame) {
    case Blame::user:
      return MOTE_USER_ERROR;
    case Blame::unsupported:
      return MOTE_UNSUPPORTED;
    case Blame::internal:
      return MOTE_INTERNAL;
  }
  return MOTE_INTERNAL;
}

inline const char* last_error() { return last_error_text; }

}  // namespace mote::api
