#include "compress/quantize/parameters.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"

namespace mote::compress {
namespace {

TEST(Parameters, ActivationsHoldZeroExactly) {
  // (-1, 3): 4 / 255 a step, zero at -128 + 63.75.
  const Quantization q = activation_parameters({-1, 3}, DType::i8);
  EXPECT_FLOAT_EQ(q.scale[0], 4.0f / 255);
  EXPECT_EQ(q.zero_point[0], -64);
  // A range on one side reaches to 0.
  EXPECT_EQ(activation_parameters({0.5, 2}, DType::i8), per_tensor(2.0f / 255, -128));
  EXPECT_EQ(activation_parameters({-2, -0.5}, DType::i8), per_tensor(2.0f / 255, 127));
  EXPECT_EQ(activation_parameters({0, 6}, DType::u8), per_tensor(6.0f / 255, 0));
}

TEST(Parameters, Int16IsSymmetric) {
  EXPECT_EQ(activation_parameters({-1, 3}, DType::i16), per_tensor(3.0f / 32767, 0));
  EXPECT_EQ(activation_parameters({-5, 3}, DType::i16), per_tensor(5.0f / 32767, 0));
}

TEST(Parameters, NarrowRangesAreWidened) {
  const Quantization q = activation_parameters({0, 0}, DType::i8);
  EXPECT_FLOAT_EQ(q.scale[0], 1e-6f / 255);
  EXPECT_NEAR(static_cast<double>(q.zero_point[0]), 0, 1);
  EXPECT_FLOAT_EQ(weight_parameters(Shape{2}, std::vector<float>{0, 0}, -1, 127).scale[0],
                  1e-6f / 254);
}

TEST(Parameters, WeightsPerChannel) {
  const std::vector<float> w = {-2, 0.1f, 0.5f, 0.2f};
  const Quantization rows = weight_parameters(Shape{2, 2}, w, 0, 127);
  ASSERT_EQ(rows.scale.size(), 2u);
  EXPECT_FLOAT_EQ(rows.scale[0], 2.0f / 127);
  EXPECT_FLOAT_EQ(rows.scale[1], 0.5f / 127);
  EXPECT_EQ(rows.axis, 0);
  const Buffer stored = quantize_weights(Shape{2, 2}, w, rows, 127, DType::i8);
  const std::vector<int8_t> wanted = {-127, 6, 127, 51};
  EXPECT_TRUE(std::equal(wanted.begin(), wanted.end(), stored.as<int8_t>().begin()));

  const Quantization columns = weight_parameters(Shape{2, 2}, w, 1, 127);
  EXPECT_FLOAT_EQ(columns.scale[1], 0.2f / 127);
  EXPECT_EQ(columns.axis, 1);
  const Quantization one = weight_parameters(Shape{2, 2}, w, -1, 127);
  ASSERT_EQ(one.scale.size(), 1u);
  EXPECT_FLOAT_EQ(one.scale[0], 2.0f / 127);
}

TEST(Parameters, Int4IsPackedLowHalfFirst) {
  const std::vector<float> w = {7, -3.5f, 1};
  const Quantization q = weight_parameters(Shape{3}, w, -1, 7);
  EXPECT_FLOAT_EQ(q.scale[0], 1.0f);
  const Buffer stored = quantize_weights(Shape{3}, w, q, 7, DType::i4);
  ASSERT_EQ(stored.size(), 2u);
  EXPECT_EQ(stored.as<uint8_t>()[0], 0xc7);  // 7 below, -4 above: halves go away from zero
  EXPECT_EQ(stored.as<uint8_t>()[1], 0x01);
  EXPECT_EQ(dequantized_weights(Shape{3}, w, q, 7), (std::vector<float>{7, -4, 1}));
}

TEST(Parameters, BiasHasTheProductOfScales) {
  const Quantization weights = {{0.25f, 0.125f}, {0, 0}, 0};
  const Quantization q = bias_parameters(0.5f, weights);
  EXPECT_EQ(q.scale, (std::vector<float>{0.125f, 0.0625f}));
  const Buffer bias = quantize_bias(std::vector<float>{1, -1}, q, DType::i32);
  EXPECT_EQ(bias.as<int32_t>()[0], 8);
  EXPECT_EQ(bias.as<int32_t>()[1], -16);
  const Buffer wide = quantize_bias(std::vector<float>{1e12f, -1}, q, DType::i64);
  EXPECT_EQ(wide.as<int64_t>()[0], 7999999967232);  // the float nearest to 1e12, times 8
  const Buffer clamped = quantize_bias(std::vector<float>{1e12f, -1e12f}, q, DType::i32);
  EXPECT_EQ(clamped.as<int32_t>()[0], std::numeric_limits<int32_t>::max());
  EXPECT_EQ(clamped.as<int32_t>()[1], -std::numeric_limits<int32_t>::max());
}

TEST(Parameters, ConstantsAreClamped) {
  const Buffer q =
      quantize_constant(std::vector<float>{-1, 0, 0.25f, 100}, per_tensor(0.5f, 3), DType::i8);
  const std::vector<int8_t> wanted = {1, 3, 4, 127};
  EXPECT_TRUE(std::equal(wanted.begin(), wanted.end(), q.as<int8_t>().begin()));
}

TEST(Parameters, NansAreNamed) {
  try {
    require_finite(std::vector<float>{0, NAN}, "conv/kernel");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.blame, Blame::user);
    EXPECT_NE(error.message.find("'conv/kernel'"), std::string::npos);
    EXPECT_NE(error.message.find("element 1"), std::string::npos);
  }
}

}  // namespace
}  // namespace mote::compress
