// Element types of tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mote {

enum class DType : uint8_t {
  f32,
  f16,
  f64,
  bf16,
  i4,
  i8,
  i16,
  i32,
  i64,
  u8,
  u16,
  u32,
  u64,
  boolean,
  c64,
  c128,
  string,
  resource,
  variant
};
inline constexpr int kDTypeCount = 19;

// Bits of one element as it is stored. 0 for types without a fixed size. Only i4 is below 8: two to
// a byte, the low half first.
int bits_of(DType dtype);
// Bytes that `count` elements take, packed types rounded up. `count` must be >= 0 and the product
// must fit: see Shape::bytes for the checked form.
size_t bytes_of(DType dtype, int64_t count);
// "float32", "int8", ...: NumPy's names.
std::string_view name_of(DType dtype);
// The type with that name; false if there is none.
bool parse_dtype(std::string_view name, DType* out);

inline bool is_float(DType d) {
  return d == DType::f32 || d == DType::f16 || d == DType::f64 || d == DType::bf16;
}
inline bool is_integer(DType d) { return d >= DType::i4 && d <= DType::u64; }

template <class T>
struct dtype_of_t;
template <>
struct dtype_of_t<float> {
  static constexpr DType value = DType::f32;
};
template <>
struct dtype_of_t<double> {
  static constexpr DType value = DType::f64;
};
template <>
struct dtype_of_t<int8_t> {
  static constexpr DType value = DType::i8;
};
template <>
struct dtype_of_t<int16_t> {
  static constexpr DType value = DType::i16;
};
template <>
struct dtype_of_t<int32_t> {
  static constexpr DType value = DType::i32;
};
template <>
struct dtype_of_t<int64_t> {
  static constexpr DType value = DType::i64;
};
template <>
struct dtype_of_t<uint8_t> {
  static constexpr DType value = DType::u8;
};
template <>
struct dtype_of_t<uint16_t> {
  static constexpr DType value = DType::u16;
};
template <>
struct dtype_of_t<uint32_t> {
  static constexpr DType value = DType::u32;
};
template <>
struct dtype_of_t<uint64_t> {
  static constexpr DType value = DType::u64;
};
template <>
struct dtype_of_t<bool> {
  static constexpr DType value = DType::boolean;
};
template <class T>
inline constexpr DType dtype_of = dtype_of_t<T>::value;

}  // namespace mote
