#include "export/tflite/constants.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include "base/error.h"
#include "formats/tflite.h"

namespace mote::tflite {

uint32_t Constants::index_of(const Buffer& data) {
  const std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
  const size_t hash = std::hash<std::string_view>{}(text);
  const auto [first, last] = by_hash_.equal_range(hash);
  for (auto entry = first; entry != last; ++entry) {
    const Buffer& other = data_[entry->second];
    if (std::ranges::equal(other.bytes(), data.bytes())) return entry->second + 1;
  }
  // A FlatBuffer's offsets are of 31 bits; the tables need some of them too.
  constexpr uint64_t kMostBytes = (uint64_t{1} << 31) - (uint64_t{64} << 20);
  total_bytes_ += data.size() + kBufferAlignment;
  if (total_bytes_ > kMostBytes)
    fail_unsupported("the constants take more than {} MB; store weights as int8 or float16",
                     kMostBytes >> 20);
  tables_.push_back(
      writer_.table(Fields().offset(buffer::data, writer_.aligned_bytes(data.bytes()))));
  const auto index = static_cast<uint32_t>(data_.size());
  data_.push_back(data);
  by_hash_.emplace(hash, index);
  return index + 1;
}

Offset Constants::write() {
  std::vector<Offset> all = {writer_.table({})};
  all.insert(all.end(), tables_.begin(), tables_.end());
  return writer_.offsets(all);
}

}  // namespace mote::tflite
