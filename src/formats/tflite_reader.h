// Reads a FlatBuffer that nobody vouches for: every offset, size and string is checked before the
// bytes it points to are touched, so there is no separate verification that could disagree. All of
// it throws a user Error that says what is wrong.
//
// Tables may share what they point to, and a small hostile file can make a reader visit the same
// bytes again and again; so what is read is counted, and a reader that has read much more than the
// file holds gives up. The data of tensors is not read here, only located, and counts only where it
// is copied.
#pragma once

#include <bit>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mote::tflite {

static_assert(std::endian::native == std::endian::little);  // FlatBuffers are little-endian

// Text from a file, fit for one line of output: control characters and bytes that are not UTF-8
// become '?'.
std::string printable(std::string_view text);

class File {
 public:
  explicit File(std::span<const std::byte> bytes)
      : bytes_(bytes), budget_bytes_(bytes.size() * 8 + (size_t{4} << 20)) {}

  std::span<const std::byte> bytes() const { return bytes_; }
  // Fails unless [at, at + size) lies in the file.
  void check(size_t at, size_t size_bytes) const {
    if (at > bytes_.size() || size_bytes > bytes_.size() - at) fail_range(at, size_bytes);
  }
  template <class T>
  T scalar(size_t at) const {
    check(at, sizeof(T));
    T value;
    std::memcpy(&value, bytes_.data() + at, sizeof(T));
    return value;
  }
  // The position that the offset stored at `at` points to.
  size_t follow(size_t at) const;
  void spend(size_t size_bytes) const;

 private:
  [[noreturn]] void fail_range(size_t at, size_t size_bytes) const;

  std::span<const std::byte> bytes_;
  mutable size_t budget_bytes_;
};

// A vector's place: `count` elements from `at`, inside the file.
struct Span {
  size_t at = 0;
  size_t count = 0;
};

class Table {
 public:
  Table(const File& file, size_t at);
  static Table root(const File& file) { return {file, file.follow(0)}; }

  bool has(int slot) const { return position(slot) != 0; }
  template <class T>
  T get(int slot, T absent) const {
    const size_t at = position(slot);
    return at ? file_->scalar<T>(at) : absent;
  }
  std::optional<Table> table(int slot) const;
  // Absent vectors are empty.
  std::vector<Table> tables(int slot) const;
  template <class T>
  std::vector<T> vector(int slot) const {
    const Span span = locate(slot, sizeof(T));
    file_->spend(span.count * sizeof(T));
    std::vector<T> values(span.count);
    if (span.count)
      std::memcpy(values.data(), file_->bytes().data() + span.at, span.count * sizeof(T));
    return values;
  }
  std::string string(int slot) const;  // printable
  void spend(size_t size_bytes) const { file_->spend(size_bytes); }
  // Where a vector of elements of that size lies; count 0 and at 0 if the field is absent.
  Span locate(int slot, size_t element_bytes) const;

 private:
  // Where a field is stored; 0 if it is absent.
  size_t position(int slot) const;

  const File* file_;
  size_t at_;
  size_t vtable_ = 0;
  uint16_t vtable_bytes_ = 0;
};

}  // namespace mote::tflite
