#include "formats/npy.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "formats/zip.h"

namespace mote::formats {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);

struct Header {
  std::string descr;
  bool fortran_order = false;
  std::vector<int64_t> shape;
};

// Reads the header's Python literal: a dict of a string, a bool and a tuple of integers.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& label) : text_(text), label_(label) {}

  Header parse() {
    Header header;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      if (key == "descr") {
        if (peek() == '[') {
          fail_unsupported("{}: holds records; save each field as an array of its own", label_);
        }
        header.descr = string();
        has_descr = true;
      } else if (key == "fortran_order") {
        header.fortran_order = boolean();
        has_order = true;
      } else if (key == "shape") {
        header.shape = tuple();
        has_shape = true;
      } else {
        fail();
      }
      if (!accept(',') && peek() != '}') fail();
    }
    if (!has_descr || !has_order || !has_shape) fail();
    return header;
  }

 private:
  [[noreturn]] void fail() const {
    fail_user("{}: the .npy header is damaged at character {}", label_, at_);
  }
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) fail();
  }
  std::string string() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') fail();
    const size_t end = text_.find(quote, at_ + 1);
    if (end == text_.npos) fail();
    std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    for (const char c : value) {
      if (static_cast<uint8_t>(c) < 32) fail();
    }
    return value;
  }
  bool boolean() {
    peek();
    for (const auto& [word, value] : {std::pair{"True", true}, std::pair{"False", false}}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += std::strlen(word);
        return value;
      }
    }
    fail();
  }
  std::vector<int64_t> tuple() {
    std::vector<int64_t> values;
    expect('(');
    while (!accept(')')) {
      peek();
      int64_t value = 0;
      const auto [end, error] =
          std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
      if (error != std::errc() || value < 0) fail();
      at_ = static_cast<size_t>(end - text_.data());
      accept('L');  // Python 2 wrote long integers so
      values.push_back(value);
      if (!accept(',') && peek() != ')') fail();
    }
    return values;
  }

  std::string_view text_;
  const std::string& label_;
  size_t at_ = 0;
};

struct Code {
  std::string_view code;
  DType dtype;
};
constexpr Code kCodes[] = {{"f4", DType::f32}, {"f2", DType::f16},  {"f8", DType::f64},
                           {"i1", DType::i8},  {"i2", DType::i16},  {"i4", DType::i32},
                           {"i8", DType::i64}, {"u1", DType::u8},   {"u2", DType::u16},
                           {"u4", DType::u32}, {"u8", DType::u64},  {"b1", DType::boolean},
                           {"c8", DType::c64}, {"c16", DType::c128}};

struct Element {
  DType dtype;
  bool big_endian;
};

Element element_of(const std::string& descr, const std::string& label) {
  const std::string_view code = std::string_view(descr).substr(descr.empty() ? 0 : 1);
  const char order = descr.empty() ? '\0' : descr.front();
  for (const Code& known : kCodes) {
    if (known.code == code && (order == '<' || order == '>' || order == '|' || order == '=')) {
      return {known.dtype, order == '>'};
    }
  }
  const char kind = code.empty() ? '\0' : code.front();
  if (kind == 'U' || kind == 'S') {
    fail_unsupported("{}: holds text ('{}'); Mote needs numbers: encode it first", label, descr);
  }
  if (kind == 'O') {
    fail_unsupported("{}: holds Python objects, which are never loaded; save a plain array", label);
  }
  fail_unsupported("{}: element type '{}' is not supported; use float32 or an integer type", label,
                   descr);
}

void swap_bytes(std::byte* bytes, size_t size_bytes, size_t element_bytes) {
  for (size_t at = 0; at + element_bytes <= size_bytes; at += element_bytes) {
    std::reverse(bytes + at, bytes + at + element_bytes);
  }
}

// Column-major `from` to row-major `to`.
void transpose_order(const std::byte* from, std::byte* to, const Shape& shape, size_t element) {
  const int64_t count = shape.elements();
  std::vector<int64_t> index(static_cast<size_t>(shape.rank()), 0);
  for (int64_t i = 0; i < count; ++i) {
    int64_t source = 0, stride = 1;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      source += index[static_cast<size_t>(axis)] * stride;
      stride *= shape[axis];
    }
    std::memcpy(to + static_cast<size_t>(i) * element, from + static_cast<size_t>(source) * element,
                element);
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      if (++index[static_cast<size_t>(axis)] < shape[axis]) break;
      index[static_cast<size_t>(axis)] = 0;
    }
  }
}

