#include "driver/tensor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/result.h"

namespace mote::driver {
namespace {

template <class T>
Array array_of(const std::vector<T>& values, const Shape& shape) {
  return {dtype_of<T>, shape, Buffer::of(values)};
}

template <class T>
std::vector<T> elements(const Array& array) {
  const auto span = array.data.as<T>();
  return {span.begin(), span.end()};
}

TEST(Tensor, QuantizesAsTheQuantizeOperatorDoes) {
  const TensorType type{DType::i8, {6}, per_tensor(0.5f, 3)};
  // Halves go away from zero; what is out of range is clamped: 0.25 / 0.5 = 0.5 -> 1, + 3.
  const Array out = from_real({0.25, -0.25, 1.0, 100.0, -100.0, 0.0}, type, Shape{6});
  EXPECT_EQ(elements<int8_t>(out), (std::vector<int8_t>{4, 2, 5, 127, -128, 3}));
  EXPECT_EQ(real_values(out, type.quant), (std::vector<double>{0.5, -0.5, 1.0, 62, -65.5, 0}));
}

TEST(Tensor, PerAxisValues) {
  const Quantization quant{{1.0f, 2.0f, 4.0f}, {0, 0, 1}, 1};
  const Array array = array_of<int8_t>({1, 1, 1, 2, 2, 2}, {2, 3});
  EXPECT_EQ(real_values(array, quant), (std::vector<double>{1, 2, 0, 2, 4, 4}));
}

TEST(Tensor, NibblesLowHalfFirst) {
  const TensorType type{DType::i4, {3}, {}};
  const Array out = from_real({1, -2, 7}, type, Shape{3});
  EXPECT_EQ(elements<uint8_t>(out), (std::vector<uint8_t>{0xe1, 0x07}));
  EXPECT_EQ(real_values(out), (std::vector<double>{1, -2, 7}));
}

TEST(Tensor, IntegersClampAndRoundToEven) {
  const double inf = std::numeric_limits<double>::infinity();
  const Array out = from_real({2.5, 3.5, -1, inf, NAN}, {DType::u8, {5}, {}}, Shape{5});
  EXPECT_EQ(elements<uint8_t>(out), (std::vector<uint8_t>{2, 4, 0, 255, 0}));
  const Array wide = from_real({1e30, -1e30}, {DType::i64, {2}, {}}, Shape{2});
  EXPECT_GT(elements<int64_t>(wide)[0], int64_t{9223372036854770000});
  EXPECT_LT(elements<int64_t>(wide)[1], -int64_t{9223372036854770000});
}

TEST(Tensor, InputsOfTheSameTypeAreTakenAsTheyAre) {
  const Array raw = array_of<int8_t>({1, -1}, {2});
  Conversion how = Conversion::cast;
  const Array same = to_input(raw, {DType::i8, {2}, per_tensor(0.1f, 5)}, &how);
  EXPECT_EQ(how, Conversion::none);
  EXPECT_EQ(elements<int8_t>(same), (std::vector<int8_t>{1, -1}));
  const Array floats = to_input(raw, {DType::f32, {2}, {}}, &how);
  EXPECT_EQ(how, Conversion::cast);
  EXPECT_EQ(elements<float>(floats), (std::vector<float>{1, -1}));
  to_input(array_of<float>({0}, {1}), {DType::u8, {1}, per_tensor(1, 0)}, &how);
  EXPECT_EQ(how, Conversion::quantized);
}

TEST(Tensor, RandomIsSeededAndInRange) {
  const TensorType type{DType::f32, {100}, {}};
  const auto a = elements<float>(random_array(type, {100}, 7, -2, 3));
  EXPECT_EQ(a, elements<float>(random_array(type, {100}, 7, -2, 3)));
  EXPECT_NE(a, elements<float>(random_array(type, {100}, 8, -2, 3)));
  for (const float v : a) EXPECT_TRUE(v >= -2 && v <= 3) << v;
  const TensorType quantized{DType::i8, {1000}, per_tensor(1, 0)};
  const auto b = elements<int8_t>(random_array(quantized, {1000}, 1));
  EXPECT_EQ(*std::min_element(b.begin(), b.end()), -128);
  EXPECT_EQ(*std::max_element(b.begin(), b.end()), 127);
  for (const int32_t v : elements<int32_t>(random_array({DType::i32, {50}, {}}, {50}, 1))) {
    EXPECT_TRUE(v == 0 || v == 1);
  }
}

TEST(Tensor, SlicesFillUpTheLastOne) {
  const Array array = array_of<int16_t>({1, 2, 3, 4, 5, 6}, {3, 2});
  EXPECT_EQ(elements<int16_t>(slice_rows(array, 0, 2)), (std::vector<int16_t>{1, 2, 3, 4}));
  EXPECT_EQ(elements<int16_t>(slice_rows(array, 1, 2)), (std::vector<int16_t>{5, 6, 5, 6}));
}

TEST(Tensor, FindsNan) {
  EXPECT_EQ(find_nan(array_of<float>({0, INFINITY, NAN}, {3})), std::optional<size_t>(2));
  EXPECT_EQ(find_nan(array_of<float>({0, INFINITY}, {2})), std::nullopt);
  const Array half{DType::f16, {2}, Buffer::of(std::vector<uint16_t>{0x3c00, 0x7e00})};
  EXPECT_EQ(find_nan(half), std::optional<size_t>(1));
}

TEST(Tensor, NamesTheBadElement) {
  const auto result = capture([] { require_finite(array_of<float>({0, NAN}, {2}), "x"); });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "x has a NaN at element 1; remove or replace such values");
}

}  // namespace
}  // namespace mote::driver
