#include "formats/zip.h"

#include <minizip/unzip.h>
#include <minizip/zip.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <set>

#include "base/error.h"

namespace mote::formats {
namespace {

constexpr uint16_t kEncrypted = 1, kUtf8 = 1 << 11;  // a member's flags

// What minizip takes for a file: bytes that are read, or a vector that grows where it is written.
struct Stream {
  std::span<const std::byte> bytes;
  std::vector<std::byte>* out = nullptr;
  uint64_t at = 0;
  bool ran_out = false;  // something was wanted that lies past the end

  uint64_t size() const { return out ? out->size() : bytes.size(); }
};

Stream& stream_of(void* stream) { return *static_cast<Stream*>(stream); }

void* open_stream(void* opaque, const void*, int) {
  stream_of(opaque).at = 0;
  return opaque;
}

uLong read_stream(void*, void* stream, void* to, uLong size) {
  Stream& s = stream_of(stream);
  const std::byte* data = s.out ? s.out->data() : s.bytes.data();
  const uint64_t count = std::min<uint64_t>(size, s.at < s.size() ? s.size() - s.at : 0);
  if (count) std::memcpy(to, data + s.at, static_cast<size_t>(count));
  s.at += count;
  s.ran_out = s.ran_out || count < size;
  return static_cast<uLong>(count);
}

uLong write_stream(void*, void* stream, const void* from, uLong size) {
  Stream& s = stream_of(stream);
  if (!s.out || size == 0) return 0;
  try {
    if (s.out->size() < s.at + size) s.out->resize(static_cast<size_t>(s.at + size));
  } catch (const std::bad_alloc&) {
    return 0;  // minizip's own code stands between here and who could catch it
  }
  std::memcpy(s.out->data() + s.at, from, size);
  s.at += size;
  return size;
}

ZPOS64_T tell_stream(void*, void* stream) { return stream_of(stream).at; }

long seek_stream(void*, void* stream, ZPOS64_T offset, int origin) {
  Stream& s = stream_of(stream);
  const uint64_t from = origin == ZLIB_FILEFUNC_SEEK_CUR   ? s.at
                        : origin == ZLIB_FILEFUNC_SEEK_END ? s.size()
                                                           : 0;
  if (from > s.size() || offset > s.size() - from) return -1;
  s.at = from + offset;
  return 0;
}

int close_stream(void*, void*) { return 0; }
int error_of_stream(void*, void*) { return 0; }

zlib_filefunc64_def functions(Stream* stream) {
  return {open_stream, read_stream,  write_stream,    tell_stream,
          seek_stream, close_stream, error_of_stream, stream};
}

// An archive that is read. It refers to itself, so it stays where it is.
class Archive {
 public:
  Archive(std::span<const std::byte> bytes, const std::string& label) : stream_{bytes} {
    zlib_filefunc64_def calls = functions(&stream_);
    file_ = unzOpen2_64("", &calls);
    // minizip takes an end record that is cut.
    if (!file_ || stream_.ran_out) {
      unzClose(file_);
      fail_user("{}: not a readable zip archive; is the file complete?", label);
    }
  }
  ~Archive() { unzClose(file_); }
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  unzFile get() { return file_; }

