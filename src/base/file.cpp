#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include "base/error.h"

namespace mote {
namespace {

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

// A file in memory. All of them are known, so that what lies in a file can be told from what does
// not: giving back the latter would lose it.
class Mapping {
 public:
  Mapping(const std::byte* data, size_t size_bytes) : bytes_(data, size_bytes) {
    const std::lock_guard lock(mutex());
    all().insert(this);
  }
  ~Mapping() {
    {
      const std::lock_guard lock(mutex());
      all().erase(this);
    }
    ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

  static bool is_mapped(std::span<const std::byte> part) {
    const std::lock_guard lock(mutex());
    return std::any_of(all().begin(), all().end(), [&](const Mapping* mapping) {
      const auto whole = mapping->bytes_;
      return std::less_equal<>()(whole.data(), part.data()) &&
             std::less_equal<>()(part.data() + part.size(), whole.data() + whole.size());
    });
  }

 private:
  static std::mutex& mutex() {
    static std::mutex one;
    return one;
  }
  static std::set<const Mapping*>& all() {
    static std::set<const Mapping*> mappings;
    return mappings;
  }

  std::span<const std::byte> bytes_;
};

void write_all(int fd, const std::string& path, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_user("{}: can't write: {}", path, std::strerror(errno));
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  if (::fsync(fd) != 0 && errno != EINVAL)
    fail_user("{}: can't write: {}", path, std::strerror(errno));
}

}  // namespace

Buffer map_file(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) fail_user("{}: can't open: {}", path, std::strerror(errno));
  struct stat info {};
  if (::fstat(file.fd, &info) != 0) fail_user("{}: can't read: {}", path, std::strerror(errno));
  if (S_ISDIR(info.st_mode)) fail_user("{}: is a folder, expected a file", path);
  const auto size = static_cast<size_t>(info.st_size);
  if (size == 0) return {};
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (address == MAP_FAILED) fail_user("{}: can't read: {}", path, std::strerror(errno));
  auto mapping = std::make_shared<const Mapping>(static_cast<const std::byte*>(address), size);
  const auto bytes = mapping->bytes();
  return {std::move(mapping), bytes};
}

void release_mapped(std::span<const std::byte> bytes) noexcept {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<uintptr_t>(bytes.data()) + page - 1) / page * page;
  const auto end = reinterpret_cast<uintptr_t>(bytes.data() + bytes.size()) / page * page;
  if (begin >= end || !Mapping::is_mapped(bytes)) return;
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

void write_file(const std::string& path, std::span<const std::byte> bytes) {
  std::string temporary = path + ".XXXXXX";
  const Descriptor file{::mkostemp(temporary.data(), O_CLOEXEC)};
  if (file.fd < 0) fail_user("{}: can't write: {}", path, std::strerror(errno));
  try {
    write_all(file.fd, path, bytes);
    const mode_t mask = ::umask(0);
    ::umask(mask);
    if (::fchmod(file.fd, 0666 & ~mask) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) {
      fail_user("{}: can't write: {}", path, std::strerror(errno));
    }
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

bool file_exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::string file_name(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

std::string file_extension(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  for (char& c : extension) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return extension;
}

}  // namespace mote
