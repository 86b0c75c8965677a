// HDF5 element data: layouts, filters, and conversion to arrays and strings.
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "formats/hdf5_internal.h"

namespace mote::formats::hdf5_internal {
namespace {

uint64_t total_bytes(const Type& type, const Space& space) {
  // Both factors are below 2^32, so the product fits.
  return uint64_t{type.size_bytes} * static_cast<uint64_t>(space.elements);
}

// ---- chunks -----------------------------------------------------------------------------------

struct Filter {
  uint16_t id = 0;
  uint32_t element_bytes = 0;  // shuffle
};
constexpr uint16_t kGzip = 1, kShuffle = 2;

std::vector<Filter> read_filters(const Header& header) {
  const Message* message = header.find(kFilters);
  std::vector<Filter> filters;
  if (message == nullptr) return filters;
  Cursor cursor(message->bytes, "a filter list");
  const uint8_t version = cursor.u8();
  if (version != 1 && version != 2) fail_user("damaged HDF5 file: unknown filter list version");
  const uint8_t count = cursor.u8();
  if (version == 1) cursor.skip(6);
  for (uint8_t i = 0; i < count; ++i) {
    Filter filter;
    filter.id = cursor.u16();
    const bool named = version == 1 || filter.id >= 256;
    const uint64_t name_bytes = named ? cursor.u16() : 0;
    cursor.skip(2);  // flags
    const uint16_t values = cursor.u16();
    cursor.skip(version == 1 ? (name_bytes + 7) / 8 * 8 : name_bytes);
    for (uint16_t v = 0; v < values; ++v) {
      const uint32_t value = cursor.u32();
      if (v == 0) filter.element_bytes = value;
    }
    if (version == 1 && values % 2 == 1) cursor.skip(4);
    if (filter.id != kGzip && filter.id != kShuffle) {
      fail_unsupported("data compressed with HDF5 filter {}; only gzip and shuffle are read",
                       filter.id);
    }
    filters.push_back(filter);
  }
  return filters;
}

std::vector<std::byte> inflate_chunk(std::span<const std::byte> packed, size_t size_bytes) {
  std::vector<std::byte> out(size_bytes);
  auto out_size = static_cast<uLongf>(size_bytes);
  const int code =
      uncompress(reinterpret_cast<Bytef*>(out.data()), &out_size,
                 reinterpret_cast<const Bytef*>(packed.data()), static_cast<uLong>(packed.size()));
  if (code != Z_OK || out_size != size_bytes) {
    fail_user("damaged HDF5 file: a compressed chunk does not unpack to its size");
  }
  return out;
}

std::vector<std::byte> unshuffle(std::span<const std::byte> bytes, size_t element) {
  std::vector<std::byte> out(bytes.begin(), bytes.end());
  if (element == 0) return out;
  const size_t count = bytes.size() / element;
  for (size_t i = 0; i < count; ++i) {
    for (size_t b = 0; b < element; ++b) out[i * element + b] = bytes[b * count + i];
  }
  return out;
}

struct ChunkWalk {
  const File& file;
  std::vector<uint64_t> chunk;  // extents of a chunk, then the element's bytes
  const Space& space;
  uint32_t element_bytes;
  uint64_t chunk_bytes;
  std::vector<Filter> filters;
  std::vector<std::byte>* out;
  size_t nodes = 0;
};

// Copies one unpacked chunk to where it belongs, cutting off what overhangs the edges.
void place_chunk(ChunkWalk& walk, std::span<const std::byte> data,
                 const std::vector<uint64_t>& origin) {
  const size_t rank = walk.space.dims.size();
  const auto extent = [&](size_t axis) { return static_cast<uint64_t>(walk.space.dims[axis]); };
  for (size_t axis = 0; axis < rank; ++axis) {
    if (origin[axis] >= extent(axis)) return;
  }
  const uint64_t row = std::min(walk.chunk[rank - 1], extent(rank - 1) - origin[rank - 1]);
  std::vector<uint64_t> index(rank, 0);
  while (true) {
    uint64_t from = 0, to = 0;
    for (size_t axis = 0; axis < rank; ++axis) {
      from = from * walk.chunk[axis] + index[axis];
      to = to * extent(axis) + origin[axis] + index[axis];
    }
    std::memcpy(walk.out->data() + to * walk.element_bytes, data.data() + from * walk.element_bytes,
                row * walk.element_bytes);
    size_t axis = rank - 1;  // the last axis is copied whole
    while (axis > 0) {
      --axis;
      if (++index[axis] < walk.chunk[axis] && origin[axis] + index[axis] < extent(axis)) break;
      index[axis] = 0;
      if (axis == 0) return;
    }
    if (rank == 1) return;
  }
}

void read_chunk(ChunkWalk& walk, uint64_t address, uint32_t size, uint32_t mask,
                const std::vector<uint64_t>& origin) {
  std::span<const std::byte> data = walk.file.at(address, size, "a chunk");
  std::vector<std::byte> storage;
  for (size_t i = walk.filters.size(); i-- > 0;) {
    if (i < 32 && (mask >> i & 1) != 0) continue;
    storage = walk.filters[i].id == kGzip
                  ? inflate_chunk(data, static_cast<size_t>(walk.chunk_bytes))
                  : unshuffle(data, walk.filters[i].element_bytes);
    data = storage;
  }
  if (data.size() != walk.chunk_bytes) {
    fail_user("damaged HDF5 file: a chunk has {} bytes instead of {}", data.size(),
              walk.chunk_bytes);
  }
  place_chunk(walk, data, origin);
}

void read_chunk_tree(ChunkWalk& walk, uint64_t address, int parent_level) {
  Cursor cursor = walk.file.cursor(address, "a chunk index");
  cursor.expect("TREE");
  if (cursor.u8() != 1) fail_user("damaged HDF5 file: a chunk index has the wrong type");
  const int level = cursor.u8();
  if (level >= parent_level) fail_user("damaged HDF5 file: a chunk index is cyclic");
  const uint16_t count = cursor.u16();
  cursor.skip(16);  // siblings
  for (uint16_t i = 0; i < count; ++i) {
    if (++walk.nodes > kMaxNodes) fail_user("damaged HDF5 file: a chunk index never ends");
    const uint32_t size = cursor.u32();
    const uint32_t mask = cursor.u32();
    std::vector<uint64_t> origin;
    for (size_t axis = 0; axis < walk.chunk.size(); ++axis) origin.push_back(cursor.u64());
    const uint64_t child = cursor.u64();
    if (level > 0) {
      read_chunk_tree(walk, child, level);
    } else {
      read_chunk(walk, child, size, mask, origin);
    }
  }
}

void read_chunked(const File& file, const Header& header, Cursor& cursor, const Type& type,
                  const Space& space, std::vector<std::byte>* out) {
  const size_t rank_and_one = cursor.u8();
  const uint64_t tree = cursor.u64();
  if (rank_and_one != space.dims.size() + 1 || space.dims.empty()) {
    fail_user("damaged HDF5 file: chunks have the wrong rank");
  }
  ChunkWalk walk{file, {}, space, type.size_bytes, 1, read_filters(header), out};
  for (size_t i = 0; i < rank_and_one; ++i) {
    walk.chunk.push_back(cursor.u32());
    walk.chunk_bytes *= walk.chunk.back();
    if (walk.chunk_bytes == 0 || walk.chunk_bytes > UINT32_MAX) {
      fail_user("damaged HDF5 file: impossible chunk extents");
    }
  }
  if (walk.chunk.back() != type.size_bytes) {
    fail_user("damaged HDF5 file: chunks have the wrong element size");
  }
  // Gzip packs at most about 1000 to 1: more than that is no real file's size.
  const uint64_t size = total_bytes(type, space);
  if (size / 1032 > file.bytes.size() || walk.chunk_bytes / 1032 > file.bytes.size()) {
    fail_user("HDF5 data set claims {} bytes, more than the file could hold", size);
  }
  out->assign(static_cast<size_t>(size), std::byte{0});
  if (tree != kUndefined && size > 0) read_chunk_tree(walk, tree, kMaxRank + 8);
}

// ---- strings ----------------------------------------------------------------------------------

// A string of variable length is (length, collection address, index) with its text in a "global
// heap" collection of numbered objects.
std::string heap_text(const File& file, uint64_t address, uint32_t index, uint32_t length) {
  Cursor cursor = file.cursor(address, "a string heap");
  cursor.expect("GCOL");
  cursor.skip(4);  // version, reserved
  const uint64_t size = cursor.u64();
  Cursor objects(file.at(address, size, "a string heap"), "a string heap");
  objects.skip(16);
  while (objects.left() >= 16) {
    const uint16_t id = objects.u16();
    objects.skip(2 + 4);  // references, reserved
    const uint64_t object_bytes = objects.u64();
    if (id == 0) break;  // free space
    const auto data = objects.take(object_bytes);
    if (id == index) {
      if (length > data.size()) fail_user("damaged HDF5 file: a string is longer than its heap");
      return {reinterpret_cast<const char*>(data.data()), length};
    }
    const uint64_t padding = (8 - object_bytes % 8) % 8;
    objects.skip(std::min<uint64_t>(padding, objects.left()));
  }
  fail_user("damaged HDF5 file: a string is missing from its heap");
}

void reverse_elements(std::byte* bytes, size_t size_bytes, size_t element) {
  for (size_t at = 0; at + element <= size_bytes; at += element) {
    std::reverse(bytes + at, bytes + at + element);
  }
}

}  // namespace

std::span<const std::byte> read_raw(const File& file, const Header& header, const Type& type,
                                    const Space& space, std::vector<std::byte>* storage) {
  if (header.find(kExternalFiles) != nullptr) {
    fail_unsupported("the data lies in another file; refused");
  }
  const Message* layout = header.find(kLayout);
  if (layout == nullptr) fail_user("damaged HDF5 file: a data set has no layout");
  const uint64_t size = total_bytes(type, space);
  Cursor cursor(layout->bytes, "a data layout");
  const uint8_t version = cursor.u8();
  if (version != 3 && version != 4) {
    fail_unsupported("HDF5 data layout version {}; save the file with a current h5py", version);
  }
  enum Kind : uint8_t { kCompact = 0, kContiguous = 1, kChunked = 2, kVirtual = 3 };
  const uint8_t kind = cursor.u8();
  if (kind == kCompact) {
    const uint16_t have = cursor.u16();
    const auto data = cursor.take(have);
    if (have < size) fail_user("damaged HDF5 file: a data set is shorter than its shape");
    return data.first(static_cast<size_t>(size));
  }
  if (kind == kContiguous) {
    const uint64_t address = cursor.u64();
    const uint64_t have = cursor.u64();
    if (size == 0) return {};
    if (address == kUndefined) fail_user("the data set was created but never written");
    if (have < size) fail_user("damaged HDF5 file: a data set is shorter than its shape");
    return file.at(address, size, "a data set");
  }
  if (kind == kVirtual)
    fail_unsupported("a virtual data set, which refers to other files; refused");
  if (kind != kChunked) fail_user("damaged HDF5 file: unknown data layout");
  if (version == 4) {
    fail_unsupported("chunked data in the newest layout; save the file without libver='latest'");
  }
  read_chunked(file, header, cursor, type, space, storage);
  return *storage;
}

Array to_array(const Type& type, const Space& space, std::span<const std::byte> raw) {
  if (type.kind != Type::Kind::number) fail_unsupported("holds {}, not numbers", type.what);
  const std::optional<Shape> shape = Shape::checked(space.dims);
  if (!shape) fail_unsupported("holds an array of rank {}; the limit is 8", space.dims.size());
  const uint64_t size = space.null ? 0 : total_bytes(type, space);
  if (raw.size() < size) fail_user("damaged HDF5 file: an array is shorter than its shape");
  Buffer::Writable out = Buffer::allocate(static_cast<size_t>(size));
  if (size > 0) std::memcpy(out.bytes, raw.data(), static_cast<size_t>(size));
  if (type.big_endian) reverse_elements(out.bytes, static_cast<size_t>(size), type.size_bytes);
  if (type.dtype == DType::boolean) {
    for (size_t i = 0; i < size; ++i) out.bytes[i] = std::byte{out.bytes[i] != std::byte{0}};
  }
  if (space.null) return {type.dtype, Shape{0}, out.buffer};
  return {type.dtype, *shape, out.buffer};
}

std::vector<std::string> to_strings(const File& file, const Type& type, const Space& space,
                                    std::span<const std::byte> raw) {
  std::vector<std::string> strings;
  if (space.elements == 0) return strings;
  if (type.kind != Type::Kind::fixed_text && type.kind != Type::Kind::variable_text) {
    fail_user("holds {}, not text", type.what);
  }
  const auto count = static_cast<size_t>(space.elements);
  if (count > kMaxStrings || raw.size() < total_bytes(type, space)) {
    fail_user("damaged HDF5 file: an array of text is shorter than its shape");
  }
  Cursor cursor(raw, "an array of text");
  size_t total = 0;
  for (size_t i = 0; i < count; ++i) {
    std::string value;
    if (type.kind == Type::Kind::fixed_text) {
      const auto text = cursor.take(type.size_bytes);
      value.assign(reinterpret_cast<const char*>(text.data()), text.size());
      value.resize(std::min(value.find('\0'), value.size()));
    } else {
      const uint32_t length = cursor.u32();
      const uint64_t address = cursor.u64();
      const uint32_t index = cursor.u32();
      if (length > 0) value = heap_text(file, address, index, length);
    }
    total += value.size();
    if (total > kMaxTextBytes) fail_user("HDF5 attribute with more than {} bytes", kMaxTextBytes);
    strings.push_back(std::move(value));
  }
  return strings;
}

}  // namespace mote::formats::hdf5_internal
