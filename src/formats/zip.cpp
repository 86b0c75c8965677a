#include "formats/zip.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <optional>
#include <set>

#include "base/error.h"

// The format is PKWARE's APPNOTE.TXT; numbers in brackets are its sections.
namespace mote::formats {
namespace {

static_assert(std::endian::native == std::endian::little);  // as the format is

constexpr uint32_t kLocalMark = 0x04034b50, kMemberMark = 0x02014b50, kEndMark = 0x06054b50;
constexpr uint32_t kEnd64Mark = 0x06064b50, kLocator64Mark = 0x07064b50;
constexpr size_t kLocalBytes = 30, kMemberBytes = 46, kEndBytes = 22;
constexpr size_t kEnd64Bytes = 56, kLocator64Bytes = 20;
constexpr size_t kMaxCommentBytes = 0xffff;
constexpr uint16_t kStored = 0, kDeflated = 8;
constexpr uint16_t kEncrypted = 1, kUtf8 = 1 << 11;
constexpr uint32_t kElsewhere = 0xffffffff;  // the value stands in the 64-bit extra field
constexpr uint16_t kExtra64 = 1;

// Little-endian numbers anywhere in the archive; reading outside of it is the archive's fault.
class Bytes {
 public:
  Bytes(std::span<const std::byte> bytes, const std::string& label)
      : bytes_(bytes), label_(label) {}

