// What can go wrong, and whose fault it is.
//
// Inside a compiler layer (import, passes, compress, plan, export, ...) a failure is thrown as an
// `Error`. A layer's public entry points never throw: they run their body under `capture`, which
// turns whatever was thrown into a `Result`. The runtime and the kernels neither throw nor use this
// file; they return status codes.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

namespace mote {

enum class Blame {
  user,         // the file, the data or the command is wrong; the message says what to change
  unsupported,  // valid, but Mote can't do it; the message names the nearest supported way
  internal,     // a bug in Mote
};

struct Error {
  Blame blame = Blame::internal;
  std::string message;  // one line, no trailing full stop

  // Prefixes where it happened ("layer 'lstm_1'"), outermost last: `model.keras: layer 'lstm_1':
  // ...`.
  Error in(std::string_view where) &&;
};

// Throws an Error; once for all, because there are hundreds of calls.
[[noreturn, gnu::cold]] void fail(Blame blame, fmt::string_view format, fmt::format_args args);

template <class... Args>
[[noreturn]] void fail_user(fmt::format_string<Args...> format, Args&&... args) {
  fail(Blame::user, format, fmt::make_format_args(args...));
}

template <class... Args>
[[noreturn]] void fail_unsupported(fmt::format_string<Args...> format, Args&&... args) {
  fail(Blame::unsupported, format, fmt::make_format_args(args...));
}

template <class... Args>
[[noreturn]] void fail_internal(fmt::format_string<Args...> format, Args&&... args) {
  fail(Blame::internal, format, fmt::make_format_args(args...));
}

// Runs `body`; an Error that leaves it is given the prefix `where` and goes on.
template <class Body>
decltype(auto) with_context(std::string_view where, Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (Error& error) {
    throw std::move(error).in(where);
  }
}

}  // namespace mote
