// mote convert --quantize, from a Keras model to a checked .tflite.
#include <cmath>
#include <map>

#include "formats/npy.h"
#include "program.h"

namespace mote::cli_test {
namespace {

using Quantize = Program;

const std::string kKeras = kFixtures + "model.keras";
const std::string kData = kFixtures + "data.npz";

TEST_F(Quantize, EveryPrecisionStaysCloseToItsSource) {
  // The least signal-to-noise ratio that is acceptable for weights of so many bits.
  const std::map<std::string, double> kPrecisions = {
      {"none", 100}, {"float16", 50}, {"dynamic", 25}, {"int8", 20}, {"int16x8", 25}, {"int4", 10}};
  for (const auto& [precision, sqnr_db] : kPrecisions) {
    const std::string out = at(precision + ".tflite");
    const bool integer = precision == "int8" || precision == "int16x8";
    const Json report = json("convert " + kKeras + " -o " + out + " --min-weights 1 --quantize " +
                             precision + (integer ? " --calibrate " + kData : ""));
    EXPECT_EQ(report["quantize"], precision);
    EXPECT_EQ(report["calibration_samples"], integer ? 20 : 0);
    EXPECT_EQ(report["output_bytes"], std::filesystem::file_size(out));
    EXPECT_EQ(report["inputs"][0]["dtype"], "float32");
    const Done done = mote("verify " + kKeras + " " + out + " --data " + kData + " --min-sqnr " +
                           std::to_string(sqnr_db));
    EXPECT_EQ(done.exit_code, 0) << precision << "\n" << done.out << done.err;
  }
}

TEST_F(Quantize, IntegerInputsAndOutputs) {
  for (const std::string type : {"int8", "uint8"}) {
    const std::string out = at(type + ".tflite");
    const Json report = json("convert " + kKeras + " -o " + out + " --quantize int8 --calibrate " +
                             kData + " --input-type " + type + " --output-type " + type);
    EXPECT_EQ(report["inputs"][0]["dtype"], type);
    EXPECT_EQ(report["outputs"][0]["dtype"], type);
    const Json evaluated = json("evaluate " + out + " --data " + kData);
    const Json source = json("evaluate " + kKeras + " --data " + kData);
    EXPECT_NEAR(evaluated["value"], source["value"], 0.051);
  }
}

TEST_F(Quantize, LayersAreComparedAsTheyWereFused) {
  json("convert " + kKeras + " -o " + at("out.tflite"));
  const Json report =
      json("verify " + kKeras + " " + at("out.tflite") + " --layers --data " + kData);
  ASSERT_EQ(report["layers"].size(), 4u);
  EXPECT_EQ(report["unmatched_layers"], 0);
  EXPECT_EQ(report["layers"][0]["layer"], "conv");  // with its relu
  for (const Json& layer : report["layers"]) {
    EXPECT_LT(layer["max_abs_error"], 1e-5) << layer;
    EXPECT_EQ(layer["top1_agreement"], 1) << layer;
  }
}

// A normalised network: every layer of its int8 form is close to the source's, fused as it is.
TEST_F(Quantize, EveryLayerOfTheDigitsIsClose) {
  const std::string digits = MOTE_SOURCE_DIR "/examples/digits/";
  json("convert " + digits + "digits.keras -o " + at("int8.tflite") +
       " --quantize int8 --calibrate " + digits + "calibrate.npz");
  const Json report = json("verify " + digits + "digits.keras " + at("int8.tflite") +
                           " --layers --data " + digits + "eval.npz --samples 100");
  EXPECT_GE(report["layers"].size(), 12u);
  for (const Json& layer : report["layers"]) EXPECT_GT(layer["sqnr_db"], 30) << layer;
}

TEST_F(Quantize, DumpsTheGraphAfterEachPass) {
  const Done done = mote("convert " + kKeras + " -o " + at("out.tflite") + " --dump-ir");
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_NE(done.err.find("// fuse_activation in "), std::string::npos) << done.err;
  EXPECT_NE(done.err.find("activation=relu"), std::string::npos);
}

TEST_F(Quantize, NeedsGoodCalibrationData) {
  const std::string convert = "convert " + kKeras + " -o " + at("out.tflite") + " --quantize int8";
  expect_error(convert, 1, {"model.keras", "--calibrate"});
  expect_error(convert + " --calibrate " + at("none.npz"), 1, {"none.npz"});
  std::vector<float> values(2 * 64, 0.5f);
  values[70] = NAN;
  formats::save_npy(at("nan.npy"), {DType::f32, {2, 8, 8, 1}, Buffer::of(values)});
  expect_error(convert + " --calibrate " + at("nan.npy"), 1, {"nan.npy", "NaN", "70"});
  values[70] = 0;
  formats::save_npy(at("small.npy"), {DType::f32, {2, 8, 8}, Buffer::of(values)});
  expect_error(convert + " --calibrate " + at("small.npy"), 1, {"small.npy", "[2,8,8]"});
  expect_error(convert + " --calibrate " + kData + " --input-type int16", 1, {"int16"});
  EXPECT_FALSE(std::filesystem::exists(at("out.tflite")));
}

}  // namespace
}  // namespace mote::cli_test
