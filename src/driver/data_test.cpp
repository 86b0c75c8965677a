#include "driver/data.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/result.h"

namespace mote::driver {
namespace {

PortInfo port(const std::string& name, const Shape& shape, DType dtype = DType::f32,
              Quantization quant = {}) {
  return {name, name + "_tensor", 0, {dtype, shape, std::move(quant)}};
}

Array counting(const Shape& shape) {
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  return {DType::f32, shape, Buffer::of(values)};
}

std::string error_of(std::span<const PortInfo> ports, const NamedArrays& data) {
  const auto result = capture([&] { return Samples(ports, data).count(); });
  return result ? "" : result.error().message;
}

TEST(Samples, OneByOneWhereTheBatchIsUnknown) {
  const std::vector<PortInfo> ports{port("image", {kDynamic, 2})};
  const Samples samples(ports, {{"x", counting({3, 2})}});
  EXPECT_EQ(samples.count(), 3);
  EXPECT_EQ(samples.runs(), 3);
  EXPECT_EQ(samples.shapes()[0], (Shape{1, 2}));
  const Array second = samples.inputs(1)[0];
  EXPECT_EQ(second.data.as<float>()[0], 2);
  EXPECT_TRUE(samples.has_batch_axis());
}

TEST(Samples, TheModelsBatchWithTheLastFilledUp) {
  const std::vector<PortInfo> ports{port("image", {2, 2})};
  const Samples samples(ports, {{"image", counting({3, 2})}});
  EXPECT_EQ(samples.runs(), 2);
  EXPECT_EQ(samples.valid(0), 2);
  EXPECT_EQ(samples.valid(1), 1);
  const Array last = samples.inputs(1)[0];
  EXPECT_EQ(last.data.as<float>()[2], 4);  // a copy of the last row
}

TEST(Samples, AnAxisMoreThanTheInput) {
  const std::vector<PortInfo> ports{port("a", {2}), port("b", {})};
  const Samples samples(ports, {{"a", counting({4, 2})}, {"b_tensor", counting({4})}});
  EXPECT_EQ(samples.count(), 4);
  EXPECT_FALSE(samples.has_batch_axis());
  EXPECT_EQ(samples.inputs(3)[0].shape, (Shape{2}));
  EXPECT_EQ(samples.inputs(3)[1].data.as<float>()[0], 3);
}

TEST(Samples, FillsUnknownExtentsFromTheData) {
  const std::vector<PortInfo> ports{port("t", {kDynamic, kDynamic, 3})};
  const Samples samples(ports, {{"0", counting({2, 5, 3})}});
  EXPECT_EQ(samples.shapes()[0], (Shape{1, 5, 3}));
}

TEST(Samples, QuantizesAndSaysSo) {
  const std::vector<PortInfo> ports{port("x", {1, 2}, DType::i8, per_tensor(0.5f, -1))};
  const Samples samples(ports, {{"x", counting({1, 2})}});
  const Array in = samples.inputs(0)[0];
  EXPECT_EQ(in.data.as<int8_t>()[0], -1);
  EXPECT_EQ(in.data.as<int8_t>()[1], 1);
  ASSERT_EQ(samples.notes().size(), 1u);
  EXPECT_EQ(samples.notes()[0], "input 'x': float32 data quantized to int8");
}

TEST(Samples, NamesWhatDoesNotFit) {
  const std::vector<PortInfo> one{port("x", {1, 2})};
  EXPECT_EQ(error_of(one, {{"q", counting({1, 2})}}),
            "the data has no array for input 'x'; it has 'q'; name the array 'x'");
  EXPECT_EQ(
      error_of(one, {{"x", counting({4, 3})}}),
      "the data for input 'x' has shape [4,3], which is not samples of the input's shape [1,2]");
  EXPECT_EQ(error_of(one, {{"x", counting({0, 2})}}), "the data has no samples");
  const std::vector<PortInfo> two{port("a", {1, 2}), port("b", {1, 2})};
  EXPECT_NE(error_of(two, {{"a", counting({3, 2})}, {"b", counting({4, 2})}}).find("4 samples"),
            std::string::npos);
  const Array bad{DType::f32, {1, 2}, Buffer::of(std::vector<float>{0, NAN})};
  EXPECT_EQ(error_of(one, {{"x", bad}}),
            "the data for input 'x' has a NaN at element 1; remove or replace such values");
}

TEST(Model, ParsesNamedShapes) {
  EXPECT_EQ(parse_named_shape("x=1,49,10,1"), NamedShape("x", Shape{1, 49, 10, 1}));
  EXPECT_EQ(parse_named_shape("a=b=2"), NamedShape("a=b", Shape{2}));
  EXPECT_EQ(parse_named_shape("3,4"), NamedShape("0", Shape{3, 4}));
  EXPECT_EQ(parse_named_shape("x="), NamedShape("x", Shape{}));
  for (const char* bad : {"x=1,", "x=-1", "x=1,,2", "x=a", "x=1x", "x=99999999999999999999",
                          "x=100000,100000", "x=1,1,1,1,1,1,1,1,1"}) {
    const auto result = capture([&] { return parse_named_shape(bad); });
    ASSERT_FALSE(result) << bad;
    EXPECT_EQ(result.error().blame, Blame::user) << bad;
  }
}

TEST(Model, FindsPortsByNameTensorAndPosition) {
  const std::vector<PortInfo> ports{port("a", {}), port("1", {}), port("c", {})};
  EXPECT_EQ(find_port(ports, "c", "input"), 2u);
  EXPECT_EQ(find_port(ports, "c_tensor", "input"), 2u);
  EXPECT_EQ(find_port(ports, "1", "input"), 1u);
  EXPECT_EQ(find_port(ports, "0", "input"), 0u);
  const auto result = capture([&] { return find_port(ports, "3", "input"); });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "the model has no input '3'; it has 0 'a', 1 '1', 2 'c'");
}

}  // namespace
}  // namespace mote::driver
