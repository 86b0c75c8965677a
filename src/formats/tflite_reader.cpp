#include "formats/tflite_reader.h"

#include "formats/tflite.h"

namespace mote::tflite {
namespace {

// Length of the UTF-8 sequence at the start of `text`; 0 if there is none. Overlong forms and
// surrogates are not UTF-8.
size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  const size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (lead > 0xf4 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return 0;
  }
  if (lead == 0xe0 && byte(1) < 0xa0) return 0;
  if (lead == 0xed && byte(1) >= 0xa0) return 0;
  if (lead == 0xf0 && byte(1) < 0x90) return 0;
  if (lead == 0xf4 && byte(1) >= 0x90) return 0;
  return length;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    const auto lead = static_cast<unsigned char>(text[0]);
    const bool is_control =
        lead < 0x20 || lead == 0x7f ||
        (lead == 0xc2 && length == 2 && static_cast<unsigned char>(text[1]) < 0xa0);  // C1 controls
    if (length == 0 || is_control) {
      out += '?';
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length ? length : 1);
  }
  return out;
}

void File::fail_range(size_t at, size_t size_bytes) const {
  fail_user(
      "truncated or corrupt: needs {} bytes at offset {}, the file has {}; download or save it "
      "again",
      size_bytes, at, bytes_.size());
}

void File::spend(size_t size_bytes) const {
  if (size_bytes > budget_bytes_) {
    fail_user("corrupt: its tables refer to each other so often that reading them does not end");
  }
  budget_bytes_ -= size_bytes;
}

size_t File::follow(size_t at) const {
  const auto offset = scalar<uint32_t>(at);
  if (offset == 0) fail_user("corrupt: the offset at byte {} points to itself", at);
  check(at, offset);
  return at + offset;
}

Table::Table(const File& file, size_t at) : file_(&file), at_(at) {
  file.spend(16);
  const auto back = static_cast<int64_t>(file.scalar<int32_t>(at));
  const int64_t vtable = static_cast<int64_t>(at) - back;
  if (vtable < 0) fail_user("corrupt: the table at byte {} has no vtable", at);
  vtable_ = static_cast<size_t>(vtable);
  vtable_bytes_ = file.scalar<uint16_t>(vtable_);
  if (vtable_bytes_ < 4 || vtable_bytes_ % 2 != 0)
    fail_user("corrupt: the table at byte {} has a vtable of {} bytes", at, vtable_bytes_);
  file.check(vtable_, vtable_bytes_);
}

size_t Table::position(int slot) const {
  const uint16_t entry = vtable_offset(slot);
  if (entry >= vtable_bytes_) return 0;
  const auto offset = file_->scalar<uint16_t>(vtable_ + entry);
  return offset ? at_ + offset : 0;
}

Span Table::locate(int slot, size_t element_bytes) const {
  const size_t field = position(slot);
  if (!field) return {};
  const size_t at = file_->follow(field);
  const auto count = file_->scalar<uint32_t>(at);
  file_->check(at + 4, count * element_bytes);  // below 2^36
  return {at + 4, count};
}

std::optional<Table> Table::table(int slot) const {
  const size_t field = position(slot);
  if (!field) return std::nullopt;
  return Table(*file_, file_->follow(field));
}

std::vector<Table> Table::tables(int slot) const {
  const Span span = locate(slot, 4);
  file_->spend(span.count * 16);
  std::vector<Table> list;
  list.reserve(span.count);
  for (size_t i = 0; i < span.count; ++i) list.emplace_back(*file_, file_->follow(span.at + 4 * i));
  return list;
}

std::string Table::string(int slot) const {
  const Span span = locate(slot, 1);
  file_->spend(span.count);
  if (span.count == 0) return {};
  return printable({reinterpret_cast<const char*>(file_->bytes().data()) + span.at, span.count});
}

}  // namespace mote::tflite
