// HDF5 superblocks and object headers.
#include "formats/hdf5_internal.h"

namespace mote::formats::hdf5_internal {
namespace {

constexpr std::string_view kSignature("\x89HDF\r\n\x1a\n", 8);

void check_widths(uint8_t offset_bytes, uint8_t length_bytes) {
  if (offset_bytes != 8 || length_bytes != 8) {
    fail_unsupported("HDF5 file with {}-byte offsets and {}-byte lengths; only 8 and 8 are read",
                     offset_bytes, length_bytes);
  }
}

// The file says how long it is; a shorter one was cut, even if nothing that is missing is read.
void check_length(uint64_t end, const File& file) {
  if (end > file.bytes.size()) {
    fail_user("damaged HDF5 file: it has {} of {} bytes; copy or download it again",
              file.bytes.size(), end);
  }
}

uint64_t read_old_superblock(Cursor& cursor, uint8_t version, const File& file) {
  cursor.skip(4);  // versions of parts that never changed, and a reserved byte
  const uint8_t offset_bytes = cursor.u8();
  check_widths(offset_bytes, cursor.u8());
  cursor.skip(1 + 2 + 2 + 4);  // reserved, two B-tree constants, flags
  if (version == 1) cursor.skip(4);
  const uint64_t base = cursor.u64();
  if (base != 0) fail_unsupported("HDF5 file with a user block; save it without one");
  cursor.skip(8);  // free space
  check_length(cursor.u64(), file);
  cursor.skip(8 + 8);  // driver information, the root entry's name
  return cursor.u64();
}

uint64_t read_new_superblock(Cursor& cursor, const File& file) {
  const uint8_t offset_bytes = cursor.u8();
  check_widths(offset_bytes, cursor.u8());
  cursor.skip(1);
  const uint64_t base = cursor.u64();
  if (base != 0) fail_unsupported("HDF5 file with a user block; save it without one");
  cursor.skip(8);  // extension
  check_length(cursor.u64(), file);
  return cursor.u64();
}

// The blocks of a header that are still to be read: (address, size) of their messages.
struct Block {
  uint64_t address;
  uint64_t size;
};

// Reads the messages of one block. Version 1 has 8-byte prefixes; version 2 has 4 or 6.
void read_messages(const File& file, const Block& block, bool version2, bool ordered,
                   std::vector<Message>* messages, std::vector<Block>* blocks) {
  const uint64_t prefix = !version2 ? 8 : ordered ? 6 : 4;
  Cursor cursor(file.at(block.address, block.size, "an object header"), "an object header");
  while (cursor.left() >= prefix) {
    Message message;
    message.type = version2 ? cursor.u8() : cursor.u16();
    const uint16_t size = cursor.u16();
    message.shared = (cursor.u8() & 2) != 0;
    cursor.skip(version2 ? (ordered ? 2 : 0) : 3);
    message.bytes = cursor.take(size);
    if (message.type == kContinuation) {
      Cursor where(message.bytes, "a header continuation");
      const uint64_t address = where.u64();
      blocks->push_back({address, where.u64()});
      if (blocks->size() > kMaxBlocks) fail_user("damaged HDF5 file: an object header never ends");
    } else if (message.type != 0) {
      messages->push_back(message);
      if (messages->size() > kMaxMessages) {
        fail_user("damaged HDF5 file: an object header has too many messages");
      }
    }
  }
}

Header read_old_header(const File& file, uint64_t address) {
  Cursor cursor = file.cursor(address, "an object header");
  cursor.skip(2);  // version, reserved
  cursor.skip(2);  // message count: the blocks' sizes say the same
  cursor.skip(4);  // references
  std::vector<Block> blocks = {{address + 16, cursor.u32()}};
  Header header;
  for (size_t i = 0; i < blocks.size(); ++i) {
    read_messages(file, Block(blocks[i]), false, false, &header.messages, &blocks);
  }
  return header;
}

Header read_new_header(const File& file, uint64_t address) {
  Cursor cursor = file.cursor(address, "an object header");
  cursor.expect("OHDR");
  if (cursor.u8() != 2) fail_user("damaged HDF5 file: an object header has an unknown version");
  const uint8_t flags = cursor.u8();
  if ((flags & 0x20) != 0) cursor.skip(16);  // times
  if ((flags & 0x10) != 0) cursor.skip(4);   // attribute storage limits
  const uint64_t size = cursor.number(size_t{1} << (flags & 3));
  const bool ordered = (flags & 4) != 0;
  std::vector<Block> blocks = {{address + cursor.at(), size}};
  Header header;
  for (size_t i = 0; i < blocks.size(); ++i) {
    Block block = blocks[i];
    if (i > 0) {  // a continuation: signature before the messages, checksum after
      file.cursor(block.address, "a header continuation").expect("OCHK");
      if (block.size < 8) fail_user("damaged HDF5 file: a header continuation is too small");
      block = {block.address + 4, block.size - 8};
    }
    read_messages(file, block, true, ordered, &header.messages, &blocks);
  }
  return header;
}

}  // namespace

uint64_t read_superblock(const File& file) {
  const std::string_view text(reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size());
  if (!text.starts_with(kSignature)) fail_user("not an HDF5 file (wrong first bytes)");
  Cursor cursor = file.cursor(kSignature.size(), "the HDF5 superblock");
  const uint8_t version = cursor.u8();
  if (version <= 1) return read_old_superblock(cursor, version, file);
  if (version <= 3) return read_new_superblock(cursor, file);
  fail_unsupported("HDF5 superblock version {} is not known; versions 0 to 3 are", version);
}

Header read_header(const File& file, uint64_t address) {
  const uint8_t first = file.cursor(address, "an object header").u8();
  if (first == 1) return read_old_header(file, address);
  if (first == 'O') return read_new_header(file, address);
  fail_user("damaged HDF5 file: an object header has an unknown version");
}

}  // namespace mote::formats::hdf5_internal
