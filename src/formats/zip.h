// Zip archives (.keras, .npz), read from memory and written whole.
//
// Archives come from strangers. A name that could leave the folder, a symbolic link, an encrypted
// or oddly compressed member, two members of one name, or a member that grows beyond all reason
// when unpacked is refused with an Error that names the archive and the member.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"

namespace mote::formats {

inline constexpr uint64_t kMaxZipMemberBytes = uint64_t{1} << 30;
// A member may be this many times larger than its packed bytes; below kFreeZipBytes any ratio is
// fine.
inline constexpr uint64_t kMaxZipRatio = 200;
inline constexpr uint64_t kFreeZipBytes = uint64_t{64} << 20;

struct ZipMember {
  std::string name;
  uint64_t size_bytes = 0;
  uint64_t packed_bytes = 0;
  struct {
    uint64_t directory_offset = 0;
    uint64_t index = 0;
  } place = {};
  uint16_t flags = 0;
  uint16_t method = 0;
};

// Several threads may read from one reader.
class ZipReader {
 public:
  // `label` names the archive in messages. Throws an Error if the bytes are not a sound archive.
  ZipReader(Buffer archive, std::string label);

  const std::vector<ZipMember>& members() const { return members_; }
  bool has(std::string_view name) const { return find(name) != nullptr; }
  // The member's bytes, unpacked and checked against their CRC. Throws an Error that names it.
  Buffer read(std::string_view name) const;

 private:
  const ZipMember* find(std::string_view name) const;

  Buffer archive_;
  std::string label_;
  std::vector<ZipMember> members_;
};

struct ZipEntry {
  std::string name;
  std::span<const std::byte> bytes;
};

// The archive as bytes. The same entries give the same bytes: every time stamp is 1980-01-01.
std::vector<std::byte> write_zip(std::span<const ZipEntry> entries, bool deflate);

}  // namespace mote::formats
