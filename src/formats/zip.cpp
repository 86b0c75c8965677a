#include "formats/zip.h"

#include <zip.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/error.h"

namespace mote::formats {
namespace {

struct DiscardArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseMember {
  void operator()(zip_file_t* member) const { zip_fclose(member); }
};
struct FreeSource {
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};
using Archive = std::unique_ptr<zip_t, DiscardArchive>;
using Member = std::unique_ptr<zip_file_t, CloseMember>;
using Source = std::unique_ptr<zip_source_t, FreeSource>;

class ZipError {
 public:
  ZipError() { zip_error_init(&error_); }
  ~ZipError() { zip_error_fini(&error_); }
  ZipError(const ZipError&) = delete;
  ZipError& operator=(const ZipError&) = delete;
  zip_error_t* get() { return &error_; }
  std::string text() { return zip_error_strerror(&error_); }

 private:
  zip_error_t error_;
};

Archive open_archive(const Buffer& bytes, const std::string& label) {
  ZipError error;
  Source source(zip_source_buffer_create(bytes.data(), bytes.size(), 0, error.get()));
  if (!source) fail_internal("{}: {}", label, error.text());
  Archive archive(zip_open_from_source(source.get(), ZIP_RDONLY, error.get()));
  if (!archive) {
    fail_user("{}: not a readable zip archive ({}); is the file complete?", label, error.text());
  }
  source.release();  // the archive owns it now
  return archive;
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

bool is_symlink(zip_t* archive, zip_uint64_t index) {
  zip_uint8_t system = 0;
  zip_uint32_t attributes = 0;
  if (zip_file_get_external_attributes(archive, index, 0, &system, &attributes) != 0) return false;
  constexpr zip_uint32_t kTypeMask = 0170000, kLink = 0120000;
  return system == ZIP_OPSYS_UNIX && (attributes >> 16 & kTypeMask) == kLink;
}

ZipMember describe(zip_t* archive, zip_uint64_t index, const std::string& label) {
  zip_stat_t stat;
  if (zip_stat_index(archive, index, 0, &stat) != 0) {
    fail_user("{}: member {} has a damaged directory entry", label, index);
  }
  constexpr zip_uint64_t kNeeded =
      ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
  if ((stat.valid & kNeeded) != kNeeded) {
    fail_user("{}: member {} has an incomplete directory entry", label, index);
  }
  const std::string name = stat.name;
  if (std::any_of(name.begin(), name.end(), [](char c) { return static_cast<uint8_t>(c) < 32; })) {
    fail_user("{}: member {} has control characters in its name; refused", label, index);
  }
  if (!is_safe_name(name)) {
    fail_user("{}: member '{}' has a name that could leave the archive's folder; refused", label,
              name);
  }
  if (is_symlink(archive, index)) {
    fail_user("{}: member '{}' is a symbolic link; refused", label, name);
  }
  return {name, stat.size, stat.comp_size, index};
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

void check_method(zip_t* archive, const ZipMember& member, const std::string& label) {
  zip_stat_t stat;
  if (zip_stat_index(archive, member.index, 0, &stat) != 0) {
    fail_user("{}: member '{}' has a damaged directory entry", label, member.name);
  }
  if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && stat.encryption_method != ZIP_EM_NONE) {
    fail_unsupported("{}: member '{}' is encrypted; save the archive without a password", label,
                     member.name);
  }
  if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE) {
    fail_unsupported("{}: member '{}' uses compression method {}; only stored and deflate are read",
                     label, member.name, stat.comp_method);
  }
}

}  // namespace

ZipReader::ZipReader(Buffer archive, std::string label)
    : archive_(std::move(archive)), label_(std::move(label)) {
  Archive opened = open_archive(archive_, label_);
  zip_t* const zip = opened.get();
  open_ = std::shared_ptr<zip_t>(std::move(opened));
  const zip_int64_t count = zip_get_num_entries(zip, 0);
  std::set<std::string> names;
  for (zip_int64_t i = 0; i < count; ++i) {
    members_.push_back(describe(zip, static_cast<zip_uint64_t>(i), label_));
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
  zip_t* const zip = static_cast<zip_t*>(open_.get());
  check_method(zip, *member, label_);
  const Member file(zip_fopen_index(zip, member->index, 0));
  if (!file) {
    fail_user("{}: member '{}' can't be read ({})", label_, name, zip_strerror(zip));
  }
  Buffer::Writable out = Buffer::allocate(static_cast<size_t>(member->size_bytes));
  uint64_t done = 0;
  while (done < member->size_bytes) {
    const zip_int64_t got = zip_fread(file.get(), out.bytes + done, member->size_bytes - done);
    if (got <= 0) {
      fail_user("{}: member '{}' is damaged at byte {} of {} ({})", label_, name, done,
                member->size_bytes, zip_file_strerror(file.get()));
    }
    done += static_cast<uint64_t>(got);
  }
  // Reading past the end makes the library check the CRC.
  std::byte extra;
  if (zip_fread(file.get(), &extra, 1) != 0) {
    fail_user("{}: member '{}' is damaged ({})", label_, name, zip_file_strerror(file.get()));
  }
  return out.buffer;
}

std::vector<std::byte> write_zip(std::span<const ZipEntry> entries, bool deflate) {
  ZipError error;
  Source target(zip_source_buffer_create(nullptr, 0, 0, error.get()));
  if (!target) fail_internal("zip: {}", error.text());
  zip_source_keep(target.get());  // once for the archive, once for reading the result
  Archive zip(zip_open_from_source(target.get(), ZIP_TRUNCATE, error.get()));
  if (!zip) {
    zip_source_free(target.get());
    fail_internal("zip: {}", error.text());
  }
  for (const ZipEntry& entry : entries) {
    Source source(zip_source_buffer(zip.get(), entry.bytes.data(), entry.bytes.size(), 0));
    const zip_int64_t index =
        source ? zip_file_add(zip.get(), entry.name.c_str(), source.get(), ZIP_FL_ENC_UTF_8) : -1;
    if (index < 0) fail_internal("zip: '{}': {}", entry.name, zip_strerror(zip.get()));
    source.release();
    const auto at = static_cast<zip_uint64_t>(index);
    constexpr zip_uint16_t kDay1 = 1 << 5 | 1;  // 1980-01-01, the first date that the format knows
    zip_file_set_dostime(zip.get(), at, 0, kDay1, 0);
    zip_set_file_compression(zip.get(), at, deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
  }
  if (zip_close(zip.get()) != 0) fail_internal("zip: {}", zip_strerror(zip.get()));
  zip.release();  // closing freed it
  if (entries.empty()) return {};
  zip_stat_t stat;
  if (zip_source_open(target.get()) != 0 || zip_source_stat(target.get(), &stat) != 0) {
    fail_internal("zip: the written archive can't be read back");
  }
  std::vector<std::byte> bytes(static_cast<size_t>(stat.size));
  const zip_int64_t got = zip_source_read(target.get(), bytes.data(), bytes.size());
  zip_source_close(target.get());
  if (got < 0 || static_cast<size_t>(got) != bytes.size()) {
    fail_internal("zip: the written archive can't be read back");
  }
  return bytes;
}

}  // namespace mote::formats