 private:
  Stream stream_;
  unzFile file_ = nullptr;
};

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

bool is_symlink(const unz_file_info64& info) {
  constexpr uLong kUnix = 3, kTypeMask = 0170000, kLink = 0120000;
  return info.version >> 8 == kUnix && (info.external_fa >> 16 & kTypeMask) == kLink;
}

// The member at which the archive stands.
ZipMember describe(unzFile archive, const std::string& label) {
  unz_file_info64 info{};
  unz64_file_pos place{};
  const auto get = [&](char* name, size_t name_bytes) {
    return unzGetCurrentFileInfo64(archive, &info, name, static_cast<uLong>(name_bytes), nullptr, 0,
                                   nullptr, 0) == UNZ_OK;
  };
  bool is_sound = get(nullptr, 0) && unzGetFilePos64(archive, &place) == UNZ_OK;
  std::string name(is_sound ? info.size_filename : 0, '\0');
  is_sound = is_sound && get(name.data(), name.size());
  if (!is_sound) fail_user("{}: a damaged entry in the archive's directory", label);
  for (char& c : name) {
    if (static_cast<uint8_t>(c) < 32) {
      fail_user("{}: a member has control characters in its name; refused", label);
    }
    // Names in old code pages: none that a model's file has, so what they said matters little.
    if (static_cast<uint8_t>(c) >= 0x7f && !(info.flag & kUtf8)) c = '?';
  }
  if (!is_safe_name(name)) {
    fail_user("{}: member '{}' has a name that could leave the archive's folder; refused", label,
              name);
  }
  if (is_symlink(info)) fail_user("{}: member '{}' is a symbolic link; refused", label, name);
  return {name,
          info.uncompressed_size,
          info.compressed_size,
          {place.pos_in_zip_directory, place.num_of_file},
          static_cast<uint16_t>(info.flag),
          static_cast<uint16_t>(info.compression_method)};
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
  if (member.method != 0 && member.method != Z_DEFLATED) {
    fail_unsupported("{}: member '{}' uses compression method {}; only stored and deflate are read",
                     label, member.name, member.method);
  }
}

}  // namespace

ZipReader::ZipReader(Buffer archive, std::string label)
    : archive_(std::move(archive)), label_(std::move(label)) {
  Archive zip(archive_.bytes(), label_);
  unz_global_info64 global{};
  if (unzGetGlobalInfo64(zip.get(), &global) != UNZ_OK) {
    fail_user("{}: the archive's directory is damaged", label_);
  }
  std::set<std::string> names;
  int status = global.number_entry ? unzGoToFirstFile(zip.get()) : UNZ_END_OF_LIST_OF_FILE;
  for (; status == UNZ_OK; status = unzGoToNextFile(zip.get())) {
    members_.push_back(describe(zip.get(), label_));
    if (!names.insert(members_.back().name).second) {
      fail_user("{}: member '{}' appears twice; refused", label_, members_.back().name);
    }
  }
  if (status != UNZ_END_OF_LIST_OF_FILE) {
    fail_user("{}: the archive's directory is damaged after {} members", label_, members_.size());
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
  Archive zip(archive_.bytes(), label_);
  const unz64_file_pos place{member->place.directory_offset, member->place.index};
  if (unzGoToFilePos64(zip.get(), &place) != UNZ_OK || unzOpenCurrentFile(zip.get()) != UNZ_OK) {
    fail_user("{}: member '{}' can't be read (its header is damaged)", label_, name);
  }
  Buffer::Writable out = Buffer::allocate(static_cast<size_t>(member->size_bytes));
  uint64_t done = 0;
  while (done < member->size_bytes) {
    const auto left = static_cast<unsigned>(member->size_bytes - done);  // at most 2^30
    const int got = unzReadCurrentFile(zip.get(), out.bytes + done, left);
    if (got <= 0) {
      fail_user("{}: member '{}' is damaged at byte {} of {}", label_, name, done,
                member->size_bytes);
    }
    done += static_cast<uint64_t>(got);
  }
  std::byte extra;
  if (unzReadCurrentFile(zip.get(), &extra, 1) != 0 || unzCloseCurrentFile(zip.get()) != UNZ_OK) {
    fail_user("{}: member '{}' is damaged: its size or checksum is wrong", label_, name);
  }
  return out.buffer;
}

std::vector<std::byte> write_zip(std::span<const ZipEntry> entries, bool deflate) {
  std::vector<std::byte> out;
  Stream stream{{}, &out};
  zlib_filefunc64_def calls = functions(&stream);
  const zipFile zip = zipOpen2_64("", APPEND_STATUS_CREATE, nullptr, &calls);
  if (!zip) throw std::bad_alloc();
  zip_fileinfo info{};
  info.dosDate = (1u << 5 | 1u) << 16;  // 1980-01-01, the first date that the format knows
  bool is_written = true;
  for (const ZipEntry& entry : entries) {
    const int zip64 = entry.bytes.size() >= 0xffffffff;
    is_written = is_written &&
                 zipOpenNewFileInZip4_64(zip, entry.name.c_str(), &info, nullptr, 0, nullptr, 0,
                                         nullptr, deflate ? Z_DEFLATED : 0, Z_DEFAULT_COMPRESSION,
                                         0, -MAX_WBITS, DEF_MEM_LEVEL, Z_DEFAULT_STRATEGY, nullptr,
                                         0, 0, kUtf8, zip64) == ZIP_OK;
    for (size_t done = 0; is_written && done < entry.bytes.size();) {
      const size_t count = std::min(entry.bytes.size() - done, size_t{1} << 30);
      is_written = zipWriteInFileInZip(zip, entry.bytes.data() + done,
                                       static_cast<unsigned>(count)) == ZIP_OK;
      done += count;
    }
    is_written = is_written && zipCloseFileInZip(zip) == ZIP_OK;
  }
  is_written = zipClose(zip, nullptr) == ZIP_OK && is_written;
  if (!is_written) throw std::bad_alloc();  // there is nothing else that could have failed
  return out;
}

}  // namespace mote::formats
