#include "import/tflite/sparsity.h"

#include <algorithm>

#include "formats/tflite.h"

namespace mote::tflite {
namespace {

// A matrix [4,8] in blocks of 1x4 is stored as if it were [4,2,1,4]: rows, column blocks, then the
// position in a block. `traversal_order` says in which order these levels are nested, `block_map`
// which dimension each block level splits, and each level is dense or a list of the indices that
// are there.
struct Level {
  bool is_dense = true;
  int64_t extent = 0;                  // how many indices the level can have
  int64_t stride = 0;                  // elements of the dense tensor from one index to the next
  std::vector<int64_t> segments = {};  // of parent p: indices [segments[p], segments[p + 1])
  std::vector<int64_t> indices = {};
};

template <class T>
std::vector<int64_t> widened(const Table& table) {
  const auto values = table.vector<T>(0);
  return {values.begin(), values.end()};
}

std::vector<int64_t> read_indices(const Table& dimension, int type_slot, int slot) {
  const auto table = dimension.table(slot);
  if (!table) fail_user("corrupt: a sparse level has no indices");
  switch (dimension.get<uint8_t>(type_slot, 0)) {
    case dimension::int32:
      return widened<int32_t>(*table);
    case dimension::uint16:
      return widened<uint16_t>(*table);
    case dimension::uint8:
      return widened<uint8_t>(*table);
    default:
      fail_user("corrupt: a sparse level's indices are of an unknown type");
  }
}

void read_level(const Table& dimension, Level& level) {
  level.is_dense = dimension.get<int8_t>(dimension::format, 0) == dimension::dense;
  if (level.is_dense) {
    const int32_t size = dimension.get<int32_t>(dimension::dense_size, 0);
    if (size != level.extent)
      fail_user("corrupt: a dense level of sparse data has {} indices, not {}", size, level.extent);
    return;
  }
  level.segments = read_indices(dimension, dimension::segments_type, dimension::segments);
  level.indices = read_indices(dimension, dimension::indices_type, dimension::indices);
  for (const int64_t index : level.indices) {
    if (index < 0 || index >= level.extent)
      fail_user("corrupt: sparse data has the index {} of {}", index, level.extent);
  }
}

// Extents and strides of dimensions and blocks before they are put into traversal order.
std::vector<Level> plain_levels(const Shape& shape, const std::vector<int32_t>& block_map,
                                const std::vector<int64_t>& block_sizes) {
  const auto rank = static_cast<size_t>(shape.rank());
  std::vector<Level> levels(rank + block_map.size());
  int64_t stride = 1;
  for (size_t d = rank; d-- > 0;) {
    levels[d].extent = shape[static_cast<int>(d)];
    levels[d].stride = stride;
    stride *= levels[d].extent;
  }
  for (size_t b = 0; b < block_map.size(); ++b) {
    Level& outer = levels[static_cast<size_t>(block_map[b])];
    const int64_t size = block_sizes[b];
    if (size <= 0 || outer.extent % size != 0)
      fail_user("corrupt: blocks of {} do not fit the shape {}", size, shape.str());
    levels[rank + b].extent = size;
    levels[rank + b].stride = outer.stride;
    outer.extent /= size;
    outer.stride *= size;
  }
  return levels;
}

std::vector<Level> read_levels(const Table& sparsity, const Shape& shape) {
  const auto order = sparsity.vector<int32_t>(sparsity::traversal_order);
  const auto block_map = sparsity.vector<int32_t>(sparsity::block_map);
  const auto tables = sparsity.tables(sparsity::dimensions);
  const auto rank = static_cast<size_t>(shape.rank());
  const size_t count = rank + block_map.size();
  if (block_map.size() > rank || order.size() != count || tables.size() != count)
    fail_user("corrupt: sparse data of {} levels for a shape of rank {}", order.size(), rank);
  std::vector<bool> seen(count, false);
  std::vector<int64_t> block_sizes(block_map.size(), 0);
  for (size_t l = 0; l < count; ++l) {
    const auto d = static_cast<size_t>(order[l]);
    if (order[l] < 0 || d >= count || seen[d])
      fail_user("corrupt: the traversal order of sparse data is not a permutation");
    seen[d] = true;
    // A block level is always dense; its size is said nowhere else.
    if (d >= rank) block_sizes[d - rank] = tables[l].get<int32_t>(dimension::dense_size, 0);
  }
  std::vector<bool> split(rank, false);
  for (const int32_t d : block_map) {
    if (d < 0 || static_cast<size_t>(d) >= rank || split[static_cast<size_t>(d)])
      fail_user("corrupt: sparse data has blocks in dimension {} of {}", d, rank);
    split[static_cast<size_t>(d)] = true;
  }
  const auto plain = plain_levels(shape, block_map, block_sizes);
  std::vector<Level> levels;
  for (size_t l = 0; l < count; ++l) {
    Level level = plain[static_cast<size_t>(order[l])];
    read_level(tables[l], level);
    levels.push_back(std::move(level));
  }
  return levels;
}

// The dense offsets of all stored elements, in storage order, level by level.
std::vector<int64_t> stored_offsets(const std::vector<Level>& levels, size_t most) {
  std::vector<int64_t> offsets = {0};
  for (const Level& level : levels) {
    if (!level.is_dense && level.segments.size() != offsets.size() + 1)
      fail_user("corrupt: sparse data has {} segments for {} rows", level.segments.size(),
                offsets.size());
    std::vector<int64_t> next;
    for (size_t p = 0; p < offsets.size(); ++p) {
      const int64_t first = level.is_dense ? 0 : level.segments[p];
      const int64_t last = level.is_dense ? level.extent : level.segments[p + 1];
      if (first < 0 || last < first ||
          (!level.is_dense && last > static_cast<int64_t>(level.indices.size()))) {
        fail_user("corrupt: sparse data has a segment from {} to {}", first, last);
      }
      if (next.size() + static_cast<size_t>(last - first) > most)
        fail_user("corrupt: sparse data has more elements than its tensor");
      for (int64_t i = first; i < last; ++i) {
        const int64_t index = level.is_dense ? i : level.indices[static_cast<size_t>(i)];
        next.push_back(offsets[p] + index * level.stride);
      }
    }
    offsets = std::move(next);
  }
  return offsets;
}

}  // namespace

Buffer densify(const Table& sparsity, DType dtype, const Shape& shape, const Buffer& values) {
  const int bits = bits_of(dtype);
  if (bits < 8)
    fail_unsupported("is sparse {}; Mote reads sparse weights of 8 bits or more", name_of(dtype));
  const auto element_bytes = static_cast<size_t>(bits / 8);
  // Useful weights keep at least one element in a hundred. The limits are there so that a small
  // file can't ask for all memory.
  constexpr size_t kFreeBytes = size_t{1} << 20;
  const auto dense_bytes = shape.bytes(dtype);
  if (!dense_bytes || (*dense_bytes > kFreeBytes && *dense_bytes / 100 > values.size()))
    fail_user("is sparse with shape {}, but has only {} bytes of data", shape.str(), values.size());
  sparsity.spend(*dense_bytes / 16);
  const auto levels = read_levels(sparsity, shape);
  const auto offsets = stored_offsets(levels, static_cast<size_t>(shape.elements()));
  if (offsets.size() * element_bytes != values.size()) {
    fail_user("has {} sparse elements, but {} bytes of data", offsets.size(), values.size());
  }
  auto [dense, bytes] = Buffer::allocate(*dense_bytes);
  for (size_t i = 0; i < offsets.size(); ++i) {
    std::memcpy(bytes + static_cast<size_t>(offsets[i]) * element_bytes,
                values.data() + i * element_bytes, element_bytes);
  }
  return dense;
}

}  // namespace mote::tflite
