#include "export/tflite/writer.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "formats/tflite.h"

namespace mote::tflite {
namespace {

template <class T>
T read(const unsigned char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

}  // namespace

Offset Writer::table(Fields fields) {
  // The builder puts down fields from the table's end; large ones first leaves no gaps between.
  std::stable_sort(fields.fields_.begin(), fields.fields_.end(),
                   [](const auto& a, const auto& b) { return a.size_bytes > b.size_bytes; });
  const Offset start = builder_.StartTable();
  for (const Fields::Field& field : fields.fields_) {
    const flatbuffers::voffset_t at = vtable_offset(field.slot);
    if (field.is_offset) {
      builder_.AddOffset(at, flatbuffers::Offset<void>(read<Offset>(field.bytes)));
    } else if (field.size_bytes == 1) {
      builder_.AddElement(at, read<uint8_t>(field.bytes));
    } else if (field.size_bytes == 4) {
      builder_.AddElement(at, read<uint32_t>(field.bytes));
    } else {
      builder_.AddElement(at, read<uint64_t>(field.bytes));
    }
  }
  return builder_.EndTable(start);
}

Offset Writer::shared_table(const Fields& fields) {
  std::string key;
  for (const Fields::Field& field : fields.fields_) {
    key += static_cast<char>(field.slot);
    key += static_cast<char>(field.is_offset);
    key.append(reinterpret_cast<const char*>(field.bytes), field.size_bytes);
  }
  const auto found = tables_.find(key);
  if (found != tables_.end()) return found->second;
  return tables_[key] = table(fields);
}

Offset Writer::string(const std::string& text) {
  if (text.empty()) return 0;
  const auto [entry, is_new] = strings_.try_emplace(text, 0);
  if (is_new) entry->second = builder_.CreateString(text).o;
  return entry->second;
}

template <class T>
Offset Writer::vector(const std::vector<T>& values) {
  std::string key(1, static_cast<char>(sizeof(T)));
  key.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  const auto [entry, is_new] = vectors_.try_emplace(std::move(key), 0);
  if (is_new) entry->second = builder_.CreateVector(values.data(), values.size()).o;
  return entry->second;
}
template Offset Writer::vector(const std::vector<int32_t>&);
template Offset Writer::vector(const std::vector<int64_t>&);
template Offset Writer::vector(const std::vector<float>&);

Offset Writer::offsets(const std::vector<Offset>& values) {
  std::vector<flatbuffers::Offset<void>> list(values.begin(), values.end());
  return builder_.CreateVector(list).o;
}

Offset Writer::aligned_bytes(std::span<const std::byte> bytes) {
  builder_.ForceVectorAlignment(bytes.size(), 1, kBufferAlignment);
  return builder_.CreateVector(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()).o;
}

Buffer Writer::finish(Offset root, const char* identifier) {
  builder_.Finish(flatbuffers::Offset<void>(root), identifier);
  auto bytes = std::make_shared<flatbuffers::DetachedBuffer>(builder_.Release());
  return {bytes, std::as_bytes(std::span(bytes->data(), bytes->size()))};
}

}  // namespace mote::tflite
