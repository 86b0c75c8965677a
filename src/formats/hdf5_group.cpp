// HDF5 groups: symbol tables (a B-tree of nodes, names in a heap) and link messages.
#include <algorithm>

#include "formats/hdf5_internal.h"

namespace mote::formats::hdf5_internal {
namespace {

constexpr int kMaxTreeLevel = 16;

// A group's names lie in its local heap, each ended by a zero.
class LocalHeap {
 public:
  LocalHeap(const File& file, uint64_t address) {
    Cursor cursor = file.cursor(address, "a group's heap");
    cursor.expect("HEAP");
    cursor.skip(4);  // version, reserved
    const uint64_t size = cursor.u64();
    cursor.skip(8);  // free list
    data_ = file.at(cursor.u64(), size, "a group's heap");
  }
  std::string name(uint64_t offset) const {
    if (offset >= data_.size()) fail_user("damaged HDF5 file: a member's name is missing");
    const auto begin = data_.begin() + static_cast<std::ptrdiff_t>(offset);
    const auto end = std::find(begin, data_.end(), std::byte{0});
    if (end == data_.end()) fail_user("damaged HDF5 file: a member's name has no end");
    return {reinterpret_cast<const char*>(&*begin), static_cast<size_t>(end - begin)};
  }

 private:
  std::span<const std::byte> data_;
};

struct TreeWalk {
  const File& file;
  const LocalHeap& heap;
  std::vector<Link>* links;
  size_t nodes = 0;
  size_t name_bytes = 0;

  // Counts one entry of the tree. The same node may hang in a hostile tree many times.
  void step() {
    if (++nodes > kMaxNodes) fail_user("damaged HDF5 file: a group's index never ends");
  }
};

void read_symbol_node(TreeWalk& walk, uint64_t address) {
  Cursor cursor = walk.file.cursor(address, "a symbol node");
  cursor.expect("SNOD");
  cursor.skip(2);  // version, reserved
  const uint16_t count = cursor.u16();
  for (uint16_t i = 0; i < count; ++i) {
    const uint64_t name_offset = cursor.u64();
    const uint64_t header = cursor.u64();
    const uint32_t cached = cursor.u32();
    cursor.skip(4 + 16);  // reserved, cache
    constexpr uint32_t kSoftLink = 2;
    Link link{walk.heap.name(name_offset), header};
    if (cached == kSoftLink || header == kUndefined) link.address.reset();
    walk.name_bytes += link.name.size();
    walk.links->push_back(std::move(link));
    if (walk.links->size() > kMaxMembers || walk.name_bytes > kMaxNameBytes) {
      fail_user("damaged HDF5 file: a group has too many members");
    }
  }
}

// Child levels must count down, so a tree that points back into itself ends.
void read_tree(TreeWalk& walk, uint64_t address, int parent_level) {
  walk.step();
  Cursor cursor = walk.file.cursor(address, "a group's index");
  cursor.expect("TREE");
  if (cursor.u8() != 0) fail_user("damaged HDF5 file: a group's index has the wrong type");
  const int level = cursor.u8();
  if (level >= parent_level) fail_user("damaged HDF5 file: a group's index is cyclic");
  const uint16_t count = cursor.u16();
  cursor.skip(16);  // siblings
  for (uint16_t i = 0; i < count; ++i) {
    walk.step();
    cursor.skip(8);  // key
    const uint64_t child = cursor.u64();
    if (level == 0) {
      read_symbol_node(walk, child);
    } else {
      read_tree(walk, child, level);
    }
  }
}

Link read_link_message(const Message& message) {
  Cursor cursor(message.bytes, "a link");
  if (cursor.u8() != 1) fail_user("damaged HDF5 file: a link has an unknown version");
  const uint8_t flags = cursor.u8();
  const uint8_t kind = (flags & 8) != 0 ? cursor.u8() : uint8_t{0};
  if ((flags & 4) != 0) cursor.skip(8);   // creation order
  if ((flags & 16) != 0) cursor.skip(1);  // character set
  const uint64_t length = cursor.number(size_t{1} << (flags & 3));
  const auto name = cursor.take(length);
  Link link{{reinterpret_cast<const char*>(name.data()), name.size()}, std::nullopt};
  constexpr uint8_t kHard = 0;
  if (kind == kHard) link.address = cursor.u64();
  return link;
}

// Groups with many members keep them in a fractal heap. Keras never makes such groups.
void refuse_dense_links(const Message& message) {
  Cursor cursor(message.bytes, "a group's link information");
  cursor.skip(1);
  if ((cursor.u8() & 1) != 0) cursor.skip(8);
  if (cursor.u64() != kUndefined) {
    fail_unsupported(
        "the group keeps its members in dense storage; save the file with h5py's default settings");
  }
}

// Names go into messages, and no real one has control characters.
void check_names(const std::vector<Link>& links) {
  for (const Link& link : links) {
    if (std::any_of(link.name.begin(), link.name.end(),
                    [](char c) { return static_cast<uint8_t>(c) < 32; })) {
      fail_user("damaged HDF5 file: a member's name has control characters");
    }
  }
}

}  // namespace

std::vector<Link> read_links(const File& file, const Header& header) {
  std::vector<Link> links;
  if (const Message* table = header.find(kSymbolTable)) {
    Cursor cursor(table->bytes, "a symbol table");
    const uint64_t tree = cursor.u64();
    const LocalHeap heap(file, cursor.u64());
    TreeWalk walk{file, heap, &links};
    read_tree(walk, tree, kMaxTreeLevel);
  }
  if (const Message* info = header.find(kLinkInfo)) refuse_dense_links(*info);
  for (const Message& message : header.messages) {
    if (message.type == kLink) links.push_back(read_link_message(message));
  }
  check_names(links);
  return links;
}

}  // namespace mote::formats::hdf5_internal