  size_t size() const { return bytes_.size(); }
  template <class T>
  T at(uint64_t offset) const {
    T value;
    std::memcpy(&value, span(offset, sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::span<const std::byte> span(uint64_t offset, uint64_t count) const {
    if (offset > bytes_.size() || count > bytes_.size() - offset) {
      fail_user("{}: not a readable zip archive (it ends early); is the file complete?", label_);
    }
    return bytes_.subspan(static_cast<size_t>(offset), static_cast<size_t>(count));
  }
  std::string text(uint64_t offset, uint64_t count) const {
    const auto chars = span(offset, count);
    return {reinterpret_cast<const char*>(chars.data()), chars.size()};
  }

 private:
  std::span<const std::byte> bytes_;
  const std::string& label_;
};

struct Directory {
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
  uint64_t members = 0;
};

// Where the directory lies, from the record at the archive's end [4.3.16] or, where that is too
// narrow, the 64-bit one before it [4.3.14, 4.3.15].
Directory find_directory(const Bytes& bytes, const std::string& label) {
  const size_t last = bytes.size() >= kEndBytes ? bytes.size() - kEndBytes : 0;
  const size_t first = last > kMaxCommentBytes ? last - kMaxCommentBytes : 0;
  std::optional<size_t> end;
  for (size_t at = last + 1; at-- > first && !end;) {
    if (bytes.size() - at >= kEndBytes && bytes.at<uint32_t>(at) == kEndMark) end = at;
  }
  if (!end) {
    fail_user("{}: not a readable zip archive (no directory); is the file complete?", label);
  }
  Directory found{bytes.at<uint32_t>(*end + 16), bytes.at<uint32_t>(*end + 12),
                  bytes.at<uint16_t>(*end + 10)};
  uint64_t limit = *end;
  if (found.offset == kElsewhere || found.size_bytes == kElsewhere || found.members == 0xffff) {
    if (*end >= kLocator64Bytes && bytes.at<uint32_t>(*end - kLocator64Bytes) == kLocator64Mark) {
      const auto at = bytes.at<uint64_t>(*end - kLocator64Bytes + 8);
      if (bytes.at<uint32_t>(at) != kEnd64Mark) {
        fail_user("{}: not a readable zip archive (its 64-bit end is damaged)", label);
      }
      bytes.span(at, kEnd64Bytes);
      found = {bytes.at<uint64_t>(at + 48), bytes.at<uint64_t>(at + 40),
               bytes.at<uint64_t>(at + 32)};
      limit = at;
    }
  }
  if (found.offset > limit || found.size_bytes > limit - found.offset ||
      found.members > found.size_bytes / kMemberBytes) {
    fail_user("{}: not a readable zip archive (its directory is damaged); is the file complete?",
              label);
  }
  return found;
}

// True if the name stays inside the folder that the archive stands for.
bool is_safe_name(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.find('\\') != name.npos) return false;
  if (name.size() > 1 && name[1] == ':') return false;  // a drive
  size_t begin = 0;
  while (begin <= name.size()) {
    const size_t end = std::min(name.find('/', begin), name.size());
    if (name.substr(begin, end - begin) == "..") return false;
    begin = end + 1;
  }
  return true;
}

// Of the directory's entry at `entry`: made on Unix, and a link there [4.4.2, 4.4.15].
bool is_symlink(const Bytes& bytes, uint64_t entry) {
  constexpr uint8_t kUnix = 3;
  constexpr uint32_t kTypeMask = 0170000, kLink = 0120000;
  return bytes.at<uint8_t>(entry + 5) == kUnix &&
         (bytes.at<uint32_t>(entry + 38) >> 16 & kTypeMask) == kLink;
}

// 64-bit values from the extra field [4.5.3]: there is one for each that does not fit, in this
// order.
void read_extra64(const Bytes& bytes, uint64_t extra, uint64_t extra_bytes, ZipMember* member) {
  uint64_t* const wide[] = {&member->size_bytes, &member->packed_bytes, &member->offset};
  const uint64_t end = extra + extra_bytes;
  for (uint64_t at = extra; at + 4 <= end;) {
    const uint64_t length = bytes.at<uint16_t>(at + 2);
    if (bytes.at<uint16_t>(at) == kExtra64) {
      uint64_t from = at + 4;
      for (uint64_t* value : wide) {
        if (*value != kElsewhere || from + 8 > std::min(end, at + 4 + length)) continue;
        *value = bytes.at<uint64_t>(from);
        from += 8;
      }
      return;
    }
    at += 4 + length;
  }
}

// The directory's entry at *entry [4.3.12]; moves on to the next.
ZipMember describe(const Bytes& bytes, uint64_t* entry, const std::string& label) {
  const uint64_t at = *entry;
  bytes.span(at, kMemberBytes);
  if (bytes.at<uint32_t>(at) != kMemberMark) {
    fail_user("{}: the directory of this zip archive is damaged at byte {}", label, at);
  }
  const uint64_t name_bytes = bytes.at<uint16_t>(at + 28),
                 extra_bytes = bytes.at<uint16_t>(at + 30),
                 comment_bytes = bytes.at<uint16_t>(at + 32);
  ZipMember member;
  member.name = bytes.text(at + kMemberBytes, name_bytes);
  member.packed_bytes = bytes.at<uint32_t>(at + 20);
  member.size_bytes = bytes.at<uint32_t>(at + 24);
  member.offset = bytes.at<uint32_t>(at + 42);
  member.crc = bytes.at<uint32_t>(at + 16);
  member.flags = bytes.at<uint16_t>(at + 8);
  member.method = bytes.at<uint16_t>(at + 10);
  bytes.span(at + kMemberBytes, name_bytes + extra_bytes + comment_bytes);
  read_extra64(bytes, at + kMemberBytes + name_bytes, extra_bytes, &member);
  *entry = at + kMemberBytes + name_bytes + extra_bytes + comment_bytes;

  for (char& c : member.name) {
    if (static_cast<uint8_t>(c) < 32) {
      fail_user("{}: a member has control characters in its name; refused", label);
    }
    // Names in old code pages: none that a model's file has, so what they said matters little.
    if (static_cast<uint8_t>(c) >= 0x7f && !(member.flags & kUtf8)) c = '?';
  }
  if (!is_safe_name(member.name)) {
    fail_user("{}: member '{}' has a name that could leave the archive's folder; refused", label,
              member.name);
  }
  if (is_symlink(bytes, at)) {
    fail_user("{}: member '{}' is a symbolic link; refused", label, member.name);
  }
  return member;
}

void check_growth(const ZipMember& member, size_t archive_bytes, const std::string& label) {
  if (member.packed_bytes > archive_bytes) {
    fail_user("{}: member '{}' claims {} packed bytes, but the archive has {}", label, member.name,
              member.packed_bytes, archive_bytes);
  }
  if (member.size_bytes > kMaxZipMemberBytes) {
    fail_user("{}: member '{}' unpacks to {} bytes; the limit is {}", label, member.name,
              member.size_bytes, kMaxZipMemberBytes);
  }
  if (member.size_bytes > kFreeZipBytes && member.size_bytes / kMaxZipRatio > member.packed_bytes) {
    fail_user("{}: member '{}' unpacks from {} to {} bytes, which no model needs; refused", label,
              member.name, member.packed_bytes, member.size_bytes);
  }
}

void check_method(const ZipMember& member, const std::string& label) {
  if (member.flags & kEncrypted) {
    fail_unsupported("{}: member '{}' is encrypted; save the archive without a password", label,
                     member.name);
  }
  if (member.method != kStored && member.method != kDeflated) {
    fail_unsupported("{}: member '{}' uses compression method {}; only stored and deflate are read",
                     label, member.name, member.method);
  }
}

// Unpacks all of `packed` into exactly `size_bytes` bytes; false if they are not what it holds.
// Both are below 2^31 (check_growth; the archive may be larger, its members' use of it is not).
bool inflate_all(std::span<const std::byte> packed, std::byte* out, size_t size_bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> closer(&stream, inflateEnd);
  Bytef end;  // zlib wants a place for the output even where there is none
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = size_bytes ? reinterpret_cast<Bytef*>(out) : &end;
  stream.avail_out = static_cast<uInt>(size_bytes);
  return inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_out == 0;
}

uint32_t crc_of(std::span<const std::byte> bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

ZipReader::ZipReader(Buffer archive, std::string label)
    : archive_(std::move(archive)), label_(std::move(label)) {
  const Bytes bytes(archive_.bytes(), label_);
  const Directory directory = find_directory(bytes, label_);
  std::set<std::string> names;
  uint64_t entry = directory.offset;
  for (uint64_t i = 0; i < directory.members; ++i) {
    members_.push_back(describe(bytes, &entry, label_));
    if (!names.insert(members_.back().name).second) {
      fail_user("{}: member '{}' appears twice; refused", label_, members_.back().name);
    }
  }
}

const ZipMember* ZipReader::find(std::string_view name) const {
  const auto at = std::find_if(members_.begin(), members_.end(),
                               [&](const ZipMember& member) { return member.name == name; });
  return at == members_.end() ? nullptr : &*at;
}

Buffer ZipReader::read(std::string_view name) const {
  const ZipMember* member = find(name);
  if (member == nullptr) fail_user("{}: has no member '{}'", label_, name);
  check_growth(*member, archive_.size(), label_);
  check_method(*member, label_);
  const Bytes bytes(archive_.bytes(), label_);
  const uint64_t at = member->offset;
  bytes.span(at, kLocalBytes);  // the member's own header [4.3.7]
  if (bytes.at<uint32_t>(at) != kLocalMark) {
    fail_user("{}: member '{}' can't be read (its header is damaged)", label_, name);
  }
  const uint64_t begin =
      at + kLocalBytes + bytes.at<uint16_t>(at + 26) + bytes.at<uint16_t>(at + 28);
  constexpr uint64_t kMaxPacked = uint64_t{1} << 31;  // of 2^30 bytes, however badly deflated
  if (member->packed_bytes > kMaxPacked) {
    fail_user("{}: member '{}' is damaged: {} packed bytes", label_, name, member->packed_bytes);
  }
  const auto packed = bytes.span(begin, member->packed_bytes);
  const auto size_bytes = static_cast<size_t>(member->size_bytes);
  if (member->method == kStored && packed.size() != size_bytes) {
    fail_user("{}: member '{}' is damaged: {} bytes are stored of {}", label_, name, packed.size(),
              size_bytes);
  }
  Buffer::Writable out = Buffer::allocate(size_bytes);
  if (member->method == kStored) {
    if (size_bytes) std::memcpy(out.bytes, packed.data(), size_bytes);
  } else if (!inflate_all(packed, out.bytes, size_bytes)) {
    fail_user("{}: member '{}' is damaged: it does not unpack to {} bytes", label_, name,
              size_bytes);
  }
  if (crc_of(out.buffer.bytes()) != member->crc) {
    fail_user("{}: member '{}' is damaged: its checksum is wrong", label_, name);
  }
  return out.buffer;
}

namespace {

class Writer {
 public:
  template <class T>
  void number(T value) {
    const auto* at = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), at, at + sizeof(T));
  }
  void append(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void append(const std::string& text) { append(std::as_bytes(std::span(text))); }
  size_t size() const { return bytes_.size(); }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

struct Packed {
  uint16_t method = kStored;
  uint32_t crc = 0;
  std::vector<std::byte> bytes;  // empty where stored
};

Packed pack(const ZipEntry& entry, bool deflate) {
  Packed packed;
  packed.crc = crc_of(entry.bytes);
  if (!deflate || entry.bytes.empty()) return packed;
  z_stream stream{};
  constexpr int kMemory = 8;  // zlib's default
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, kMemory,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  const std::unique_ptr<z_stream, int (*)(z_stream*)> closer(&stream, deflateEnd);
  packed.bytes.resize(deflateBound(&stream, entry.bytes.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(entry.bytes.data()));
  stream.avail_in = static_cast<uInt>(entry.bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.bytes.data());
  stream.avail_out = static_cast<uInt>(packed.bytes.size());
  if (::deflate(&stream, Z_FINISH) != Z_STREAM_END) fail_internal("zip: '{}'", entry.name);
  packed.bytes.resize(stream.total_out);
  packed.method = kDeflated;
  return packed;
}

// The fields that a member's own header and the directory's entry share.
void write_common(Writer& out, const Packed& packed, size_t packed_bytes, const ZipEntry& entry) {
  constexpr uint16_t kVersion = 20;       // of deflate
  constexpr uint16_t kDay1 = 1 << 5 | 1;  // 1980-01-01, the first date that the format knows
  out.number(kVersion);
  out.number(kUtf8);
  out.number(packed.method);
  out.number(uint16_t{0});
  out.number(kDay1);
  out.number(packed.crc);
  out.number(static_cast<uint32_t>(packed_bytes));
  out.number(static_cast<uint32_t>(entry.bytes.size()));
  out.number(static_cast<uint16_t>(entry.name.size()));
  out.number(uint16_t{0});  // no extra field
}

}  // namespace

std::vector<std::byte> write_zip(std::span<const ZipEntry> entries, bool deflate) {
  Writer out, directory;
  for (const ZipEntry& entry : entries) {
    if (entry.bytes.size() > kMaxZipMemberBytes || entry.name.size() > 0xffff ||
        out.size() > kElsewhere - 1 - 2 * kMaxZipMemberBytes || entries.size() >= 0xffff) {
      fail_user("'{}' does not fit a zip archive of up to 2 GiB", entry.name);
    }
    const Packed packed = pack(entry, deflate);
    const auto bytes = packed.method == kStored ? entry.bytes : std::span(packed.bytes);
    const auto offset = static_cast<uint32_t>(out.size());
    out.number(kLocalMark);
    write_common(out, packed, bytes.size(), entry);
    out.append(entry.name);
    out.append(bytes);

    directory.number(kMemberMark);
    directory.number(uint16_t{20});  // made by something that has no permissions
    write_common(directory, packed, bytes.size(), entry);
    directory.number(uint16_t{0});  // no comment
    directory.number(uint16_t{0});  // disk
    directory.number(uint16_t{0});  // attributes, inside and outside
    directory.number(uint32_t{0});
    directory.number(offset);
    directory.append(entry.name);
  }
  const auto begin = static_cast<uint32_t>(out.size());
  const auto size_bytes = static_cast<uint32_t>(directory.size());
  const auto members = static_cast<uint16_t>(entries.size());
  out.append(directory.take());
  out.number(kEndMark);
  out.number(uint32_t{0});  // disks
  out.number(members);
  out.number(members);
  out.number(size_bytes);
  out.number(begin);
  out.number(uint16_t{0});  // no comment
  return out.take();
}

}  // namespace mote::formats
