#include "base/block.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace mote {
namespace {

constexpr size_t kAlign = 64;
// From here on memory comes from the system, which zeroes pages when they are first touched: what
// is never written costs nothing, and what is freed goes back.
constexpr size_t kMapBytes = size_t{128} << 10;

}  // namespace

Block::Block(size_t size_bytes) {
  if (size_bytes > SIZE_MAX / 2) throw std::bad_alloc();
  if (size_bytes >= kMapBytes) {
    void* bytes =
        ::mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) throw std::bad_alloc();
    data_ = static_cast<std::byte*>(bytes);
    mapped_bytes_ = size_bytes;
    return;
  }
  const size_t rounded = (size_bytes / kAlign + 1) * kAlign;
  data_ = static_cast<std::byte*>(std::aligned_alloc(kAlign, rounded));
  if (!data_) throw std::bad_alloc();
  std::memset(data_, 0, rounded);
}

Block::~Block() {
  if (mapped_bytes_) {
    ::munmap(data_, mapped_bytes_);
  } else {
    std::free(data_);
  }
}

}  // namespace mote
