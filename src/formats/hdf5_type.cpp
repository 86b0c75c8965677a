// HDF5 element types, extents and attributes.
#include "formats/hdf5_internal.h"

namespace mote::formats::hdf5_internal {
namespace {

std::optional<DType> integer_type(uint32_t size_bytes, bool is_signed) {
  switch (size_bytes) {
    case 1:
      return is_signed ? DType::i8 : DType::u8;
    case 2:
      return is_signed ? DType::i16 : DType::u16;
    case 4:
      return is_signed ? DType::i32 : DType::u32;
    case 8:
      return is_signed ? DType::i64 : DType::u64;
    default:
      return std::nullopt;
  }
}

// The IEEE formats and bfloat16, told apart by their exponents.
std::optional<DType> float_type(uint32_t size_bytes, uint8_t exponent_bits) {
  if (size_bytes == 2 && exponent_bits == 5) return DType::f16;
  if (size_bytes == 2 && exponent_bits == 8) return DType::bf16;
  if (size_bytes == 4 && exponent_bits == 8) return DType::f32;
  if (size_bytes == 8 && exponent_bits == 11) return DType::f64;
  return std::nullopt;
}

Type number(std::optional<DType> dtype, uint32_t size_bytes, bool big_endian, std::string what) {
  Type type;
  type.kind = dtype ? Type::Kind::number : Type::Kind::other;
  type.dtype = dtype.value_or(DType::f32);
  type.size_bytes = size_bytes;
  type.big_endian = big_endian;
  type.what = std::move(what);
  return type;
}

Type text(Type::Kind kind, uint32_t size_bytes) {
  Type type;
  type.kind = kind;
  type.size_bytes = size_bytes;
  type.what = "text";
  return type;
}

Type other(uint32_t size_bytes, std::string what) {
  Type type;
  type.size_bytes = size_bytes;
  type.what = std::move(what);
  return type;
}

enum Class : uint8_t {
  kInteger = 0,
  kFloat = 1,
  kText = 3,
  kOpaque = 5,
  kEnum = 8,
  kVariable = 9,
};

}  // namespace

Type read_type(Cursor& cursor) {
  const uint8_t class_and_version = cursor.u8();
  const auto bits = static_cast<uint32_t>(cursor.number(3));
  const uint32_t size = cursor.u32();
  switch (class_and_version & 15) {
    case kInteger: {
      cursor.skip(4);  // bit offset, precision
      return number(integer_type(size, (bits & 8) != 0), size, (bits & 1) != 0,
                    fmt::format("{}-byte integers", size));
    }
    case kFloat: {
      cursor.skip(4 + 1);
      const uint8_t exponent_bits = cursor.u8();
      return number(float_type(size, exponent_bits), size, (bits & 1) != 0,
                    fmt::format("{}-byte floats", size));
    }
    case kText:
      return text(Type::Kind::fixed_text, size);
    case kOpaque: {
      Type type = other(size, "opaque data");
      type.kind = Type::Kind::opaque;
      return type;
    }
    case kEnum: {
      // h5py's bool is an enumeration over one byte. Its names need not be read: other
      // enumerations give their numbers all the same.
      Cursor base = cursor;
      if ((base.u8() & 15) == kEnum) return other(size, "a nested enumeration");
      Type type = read_type(cursor);
      if (type.kind == Type::Kind::number && type.size_bytes == 1) type.dtype = DType::boolean;
      return type;
    }
    case kVariable:
      if ((bits & 15) == 1) return text(Type::Kind::variable_text, size);
      return other(size, "sequences of variable length");
    default:
      return other(size, fmt::format("type class {}", class_and_version & 15));
  }
}

Space read_space(Cursor& cursor) {
  const uint8_t version = cursor.u8();
  if (version != 1 && version != 2) {
    fail_user("damaged HDF5 file: an extent has an unknown version");
  }
  const uint8_t rank = cursor.u8();
  cursor.skip(1);  // flags: maximal extents follow, which do not matter here
  const uint8_t kind = cursor.u8();
  if (version == 1) cursor.skip(4);
  Space space;
  constexpr uint8_t kNull = 2;
  if (version == 2 && kind == kNull) {
    space.null = true;
    space.elements = 0;
    return space;
  }
  uint64_t elements = 1;
  for (uint8_t i = 0; i < rank; ++i) {
    const uint64_t extent = cursor.u64();
    if (extent > static_cast<uint64_t>(kMaxElements)) {
      fail_user("HDF5 data set with an extent of {}", extent);
    }
    elements *= extent;
    if (elements > static_cast<uint64_t>(kMaxElements)) {
      fail_user("HDF5 data set with more than {} elements", kMaxElements);
    }
    space.dims.push_back(static_cast<int64_t>(extent));
  }
  space.elements = static_cast<int64_t>(elements);
  return space;
}

Attribute read_attribute(const Message& message) {
  Cursor cursor(message.bytes, "an attribute");
  const uint8_t version = cursor.u8();
  if (version < 1 || version > 3) {
    fail_user("damaged HDF5 file: an attribute has an unknown version");
  }
  const uint8_t flags = cursor.u8();
  const uint16_t name_size = cursor.u16();
  const uint16_t type_size = cursor.u16();
  const uint16_t space_size = cursor.u16();
  if (version == 3) cursor.skip(1);  // character set
  const auto padded = [&](uint16_t size) -> uint64_t {
    return version == 1 ? (uint64_t{size} + 7) / 8 * 8 : uint64_t{size};
  };
  const auto name = cursor.take(padded(name_size)).first(name_size);
  Attribute attribute;
  attribute.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
  attribute.name.resize(std::min(attribute.name.find('\0'), attribute.name.size()));
  if (version > 1 && (flags & 3) != 0) {
    fail_unsupported("attribute '{}' has a shared type", attribute.name);
  }
  Cursor type(cursor.take(padded(type_size)), "an attribute's type");
  attribute.type = read_type(type);
  Cursor space(cursor.take(padded(space_size)), "an attribute's extent");
  attribute.space = read_space(space);
  attribute.data = cursor.take(cursor.left());
  return attribute;
}

}  // namespace mote::formats::hdf5_internal
