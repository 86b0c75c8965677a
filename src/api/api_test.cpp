// The public interfaces; expected values are the official interpreter's
// (tests/fixtures/cli/make.py).
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "formats/npy.h"
#include "mote/mote.h"

namespace {

const std::string kFixtures = MOTE_SOURCE_DIR "/tests/fixtures/cli/";

mote::formats::Array fixture(const std::string& file, const std::string& name) {
  for (auto& [key, array] : mote::formats::load_npz(kFixtures + file)) {
    if (key == name) return array;
  }
  ADD_FAILURE() << name;
  return {};
}

TEST(Api, RunsAModel) {
  const mote::Model model(kFixtures + "float.tflite");
  ASSERT_EQ(model.inputs(), 1u);
  ASSERT_EQ(model.outputs(), 1u);
  EXPECT_STREQ(model.input(0).name, "image");
  EXPECT_EQ(model.input(0).shape[0], -1);
  EXPECT_EQ(model.input(0).dtype, MOTE_FLOAT32);
  EXPECT_EQ(model.input(0).scale, 0);

  const auto x = fixture("data.npz", "x");
  const auto want = fixture("expected.npz", "float");
  mote::Session session = model.session();
  EXPECT_GT(session.arena_bytes(), 0u);
  EXPECT_EQ(session.output_tensor(0).shape[1], 3);
  for (size_t sample = 0; sample < 20; ++sample) {
    const std::span<float> in = session.input<float>(0);
    ASSERT_EQ(in.size(), 64u);
    std::memcpy(in.data(), x.data.as<float>().data() + sample * 64, 64 * sizeof(float));
    session.run();
    const std::span<const float> out = session.output<float>(0);
    ASSERT_EQ(out.size(), 3u);
    for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(out[i], want.data.as<float>()[sample * 3 + i], 1e-5);
  }
}

TEST(Api, PreparesForOtherShapes) {
  const mote::Model model(kFixtures + "float.tflite");
  mote::Session session = model.session(2, {{4, {20, 8, 8, 1}}});
  const auto x = fixture("data.npz", "x");
  const auto want = fixture("expected.npz", "float");
  std::memcpy(session.input<float>(0).data(), x.data.data(), x.data.size());
  session.run();
  const auto out = session.output<float>(0);
  ASSERT_EQ(out.size(), 60u);
  for (size_t i = 0; i < 60; ++i) EXPECT_NEAR(out[i], want.data.as<float>()[i], 1e-5);
}

TEST(Api, SaysWhatIsWrong) {
  const auto status_of = [](auto&& body) {
    try {
      body();
    } catch (const mote::Failure& failure) {
      EXPECT_STRNE(failure.what(), "");
      return failure.status();
    }
    return MOTE_OK;
  };
  EXPECT_EQ(status_of([] { mote::Model("no such file"); }), MOTE_USER_ERROR);
  const mote::Model model(kFixtures + "int8.tflite");
  EXPECT_EQ(status_of([&] { model.input(1); }), MOTE_USER_ERROR);
  EXPECT_EQ(status_of([&] { model.session(0); }), MOTE_USER_ERROR);
  EXPECT_EQ(status_of([&] { model.session(1, {{1, {1}}}); }), MOTE_USER_ERROR);
  EXPECT_EQ(status_of([&] { model.session(1, {{4, {-1, 8, 8, 1}}}); }), MOTE_USER_ERROR);
  EXPECT_EQ(status_of([&] { model.session(1, {{4, {1, 12, 12, 1}}}); }), MOTE_USER_ERROR);
  mote::Session session = model.session();
  EXPECT_EQ(status_of([&] { session.input<float>(0); }), MOTE_USER_ERROR);
  EXPECT_EQ(status_of([&] { session.input<int8_t>(1); }), MOTE_USER_ERROR);
  EXPECT_EQ(session.input<int8_t>(0).size(), 64u);
  EXPECT_EQ(mote_model_load(nullptr, nullptr), MOTE_USER_ERROR);
}

TEST(Api, Converts) {
  const std::string out = testing::TempDir() + "mote_api_out.tflite";
  mote::convert(kFixtures + "float.tflite", out);
  EXPECT_EQ(mote::Model(out).outputs(), 1u);
  std::filesystem::remove(out);
  mote_convert_options options{};
  options.quantize = "int3";
  EXPECT_THROW(mote::convert(kFixtures + "float.tflite", out, options), mote::Failure);
  EXPECT_FALSE(std::filesystem::exists(out));
}

}  // namespace
