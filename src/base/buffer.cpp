#include "base/buffer.h"

#include <cstring>

#include "base/block.h"

namespace mote {

Buffer::Writable Buffer::allocate(size_t size_bytes) {
  auto block = std::make_shared<const Block>(size_bytes);
  std::byte* const bytes = block->data();
  return {Buffer(std::move(block), {bytes, size_bytes}), bytes};
}

Buffer Buffer::copy_of(const void* data, size_t size_bytes) {
  auto [buffer, bytes] = allocate(size_bytes);
  if (size_bytes) std::memcpy(bytes, data, size_bytes);
  return buffer;
}

}  // namespace mote
