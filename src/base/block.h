// Block: writable bytes with one owner, 64-byte aligned. They are zero at first.
#pragma once

#include <cstddef>
#include <utility>

namespace mote {

class Block {
 public:
  Block() = default;
  // Throws std::bad_alloc.
  explicit Block(size_t size_bytes);
  ~Block();
  Block(Block&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), mapped_bytes_(other.mapped_bytes_) {}
  Block& operator=(Block&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(mapped_bytes_, other.mapped_bytes_);
    return *this;
  }

  std::byte* data() const { return data_; }

 private:
  std::byte* data_ = nullptr;
  size_t mapped_bytes_ = 0;  // 0: from malloc
};

}  // namespace mote
