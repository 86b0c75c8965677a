// Real float models, quantized in every precision: what is lost stays within what such a precision
// loses, and every node that stays float says why. The models are not part of the repository.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>

#include "base/file.h"
#include "compress/quantize/quantize.h"
#include "eval/evaluator.h"
#include "import/tflite/tflite.h"
#include "passes/pipeline.h"
#include "passes/specialize.h"

namespace mote::compress {
namespace {

std::string shared_path(const std::string& name) {
  const char* root = std::getenv("MOTE_SHARED");
  const std::string folder = root ? root : std::string(MOTE_SOURCE_DIR) + "/../shared";
  return folder + "/data/models/tflite/" + name;
}

CalibrationData random_data(const Graph& graph, size_t count) {
  CalibrationData data{passes::default_input_shapes(graph), {}};
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  for (size_t s = 0; s < count; ++s) {
    std::vector<Buffer>& sample = data.samples.emplace_back();
    for (const Shape& shape : data.shapes) {
      std::vector<float> values(static_cast<size_t>(shape.elements()));
      for (float& v : values) v = normal(random);
      sample.push_back(Buffer::of(values));
    }
  }
  return data;
}

std::vector<float> run(const Graph& source, const CalibrationData& data) {
  Graph graph = source;
  passes::specialize(graph, data.shapes);
  eval::Evaluator evaluator(graph, false);
  std::vector<float> all;
  for (const auto& sample : data.samples) {
    for (size_t i = 0; i < sample.size(); ++i) {
      evaluator.set_input(static_cast<int>(i), sample[i].bytes());
    }
    evaluator.reset_state();
    evaluator.run();
    for (size_t o = 0; o < graph.main().outputs.size(); ++o) {
      const auto bytes = evaluator.output(static_cast<int>(o));
      const size_t begin = all.size();
      all.resize(begin + bytes.size() / sizeof(float));
      std::memcpy(&all[begin], bytes.data(), bytes.size());
    }
  }
  return all;
}

double sqnr(const std::vector<float>& x, const std::vector<float>& y) {
  double signal = 0, noise = 1e-30;
  for (size_t i = 0; i < x.size(); ++i) {
    const double e = static_cast<double>(x[i]) - static_cast<double>(y[i]);
    signal += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    noise += e * e;
  }
  return 10 * std::log10(signal / noise);
}

// What each precision leaves of a signal, in dB, of a network of a few layers.
struct Row {
  Precision precision;
  double least;
};
constexpr Row kRows[] = {{Precision::float16, 45},
                         {Precision::dynamic, 25},
                         {Precision::int8, 18},
                         {Precision::int16x8, 20},
                         {Precision::int4, 8}};

TEST(SharedModels, EveryPrecision) {
  int seen = 0;
  for (const char* name : {"hello_world_float.tflite", "fizzbuzz_model.tflite", "iris.tflite",
                           "sin_model.tflite", "dilated_conv.tflite", "trained_lstm.tflite"}) {
    const std::string path = shared_path(name);
    if (!file_exists(path)) continue;
    ++seen;
    Graph source = import_tflite(path).value();
    (void)passes::optimize(source).value();
    const CalibrationData data = random_data(source, 8);
    const std::vector<float> wanted = run(source, data);
    for (const Row& row : kRows) {
      Graph graph = source;
      QuantizeOptions options;
      options.precision = row.precision;
      options.min_weight_elements = 64;
      const QuantizeReport report = quantize(graph, options, data).value();
      EXPECT_GT(sqnr(wanted, run(graph, data)), row.least) << name << " " << name_of(row.precision);
      EXPECT_GT(report.quantized, 0) << name;
      for (const LayerReport& layer : report.layers) {
        EXPECT_FALSE(layer.op.empty());
        if (row.precision == Precision::int8 && layer.precision == "float32") {
          EXPECT_FALSE(layer.reason.empty()) << name << ": " << layer.op;
        }
      }
    }
  }
  if (!seen) GTEST_SKIP() << "skipped: the shared models are not there (" << shared_path("") << ")";
}

}  // namespace
}  // namespace mote::compress
