// What the verbs do, on a small classifier; expected values are the official interpreter's
// (tests/fixtures/cli/make.py).
#include <cmath>

#include "formats/npy.h"
#include "program.h"

namespace mote::cli_test {
namespace {

using formats::Array;
using formats::load_npy;
using formats::load_npz;
using formats::save_npy;
using Verbs = Program;

const std::string kFloat = kFixtures + "float.tflite";
const std::string kInt8 = kFixtures + "int8.tflite";
const std::string kData = kFixtures + "data.npz";

Array array_named(const std::string& npz, const std::string& name) {
  for (auto& [key, array] : load_npz(npz)) {
    if (key == name) return array;
  }
  ADD_FAILURE() << npz << " has no " << name;
  return {};
}

// Rows [begin, end).
Array rows(const Array& array, int64_t begin, int64_t end) {
  const size_t row = array.data.size() / static_cast<size_t>(array.shape[0]);
  Shape shape = array.shape;
  shape[0] = end - begin;
  return {
      array.dtype, shape,
      array.data.slice(static_cast<size_t>(begin) * row, static_cast<size_t>(end - begin) * row)};
}

void expect_close(const Array& got, const Array& want) {
  ASSERT_EQ(got.data.size(), want.data.size());
  for (size_t i = 0; i < got.data.as<float>().size(); ++i) {
    EXPECT_NEAR(got.data.as<float>()[i], want.data.as<float>()[i], 1e-5);
  }
}

TEST_F(Verbs, RunWritesItsOutputs) {
  save_npy(at("x.npy"), rows(array_named(kData, "x"), 3, 4));
  const Json report =
      json("run " + kFloat + " --input 0=" + at("x.npy") + " --output-dir " + at("out"));
  ASSERT_EQ(report["inputs"].size(), 1u);
  const Json& input = report["inputs"][0];
  EXPECT_EQ(input["name"], "image");
  EXPECT_EQ(input["shape"], Json({1, 8, 8, 1}));
  EXPECT_EQ(input["dtype"], "float32");
  EXPECT_TRUE(input["quantization"].is_null());
  EXPECT_EQ(input["source"], "file");
  const Json& output = report["outputs"][0];
  EXPECT_EQ(output["shape"], Json({1, 3}));
  expect_close(load_npy(output["file"]),
               rows(array_named(kFixtures + "expected.npz", "float"), 3, 4));
}

TEST_F(Verbs, RunTakesABatchAndNames) {
  save_npy(at("x.npy"), array_named(kData, "x"));
  const Json report =
      json("run " + kFloat + " --input image=" + at("x.npy") + " --output-dir " + at("out"));
  EXPECT_EQ(report["outputs"][0]["shape"], Json({20, 3}));
  expect_close(load_npy(report["outputs"][0]["file"]),
               array_named(kFixtures + "expected.npz", "float"));
}

TEST_F(Verbs, RunQuantizesFloatsAndSaysSo) {
  save_npy(at("x.npy"), array_named(kData, "x"));
  const Json report = json("run " + kInt8 + " -i " + at("x.npy") + " --output-dir " + at("out"));
  ASSERT_EQ(report["notes"].size(), 1u);
  EXPECT_EQ(report["notes"][0], "input 'image': float32 data quantized to int8");
  EXPECT_GT(report["inputs"][0]["quantization"]["scale"], 0);
  EXPECT_EQ(report["outputs"][0]["quantization"]["zero_point"], -128);
  const Array got = load_npy(report["outputs"][0]["file"]);
  const Array want = array_named(kFixtures + "expected.npz", "int8");
  ASSERT_EQ(got.data.size(), want.data.size());
  EXPECT_EQ(0, std::memcmp(got.data.data(), want.data.data(), want.data.size()));
}

TEST_F(Verbs, RunMakesRandomInput) {
  const Json report = json("run " + kFloat + " --seed 5");
  EXPECT_EQ(report["inputs"][0]["source"], "random");
  EXPECT_TRUE(report["outputs"][0]["file"].is_null());
  const Done done = mote("run " + kFloat);
  EXPECT_NE(done.err.find("note: input 'image': random data (seed 0)"), std::string::npos);
  EXPECT_NE(done.out.find("image"), std::string::npos);
}

TEST_F(Verbs, RunRefusesWhatDoesNotFit) {
  save_npy(at("x.npy"), array_named(kData, "y"));
  expect_error("run " + kFloat + " -i " + at("x.npy"), 1, {"x.npy", "[20]", "[?,8,8,1]"});
  expect_error("run " + kFloat + " -i nope=" + at("x.npy"), 1, {"'nope'", "'image'"});
  expect_error("run " + kFloat + " --input-shape image=1,9", 1, {"image", "rank"});
  expect_error("run " + kFloat + " --input-shape image=1,12,12,1", 1, {"float.tflite"});
}

TEST_F(Verbs, ConvertKeepsWhatTheModelComputes) {
  const Json report = json("convert " + kFloat + " -o " + at("out.tflite"));
  EXPECT_EQ(report["output_bytes"], std::filesystem::file_size(at("out.tflite")));
  EXPECT_EQ(report["source_bytes"], std::filesystem::file_size(kFloat));
  EXPECT_FALSE(report["operators"].empty());
  const Json verified =
      json("verify " + kFloat + " " + at("out.tflite") + " --data " + kData + " --tolerance 1e-6");
  EXPECT_EQ(verified["pass"], true);
  EXPECT_EQ(verified["samples"], 20);
}

TEST_F(Verbs, ConvertFixesShapes) {
  json("convert " + kFloat + " -o " + at("out.tflite") + " --input-shape image=4,8,8,1");
  EXPECT_EQ(json("inspect " + at("out.tflite"))["inputs"][0]["shape"], Json({4, 8, 8, 1}));
}

TEST_F(Verbs, VerifyMeasuresQuantization) {
  const Json report = json("verify " + kFloat + " " + kInt8 + " --data " + kData + " --layers");
  const Json& output = report["outputs"][0];
  // The same from the official interpreter's outputs.
  const auto want = array_named(kFixtures + "expected.npz", "float");
  const auto got = array_named(kFixtures + "expected.npz", "int8");
  double worst = 0;
  double noise = 0;
  double signal = 0;
  for (size_t i = 0; i < want.data.as<float>().size(); ++i) {
    const double error = want.data.as<float>()[i] - (got.data.as<int8_t>()[i] + 128) / 256.0;
    worst = std::max(worst, std::fabs(error));
    noise += error * error;
    signal += static_cast<double>(want.data.as<float>()[i]) * want.data.as<float>()[i];
  }
  EXPECT_NEAR(output["max_abs_error"], worst, 1e-5);
  EXPECT_NEAR(output["rmse"], std::sqrt(noise / 60), 1e-6);
  EXPECT_NEAR(output["sqnr_db"], 10 * std::log10(signal / noise), 1e-2);
  EXPECT_EQ(report["samples"], 20);
  ASSERT_GE(report["layers"].size(), 3u);
  EXPECT_GT(report["layers"][0]["sqnr_db"], 20);
}

TEST_F(Verbs, VerifyFailsPastItsLimits) {
  const std::string pair = "verify " + kFloat + " " + kInt8 + " --data " + kData;
  const Done done = mote(pair + " --tolerance 1e-9 --json");
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_EQ(Json::parse(done.out)["pass"], false);
  EXPECT_EQ(mote(pair + " --tolerance 0.5").exit_code, 0);
  EXPECT_EQ(mote(pair + " --min-sqnr 100").exit_code, 1);
  EXPECT_EQ(mote(pair + " --min-sqnr 10").exit_code, 0);
  EXPECT_EQ(mote(pair + " --min-top1 0.5").exit_code, 0);
  // No data: random samples, said so.
  EXPECT_EQ(json("verify " + kFloat + " " + kInt8)["data"], "random");
}

TEST_F(Verbs, EvaluateCountsRightAnswers) {
  const auto scores = array_named(kFixtures + "expected.npz", "float");
  const auto truth = array_named(kData, "y");
  int right = 0;
  for (size_t i = 0; i < 20; ++i) {
    const float* row = scores.data.as<float>().data() + i * 3;
    right += std::max_element(row, row + 3) - row == truth.data.as<int32_t>()[i];
  }
  for (const std::string& model : {kFloat, kInt8}) {
    const Json report = json("evaluate " + model + " --data " + kData);
    EXPECT_EQ(report["metric"], "accuracy");
    EXPECT_EQ(report["samples"], 20);
    if (model == kFloat) {
      EXPECT_DOUBLE_EQ(report["value"], right / 20.0);
    }
  }
  EXPECT_EQ(json("evaluate " + kFloat + " --samples 7 --data " + kData)["samples"], 7);
  EXPECT_GT(json("evaluate " + kFloat + " --metric auc --data " + kData)["value"], 0.5);
  save_npy(at("x.npy"), array_named(kData, "x"));
  expect_error("evaluate " + kFloat + " --data " + at("x.npy"), 1, {"x.npy", "'y'"});
}

TEST_F(Verbs, BenchReports) {
  const Json report =
      json("bench " + kFloat + " --runs 5 --warmup 1 --profile --trace " + at("trace.json"));
  for (const char* field : {"min", "median", "p90", "p99"}) {
    EXPECT_GT(report["latency_us"][field], 0) << field;
  }
  EXPECT_LE(report["latency_us"]["min"], report["latency_us"]["p99"]);
  EXPECT_GE(report["arena_bytes"], report["arena_lower_bound_bytes"]);
  EXPECT_GT(report["arena_lower_bound_bytes"], 0);
  EXPECT_GE(report["arena_ratio"], 1.0);
  EXPECT_LE(report["arena_ratio"], 1.02);
  EXPECT_GT(report["weight_bytes"], 0);
  EXPECT_GT(report["load_ms"], 0);
  EXPECT_GT(report["first_run_us"], 0);
  EXPECT_GE(report["profile"].size(), 3u);
  // 6x6 positions x 4 filters x 3x3 taps, and 36 x 3.
  EXPECT_EQ(report["macs"], 6 * 6 * 4 * 9 + 36 * 3);
  const Json trace = Json::parse(read(at("trace.json")));
  EXPECT_EQ(trace["traceEvents"].size(), report["profile"].size());
  EXPECT_EQ(trace["traceEvents"][0]["ph"], "X");
  EXPECT_NE(mote("bench " + kFloat + " --runs 2 --threads 2").out.find("2 threads"),
            std::string::npos);
}

TEST_F(Verbs, InspectShowsTheModel) {
  const Json report = json("inspect " + kInt8);
  EXPECT_EQ(report["format"], "tflite");
  EXPECT_EQ(report["inputs"][0]["dtype"], "int8");
  EXPECT_EQ(report["totals"]["macs"], 6 * 6 * 4 * 9 + 36 * 3);
  EXPECT_EQ(report["totals"]["operators"], report["operators"].size());
  EXPECT_EQ(report["file_bytes"], std::filesystem::file_size(kInt8));
  EXPECT_EQ(mote("inspect " + kInt8 + " --dot").out.rfind("digraph", 0), 0u);
  EXPECT_NE(mote("inspect " + kInt8 + " --graph").out.find("subgraph"), std::string::npos);
  EXPECT_NE(mote("inspect " + kInt8).out.find("conv_2d"), std::string::npos);
}

TEST_F(Verbs, AFullDiskIsAnError) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "skipped: no /dev/full";
  const std::string command = std::string(MOTE_PROGRAM) + " ops >/dev/full 2>/dev/null";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1);
}

}  // namespace
}  // namespace mote::cli_test
