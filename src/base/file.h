// Files: reading by memory map, and writing that appears whole or not at all.
#pragma once

#include <span>
#include <string>

#include "base/buffer.h"

namespace mote {

// The file's bytes, mapped read-only; the mapping lives as long as the last Buffer that refers to
// it. Throws an Error that names the file and the cause.
Buffer map_file(const std::string& path);

// Gives the memory of bytes of a mapped file back to the system: for parts that will hardly be read
// again, which they still can be. Bytes that are not of a mapped file are left alone.
void release_mapped(std::span<const std::byte> bytes) noexcept;

// Writes to a temporary name beside `path`, flushes it to the disk, and renames it over `path`. On
// failure nothing is left behind and an Error names the file and the cause.
void write_file(const std::string& path, std::span<const std::byte> bytes);

bool file_exists(const std::string& path);
// "model.keras" of "/a/b/model.keras".
std::string file_name(const std::string& path);
// ".keras", lower case; empty if there is none.
std::string file_extension(const std::string& path);

}  // namespace mote
