// HDF5's on-disk structures: what hdf5.cpp, hdf5_header.cpp, hdf5_group.cpp and hdf5_data.cpp
// share. All of them throw an Error on anything that the file can't be right about.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "formats/array.h"

namespace mote::formats::hdf5_internal {

inline constexpr uint64_t kUndefined = UINT64_MAX;  // an address that means "none"
// Bounds on what one object may need. A Keras file stays far below all of them.
inline constexpr size_t kMaxMessages = 4096;
inline constexpr size_t kMaxBlocks = 256;         // continuation blocks of one object header
inline constexpr size_t kMaxMembers = 1 << 16;    // members of one group
inline constexpr size_t kMaxStrings = 1 << 20;    // strings in one attribute
inline constexpr size_t kMaxNodes = 1 << 20;      // B-tree entries of one group or data set
inline constexpr size_t kMaxNameBytes = 1 << 24;  // names of one group, together
inline constexpr size_t kMaxTextBytes = 1 << 26;  // text of one attribute

// A bounded little-endian reader of one structure.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, std::string_view what) : bytes_(bytes), what_(what) {}

  uint64_t number(size_t width) {
    const std::span<const std::byte> raw = take(width);
    uint64_t value = 0;
    for (size_t i = 0; i < width; ++i) value |= std::to_integer<uint64_t>(raw[i]) << (8 * i);
    return value;
  }
  uint8_t u8() { return static_cast<uint8_t>(number(1)); }
  uint16_t u16() { return static_cast<uint16_t>(number(2)); }
  uint32_t u32() { return static_cast<uint32_t>(number(4)); }
  uint64_t u64() { return number(8); }
  std::span<const std::byte> take(uint64_t size) {
    if (size > bytes_.size() - at_) fail_user("damaged HDF5 file: {} is cut off", what_);
    const auto part = bytes_.subspan(at_, static_cast<size_t>(size));
    at_ += static_cast<size_t>(size);
    return part;
  }
  void skip(uint64_t size) { take(size); }
  void expect(std::string_view magic) {
    const auto raw = take(magic.size());
    if (std::string_view(reinterpret_cast<const char*>(raw.data()), raw.size()) != magic) {
      fail_user("damaged HDF5 file: {} has the wrong signature", what_);
    }
  }
  size_t at() const { return at_; }
  size_t left() const { return bytes_.size() - at_; }

 private:
  std::span<const std::byte> bytes_;
  std::string_view what_;
  size_t at_ = 0;
};

struct File {
  Buffer bytes;
  std::string label;

  // `size` bytes at `address`; throws if the file does not have them.
  std::span<const std::byte> at(uint64_t address, uint64_t size, std::string_view what) const {
    if (address > bytes.size() || size > bytes.size() - address) {
      fail_user("damaged HDF5 file: {} lies outside the file", what);
    }
    return bytes.bytes().subspan(static_cast<size_t>(address), static_cast<size_t>(size));
  }
  // Everything from `address` to the end of the file.
  Cursor cursor(uint64_t address, std::string_view what) const {
    return {at(address, address > bytes.size() ? 0 : bytes.size() - address, what), what};
  }
};

enum MessageType : uint16_t {
  kDataspace = 0x01,
  kLinkInfo = 0x02,
  kDatatype = 0x03,
  kLink = 0x06,
  kExternalFiles = 0x07,
  kLayout = 0x08,
  kFilters = 0x0b,
  kAttribute = 0x0c,
  kContinuation = 0x10,
  kSymbolTable = 0x11,
  kAttributeInfo = 0x15,
};

struct Message {
  uint16_t type = 0;
  bool shared = false;
  std::span<const std::byte> bytes;
};

// One object's header, both versions.
struct Header {
  std::vector<Message> messages;

  const Message* find(uint16_t type) const {
    for (const Message& message : messages) {
      if (message.type == type) return &message;
    }
    return nullptr;
  }
};
Header read_header(const File& file, uint64_t address);
// The root group's header address.
uint64_t read_superblock(const File& file);

// Element types.
struct Type {
  enum class Kind { number, fixed_text, variable_text, opaque, other };
  Kind kind = Kind::other;
  DType dtype = DType::f32;  // where kind is number
  bool big_endian = false;
  uint32_t size_bytes = 0;
  std::string what;  // for messages
};
Type read_type(Cursor& cursor);

// Extents; empty for a null dataspace.
struct Space {
  bool null = false;
  std::vector<int64_t> dims;
  int64_t elements = 1;  // checked against kMaxElements
};
Space read_space(Cursor& cursor);

struct Attribute {
  std::string name;
  Type type;
  Space space;
  std::span<const std::byte> data;
};
Attribute read_attribute(const Message& message);

// Groups: the members as (name, header address). A link that is not a hard one has no address.
struct Link {
  std::string name;
  std::optional<uint64_t> address;
};
std::vector<Link> read_links(const File& file, const Header& header);

// Numbers from raw elements in the file's byte order.
Array to_array(const Type& type, const Space& space, std::span<const std::byte> raw);
std::vector<std::string> to_strings(const File& file, const Type& type, const Space& space,
                                    std::span<const std::byte> raw);
// A data set's raw elements. The span points into the file or into `storage`.
std::span<const std::byte> read_raw(const File& file, const Header& header, const Type& type,
                                    const Space& space, std::vector<std::byte>* storage);

}  // namespace mote::formats::hdf5_internal
