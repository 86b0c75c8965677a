// Buffer: immutable bytes with shared ownership, either on the heap or inside a mapped file.
// Copying one copies a pointer. Safe to share between threads.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace mote {

class Buffer {
 public:
  Buffer() = default;
  // A view of `bytes` that keeps `owner` alive.
  Buffer(std::shared_ptr<const void> owner, std::span<const std::byte> bytes)
      : owner_(std::move(owner)), bytes_(bytes) {}

  static Buffer copy_of(const void* data, size_t size_bytes);
  template <class T>
  static Buffer of(const std::vector<T>& values) {
    return copy_of(values.data(), values.size() * sizeof(T));
  }
  struct Writable;
  // Zeroed bytes, 64-byte aligned, with the pointer to fill them through before the Buffer is
  // shared.
  static Writable allocate(size_t size_bytes);

  const std::byte* data() const { return bytes_.data(); }
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  std::span<const std::byte> bytes() const { return bytes_; }
  Buffer slice(size_t offset, size_t size_bytes) const {
    return {owner_, bytes_.subspan(offset, size_bytes)};
  }
  // The bytes as elements of T. They must be aligned for it; readers of files copy where they are
  // not.
  template <class T>
  std::span<const T> as() const {
    return {reinterpret_cast<const T*>(bytes_.data()), bytes_.size() / sizeof(T)};
  }

 private:
  std::shared_ptr<const void> owner_;
  std::span<const std::byte> bytes_;
};

struct Buffer::Writable {
  Buffer buffer;
  std::byte* bytes;
};

}  // namespace mote
