// Result<T>: a value or an Error. What every public function of the compiler side returns.
#pragma once

#include <exception>
#include <new>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/error.h"

namespace mote {

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return std::get<1>(state_); }

  // The value; throws the Error if there is none, so that a layer can call another and let failures
  // pass through.
  T& value() & { return require(), std::get<0>(state_); }
  const T& value() const& { return require(), std::get<0>(state_); }
  T&& value() && { return require(), std::move(std::get<0>(state_)); }
  T* operator->() { return &value(); }
  T& operator*() & { return value(); }

 private:
  void require() const {
    if (!ok()) throw error();
  }
  std::variant<T, Error> state_;
};

using Status = Result<std::monostate>;
inline Status ok_status() { return std::monostate{}; }

// Runs `body` and returns what it returned, or the Error that it threw. Running out of memory and
// any other standard exception become errors too: models come from strangers, and a library must
// not take the process down with it.
template <class Body>
auto capture(Body&& body) noexcept {
  using Returned = std::decay_t<std::invoke_result_t<Body>>;
  using Stored = std::conditional_t<std::is_void_v<Returned>, std::monostate, Returned>;
  try {
    if constexpr (std::is_void_v<Returned>) {
      std::forward<Body>(body)();
      return Result<Stored>(Stored{});
    } else {
      return Result<Stored>(std::forward<Body>(body)());
    }
  } catch (Error& error) {
    return Result<Stored>(std::move(error));
  } catch (const std::bad_alloc&) {
    return Result<Stored>(Error{Blame::user, "not enough memory for this model"});
  } catch (const std::exception& exception) {
    return Result<Stored>(Error{Blame::internal, exception.what()});
  }
}

}  // namespace mote