// Splits off the header; `data_offset` is where the numbers begin.
Header read_header(const Buffer& bytes, const std::string& label, size_t* data_offset) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(kMagic)) fail_user("{}: not a .npy file (wrong first bytes)", label);
  if (text.size() < 8) fail_user("{}: the .npy header is cut off", label);
  const int major = static_cast<uint8_t>(text[6]);
  if (major < 1 || major > 3) {
    fail_unsupported("{}: .npy format version {} is not known; versions 1 to 3 are", label, major);
  }
  const size_t length_bytes = major == 1 ? 2 : 4;
  if (text.size() < 8 + length_bytes) fail_user("{}: the .npy header is cut off", label);
  size_t length = 0;
  for (size_t i = 0; i < length_bytes; ++i) {
    length |= size_t{static_cast<uint8_t>(text[8 + i])} << (8 * i);
  }
  *data_offset = 8 + length_bytes + length;
  if (length > text.size() - 8 - length_bytes) {
    fail_user("{}: the .npy header is cut off", label);
  }
  return HeaderParser(text.substr(8 + length_bytes, length), label).parse();
}

std::string npy_code(DType dtype, const std::string& label) {
  for (const Code& known : kCodes) {
    if (known.dtype == dtype) {
      return fmt::format("{}{}", bits_of(dtype) == 8 ? '|' : '<', known.code);
    }
  }
  fail_unsupported("{}: NumPy has no element type for {}", label, name_of(dtype));
}

}  // namespace

Array parse_npy(const Buffer& bytes, const std::string& label) {
  size_t offset = 0;
  const Header header = read_header(bytes, label, &offset);
  const Element element = element_of(header.descr, label);
  const std::optional<Shape> shape = Shape::checked(header.shape);
  if (!shape) fail_unsupported("{}: the array has too many dimensions or elements", label);
  const size_t size = shape->bytes(element.dtype).value_or(SIZE_MAX);
  const size_t have = bytes.size() - offset;
  if (size != have) {
    fail_user("{}: {} of {} needs {} bytes of data, but the file has {}", label,
              name_of(element.dtype), shape->str(), size, have);
  }
  Buffer::Writable out = Buffer::allocate(size);
  const auto element_bytes = static_cast<size_t>(bits_of(element.dtype)) / 8;
  if (size == 0) return {element.dtype, *shape, out.buffer};
  if (header.fortran_order && shape->rank() > 1) {
    transpose_order(bytes.data() + offset, out.bytes, *shape, element_bytes);
  } else {
    std::memcpy(out.bytes, bytes.data() + offset, size);
  }
  if (element.big_endian) {
    const bool complex = element.dtype == DType::c64 || element.dtype == DType::c128;
    swap_bytes(out.bytes, size, complex ? element_bytes / 2 : element_bytes);
  }
  if (element.dtype == DType::boolean) {
    for (size_t i = 0; i < size; ++i) out.bytes[i] = std::byte{out.bytes[i] != std::byte{0}};
  }
  return {element.dtype, *shape, out.buffer};
}

std::vector<std::byte> format_npy(const Array& array) {
  std::string dims;
  for (const int64_t extent : array.shape) dims += fmt::format("{}, ", extent);
  if (array.shape.rank() > 1) dims.resize(dims.size() - 2);
  if (array.shape.rank() == 1) dims.resize(dims.size() - 1);
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                   npy_code(array.dtype, "array"), dims);
  constexpr size_t kFixed = 10, kAlign = 64;  // magic, version, length; NumPy aligns the data
  header.append(kAlign - (kFixed + header.size() + 1) % kAlign, ' ');
  header += '\n';
  std::string start(kMagic);
  start += '\x01';
  start += '\x00';
  start += static_cast<char>(header.size() & 0xff);
  start += static_cast<char>(header.size() >> 8);
  start += header;
  std::vector<std::byte> out(start.size() + array.data.size());
  std::memcpy(out.data(), start.data(), start.size());
  if (!array.data.empty()) {
    std::memcpy(out.data() + start.size(), array.data.data(), array.data.size());
  }
  return out;
}

Array load_npy(const std::string& path) { return parse_npy(map_file(path), path); }

void save_npy(const std::string& path, const Array& array) { write_file(path, format_npy(array)); }

NamedArrays load_npz(const std::string& path) {
  const ZipReader zip(map_file(path), path);
  NamedArrays arrays;
  for (const ZipMember& member : zip.members()) {
    std::string name = member.name;
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    const std::string label = fmt::format("{}: array '{}'", path, name);
    arrays.emplace_back(name, parse_npy(zip.read(member.name), label));
  }
  return arrays;
}

void save_npz(const std::string& path, const NamedArrays& arrays, bool deflate) {
  std::vector<std::vector<std::byte>> files;
  files.reserve(arrays.size());
  std::vector<ZipEntry> entries;
  for (const auto& [name, array] : arrays) {
    files.push_back(format_npy(array));
    entries.push_back({name + ".npy", files.back()});
  }
  write_file(path, write_zip(entries, deflate));
}

}  // namespace mote::formats
