#include "base/buffer.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace mote {

Buffer::Writable Buffer::allocate(size_t size_bytes) {
  constexpr size_t kAlign = 64;
  const size_t rounded = (size_bytes + kAlign - 1) / kAlign * kAlign;
  auto* bytes = static_cast<std::byte*>(std::aligned_alloc(kAlign, rounded ? rounded : kAlign));
  if (!bytes || rounded < size_bytes) throw std::bad_alloc();
  std::memset(bytes, 0, rounded);
  std::shared_ptr<const void> owner(bytes, [](const void* p) { std::free(const_cast<void*>(p)); });
  return {Buffer(std::move(owner), {bytes, size_bytes}), bytes};
}

Buffer Buffer::copy_of(const void* data, size_t size_bytes) {
  auto [buffer, bytes] = allocate(size_bytes);
  if (size_bytes) std::memcpy(bytes, data, size_bytes);
  return buffer;
}

}  // namespace mote
