// What the tests of this folder share: fixtures, and damage done to them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/buffer.h"
#include "base/file.h"
#include "base/result.h"

namespace mote::formats {

inline std::string fixture(const std::string& name) {
  return std::string(MOTE_SOURCE_DIR) + "/tests/fixtures/formats/" + name;
}

// The message of the Error that `body` throws, "" if it throws none. An internal error is a failure
// of the test: bad files are never Mote's fault.
template <class Body>
std::string error_of(Body&& body) {
  const auto result = capture([&] { static_cast<void>(body()); });
  if (result.ok()) return "";
  EXPECT_NE(result.error().blame, Blame::internal) << result.error().message;
  EXPECT_EQ(result.error().message.find('\n'), std::string::npos);
  return result.error().message;
}

// Calls `use` with the file cut off at every length, then with every byte changed in three ways.
// Nothing is expected but that it returns, or throws an Error that is not internal.
template <class Use>
void damage(const Buffer& good, Use&& use) {
  for (size_t size = 0; size < good.size(); ++size) {
    const Buffer cut = Buffer::copy_of(good.data(), size);  // so that a sanitizer sees its end
    error_of([&] { return use(cut), 0; });
  }
  for (size_t at = 0; at < good.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      Buffer::Writable bad = Buffer::allocate(good.size());
      std::copy(good.data(), good.data() + good.size(), bad.bytes);
      bad.bytes[at] ^= static_cast<std::byte>(flip);
      error_of([&] { return use(bad.buffer), 0; });
    }
  }
}

}  // namespace mote::formats
