#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/file.h"
#include "base/half.h"
#include "base/result.h"
#include "base/shape.h"

namespace mote {
namespace {

TEST(Shape, BroadcastFollowsNumpy) {
  EXPECT_EQ(broadcast({4, 1, 3}, {2, 1}), (Shape{4, 2, 3}));
  EXPECT_EQ(broadcast({}, {5}), (Shape{5}));
  EXPECT_EQ(broadcast({kDynamic, 3}, {1, 3}), (Shape{kDynamic, 3}));
  EXPECT_EQ(broadcast({2}, {3}), std::nullopt);
  EXPECT_EQ(broadcast({0}, {1}), (Shape{0}));
}

TEST(Shape, RefusesWhatOverflows) {
  const int64_t big[] = {int64_t{1} << 40, int64_t{1} << 40};
  EXPECT_EQ(Shape::checked(big), std::nullopt);
  const int64_t negative[] = {-2};
  EXPECT_EQ(Shape::checked(negative), std::nullopt);
  const int64_t nine[] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  EXPECT_EQ(Shape::checked(nine), std::nullopt);
  EXPECT_EQ((Shape{kDynamic, 2}).bytes(DType::f32), std::nullopt);
  EXPECT_EQ((Shape{3, 5}).bytes(DType::i4), 8u);
}

TEST(Half, RoundTripsEveryValue) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = half_to_float(static_cast<uint16_t>(bits));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(half_to_float(float_to_half(value))));
    } else {
      EXPECT_EQ(float_to_half(value), bits);
    }
  }
}

TEST(Half, RoundsToNearestEven) {
  EXPECT_EQ(float_to_half(65519.0f), 0x7bff);
  EXPECT_EQ(float_to_half(65520.0f), 0x7c00);
  EXPECT_EQ(float_to_half(1.0f + 0x1p-11f), 0x3c00);
  EXPECT_EQ(float_to_half(1.0f + 3 * 0x1p-11f), 0x3c02);
  EXPECT_EQ(float_to_half(0x1p-25f), 0x0000);
  EXPECT_EQ(float_to_half(0x1.8p-25f), 0x0001);
}

TEST(Result, CarriesWhatWasThrownWithItsContext) {
  const auto result = capture(
      []() -> int { return with_context("layer 'x'", []() -> int { fail_user("bad {}", 3); }); });
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "layer 'x': bad 3");
  EXPECT_EQ(result.error().blame, Blame::user);
  EXPECT_THROW((void)result.value(), Error);
}

TEST(File, WhatIsReleasedCanStillBeRead) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += std::to_string(i);
  const auto bytes = std::as_bytes(std::span(text));
  const std::string path = testing::TempDir() + "released";
  write_file(path, bytes);
  const Buffer file = map_file(path);
  const Buffer part = file.slice(5000, 300000);
  const Buffer copy = Buffer::copy_of(part.data(), part.size());
  release_mapped(part.bytes());
  release_mapped(copy.bytes());  // not of a file: must stay
  release_mapped({});
  EXPECT_TRUE(std::ranges::equal(part.bytes(), bytes.subspan(5000, 300000)));
  EXPECT_TRUE(std::ranges::equal(copy.bytes(), part.bytes()));
}

TEST(Buffer, StartsAsZerosAndAligned) {
  for (const size_t size_bytes : {0u, 1u, 1000u, 200000u, 5000000u}) {
    const auto [buffer, bytes] = Buffer::allocate(size_bytes);
    EXPECT_EQ(buffer.size(), size_bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % 64, 0u);
    EXPECT_TRUE(std::ranges::all_of(buffer.bytes(), [](std::byte b) { return b == std::byte{}; }));
    if (size_bytes) bytes[size_bytes - 1] = std::byte{1};
  }
}

TEST(File, MissingFileIsNamed) {
  const auto result = capture([] { return map_file("/nonexistent/model.tflite"); });
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("/nonexistent/model.tflite"), std::string::npos);
}

}  // namespace
}  // namespace mote
