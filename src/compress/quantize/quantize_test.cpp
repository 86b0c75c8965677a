#include "compress/quantize/quantize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "base/error.h"
#include "base/half.h"
#include "compress/quantize/equalize.h"
#include "eval/evaluator.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "ops/ops.h"
#include "passes/pipeline.h"
#include "passes/specialize.h"

namespace mote::compress {
namespace {

std::vector<float> random_floats(size_t count, float low, float high, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(low, high);
  std::vector<float> values(count);
  for (float& v : values) v = uniform(random);
  return values;
}

// A constant of the text whose name starts with "random" gets random elements, each row (index of
// axis 0) of a width of its own.
Graph parse(const std::string& text) {
  Graph graph = parse_graph(text, find_op);
  unsigned seed = 1;
  for (Value& value : graph.main().values) {
    if (!value.is_constant || !value.name.starts_with("random")) continue;
    auto values = random_floats(value.data.size() / 4, -1, 1, ++seed);
    const auto rows = static_cast<size_t>(std::max<int64_t>(1, value.type.shape[0]));
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] *= 0.2f + 0.3f * static_cast<float>(i * rows / values.size() % 4);
    }
    value.data = Buffer::of(values);
  }
  verify(graph);
  infer_types(graph);
  return graph;
}

const char* const kNet = R"(
subgraph main(%0 "x": float32[?,8,8,3]) -> (%20) {
  %1 "random_w1": float32[8,3,3,3] = constant fill(0)
  %2 "random_b1": float32[8] = constant fill(0)
  %3 "c1": float32[?,8,8,8] = conv_2d(%0, %1, %2) {activation=relu} @"conv1"
  %4 "random_w2": float32[1,3,3,8] = constant fill(0)
  %5 "random_b2": float32[8] = constant fill(0)
  %6 "c2": float32[?,4,4,8] = depthwise_conv_2d(%3, %4, %5) {stride_w=2, stride_h=2, depth_multiplier=1, activation=relu6} @"conv2"
  %7 "p": float32[?,2,2,8] = max_pool_2d(%6) {padding=valid, stride_w=2, stride_h=2, filter_width=2, filter_height=2} @"pool"
  %8 "to": int32[2] = constant [-1, 32]
  %9 "f": float32[?,32] = reshape(%7, %8) @"flatten"
  %10 "random_w3": float32[40,32] = constant fill(0)
  %11 "random_b3": float32[40] = constant fill(0)
  %12 "d": float32[?,40] = fully_connected(%9, %10, %11) @"dense"
  %20 "y": float32[?,40] = softmax(%12) {beta=1} @"softmax"
}
signature "serving_default" 0 ("in": %0) -> ("out": %20)
)";

CalibrationData random_data(const Graph& graph, size_t count) {
  CalibrationData data{passes::default_input_shapes(graph), {}};
  for (unsigned s = 0; s < count; ++s) {
    std::vector<Buffer>& sample = data.samples.emplace_back();
    for (const Shape& shape : data.shapes) {
      sample.push_back(
          Buffer::of(random_floats(static_cast<size_t>(shape.elements()), -1, 1, 100 + s)));
    }
  }
  return data;
}

// The outputs as reals; inputs are quantized as the graph asks for.
std::vector<std::vector<float>> run(const Graph& source, const std::vector<Buffer>& sample) {
  Graph graph = source;
  passes::specialize(graph, passes::default_input_shapes(graph));
  eval::Evaluator evaluator(graph);
  const Subgraph& main = graph.main();
  for (size_t i = 0; i < main.inputs.size(); ++i) {
    const TensorType& type = main.value(main.inputs[i]).type;
    const auto values = sample[i].as<float>();
    std::vector<std::byte> bytes(*type.shape.bytes(type.dtype));
    for (size_t k = 0; k < values.size(); ++k) {
      const float q = std::round(values[k] / type.scale()) + static_cast<float>(type.zero_point());
      const auto b =
          static_cast<int16_t>(std::clamp(q, type.dtype == DType::u8 ? 0.0f : -32768.0f, 32767.0f));
      const auto c =
          static_cast<int8_t>(std::clamp<int>(b, -128, type.dtype == DType::u8 ? 255 : 127));
      if (type.dtype == DType::f32) {
        std::memcpy(&bytes[k * 4], &values[k], 4);
      } else if (type.dtype == DType::i16) {
        std::memcpy(&bytes[k * 2], &b, 2);
      } else {
        std::memcpy(&bytes[k], &c, 1);
      }
    }
    evaluator.set_input(static_cast<int>(i), bytes);
  }
  evaluator.run();
  std::vector<std::vector<float>> outputs;
  for (size_t i = 0; i < main.outputs.size(); ++i) {
    const TensorType& type = main.value(main.outputs[i]).type;
    const auto* bytes = evaluator.output(static_cast<int>(i)).data();
    std::vector<float>& y = outputs.emplace_back();
    for (int64_t k = 0; k < type.shape.elements(); ++k) {
      float v = 0;
      if (type.dtype == DType::f32) {
        v = reinterpret_cast<const float*>(bytes)[k];
      } else {
        int q = 0;
        if (type.dtype == DType::i16) q = reinterpret_cast<const int16_t*>(bytes)[k];
        if (type.dtype == DType::i8) q = reinterpret_cast<const int8_t*>(bytes)[k];
        if (type.dtype == DType::u8) q = reinterpret_cast<const uint8_t*>(bytes)[k];
        v = type.scale() * static_cast<float>(q - type.zero_point());
      }
      y.push_back(v);
    }
  }
  return outputs;
}

double sqnr(const Graph& reference, const Graph& candidate, const CalibrationData& data) {
  double signal = 0, noise = 0;
  for (const auto& sample : data.samples) {
    const auto x = run(reference, sample);
    const auto y = run(candidate, sample);
    for (size_t i = 0; i < x.size(); ++i) {
      for (size_t k = 0; k < x[i].size(); ++k) {
        const double e = static_cast<double>(x[i][k]) - static_cast<double>(y[i][k]);
        signal += static_cast<double>(x[i][k]) * static_cast<double>(x[i][k]);
        noise += e * e;
      }
    }
  }
  return 10 * std::log10(signal / std::max(noise, 1e-30));
}

std::string error_of(Graph graph, const QuantizeOptions& options, const CalibrationData& data) {
  const Graph before = graph;
  const auto result = quantize(graph, options, data);
  EXPECT_FALSE(result.ok());
  EXPECT_TRUE(equal(before, graph)) << "a failure changed the graph";
  if (result.ok()) return "";
  EXPECT_EQ(result.error().blame, Blame::user) << result.error().message;
  return result.error().message;
}

const Node& node_named(const Graph& graph, std::string_view layer, std::string_view op = "") {
  for (const Node& node : graph.main().nodes) {
    if (node.layer == layer && (op.empty() || op == node.op->name)) return node;
  }
  fail_internal("no node of layer '{}'", layer);
}

int count(const Graph& graph, std::string_view op) {
  int n = 0;
  for (const Node& node : graph.main().nodes) n += op == node.op->name;
  return n;
}

TEST(Quantize, Int8WithFloatEnds) {
  Graph graph = parse(kNet);
  const Graph before = graph;
  const CalibrationData data = random_data(graph, 8);
  const QuantizeReport report = quantize(graph, {}, data).value();
  EXPECT_GT(sqnr(before, graph, data), 25);
  EXPECT_EQ(count(graph, "quantize"), 1);
  EXPECT_EQ(count(graph, "dequantize"), 1);
  EXPECT_EQ(report.stayed_float, 0);
  EXPECT_EQ(report.quantized, 6);
  // Names at the ends are the user's; signatures follow.
  const Subgraph& main = graph.main();
  EXPECT_EQ(main.value(main.inputs[0]).name, "x");
  EXPECT_EQ(main.value(main.inputs[0]).type.str(), "float32[?,8,8,3]");
  EXPECT_EQ(main.value(main.outputs[0]).name, "y");
  EXPECT_EQ(graph.signatures[0].outputs[0].second, main.outputs[0]);
  EXPECT_EQ(graph.signatures[0].inputs[0].second, main.inputs[0]);

  const Node& conv = node_named(graph, "conv1", "conv_2d");
  const TensorType& w = main.value(conv.inputs[1]).type;
  const TensorType& b = main.value(conv.inputs[2]).type;
  const TensorType& x = main.value(conv.inputs[0]).type;
  EXPECT_EQ(w.dtype, DType::i8);
  ASSERT_EQ(w.quant.scale.size(), 8u);
  EXPECT_EQ(w.quant.axis, 0);
  EXPECT_EQ(b.dtype, DType::i32);
  for (size_t c = 0; c < 8; ++c) EXPECT_EQ(b.quant.scale[c], x.scale() * w.quant.scale[c]);
  EXPECT_EQ(main.value(node_named(graph, "conv2").inputs[1]).type.quant.axis, 3);
  // What only chooses among elements keeps the scale; softmax has its own.
  const auto quant_of = [&](const char* layer) {
    return main.value(node_named(graph, layer).outputs[0]).type.quant;
  };
  EXPECT_EQ(quant_of("conv2"), quant_of("pool"));
  EXPECT_EQ(quant_of("pool"), quant_of("flatten"));
  EXPECT_EQ(main.value(node_named(graph, "softmax", "softmax").outputs[0]).type.quant,
            per_tensor(1.0f / 256, -128));
}

TEST(Quantize, IntegerEnds) {
  const Graph before = parse(kNet);
  const CalibrationData data = random_data(before, 8);
  for (const DType type : {DType::i8, DType::u8}) {
    Graph graph = before;
    QuantizeOptions options;
    options.input_type = options.output_type = type;
    (void)quantize(graph, options, data).value();
    const Subgraph& main = graph.main();
    EXPECT_EQ(main.value(main.inputs[0]).type.dtype, type);
    EXPECT_EQ(main.value(main.inputs[0]).name, "x");
    EXPECT_EQ(main.value(main.outputs[0]).type.dtype, type);
    EXPECT_EQ(main.value(main.outputs[0]).name, "y");
    EXPECT_EQ(main.value(main.outputs[0]).type.quant,
              per_tensor(1.0f / 256, type == DType::i8 ? -128 : 0));
    EXPECT_EQ(count(graph, "quantize"), type == DType::i8 ? 0 : 2);
    EXPECT_EQ(count(graph, "dequantize"), 0);
    EXPECT_GT(sqnr(before, graph, data), 25);
  }
}

TEST(Quantize, Int16x8) {
  const Graph before = parse(kNet);
  const CalibrationData data = random_data(before, 8);
  Graph graph = before;
  QuantizeOptions options;
  options.precision = Precision::int16x8;
  options.input_type = DType::i16;
  (void)quantize(graph, options, data).value();
  const Subgraph& main = graph.main();
  const Node& conv = node_named(graph, "conv1");
  EXPECT_EQ(main.value(conv.inputs[0]).type.dtype, DType::i16);
  EXPECT_EQ(main.value(conv.inputs[0]).type.zero_point(), 0);
  EXPECT_EQ(main.value(conv.inputs[1]).type.dtype, DType::i8);
  EXPECT_EQ(main.value(conv.inputs[2]).type.dtype, DType::i64);
  EXPECT_GT(sqnr(before, graph, data), 38);
}

TEST(Quantize, WeightsOnly) {
  const Graph before = parse(kNet);
  const CalibrationData data = random_data(before, 4);
  QuantizeOptions options;
  options.precision = Precision::dynamic;
  Graph graph = before;
  QuantizeReport report = quantize(graph, options).value();
  // 1280 elements: only the dense layer's weights reach 1024.
  EXPECT_EQ(report.quantized, 1);
  EXPECT_EQ(report.stayed_float, 2);
  EXPECT_NE(report.layers[0].reason.find("216 elements"), std::string::npos);
  const Node& dense = node_named(graph, "dense");
  EXPECT_EQ(graph.main().value(dense.inputs[1]).type.dtype, DType::i8);
  EXPECT_EQ(graph.main().value(dense.inputs[1]).type.quant.scale.size(), 40u);
  EXPECT_TRUE(std::get<bool>(dense.attrs.get("asymmetric_quantize_inputs")));
  EXPECT_GT(sqnr(before, graph, data), 35);

  options.precision = Precision::int4;
  graph = before;
  (void)quantize(graph, options).value();
  const TensorType& w = graph.main().value(node_named(graph, "dense").inputs[1]).type;
  EXPECT_EQ(w.dtype, DType::i4);
  EXPECT_GT(sqnr(before, graph, data), 15);

  options.precision = Precision::float16;
  graph = before;
  report = quantize(graph, options).value();
  EXPECT_EQ(count(graph, "dequantize"), 3);  // of the weights; biases are too small to be worth it
  EXPECT_GT(sqnr(before, graph, data), 55);
  for (const Node& node : graph.main().nodes) {
    if (std::string_view(node.op->name) != "dequantize") continue;
    EXPECT_EQ(graph.main().value(node.inputs[0]).type.dtype, DType::f16);
  }
}

TEST(Quantize, SameScaleWithoutSpoilingFixedOnes) {
  Graph graph = parse(R"(
subgraph main(%0 "x": float32[1,4], %1 "z": float32[1,4]) -> (%5) {
  %2 "big": float32[1] = constant [10]
  %3 "s": float32[1,4] = softmax(%0) {beta=1} @"softmax"
  %4 "m": float32[1,4] = mul(%1, %2) @"mul"
  %5 "y": float32[1,8] = concatenation(%3, %4) {axis=1} @"concat"
})");
  const CalibrationData data = random_data(graph, 4);
  const Graph before = graph;
  (void)quantize(graph, {}, data).value();
  const Subgraph& main = graph.main();
  const Node& concat = node_named(graph, "concat", "concatenation");
  const Quantization quant = main.value(concat.outputs[0]).type.quant;
  EXPECT_EQ(main.value(concat.inputs[0]).type.quant, quant);
  EXPECT_EQ(main.value(concat.inputs[1]).type.quant, quant);
  EXPECT_EQ(main.value(node_named(graph, "softmax", "softmax").outputs[0]).type.quant,
            per_tensor(1.0f / 256, -128));
  EXPECT_EQ(main.value(node_named(graph, "mul", "mul").outputs[0]).type.quant, quant);
  EXPECT_EQ(count(graph, "quantize"), 3);  // two inputs, and softmax's output for the concatenation
  EXPECT_GT(sqnr(before, graph, data), 35);
}

TEST(Quantize, WhatCannotBeIsNamed) {
  Graph graph = parse(R"(
subgraph main(%0 "x": float32[1,8]) -> (%7) {
  %1 "random_w": float32[8,8] = constant fill(0)
  %2 "a": float32[1,8] = fully_connected(%0, %1, _) @"first"
  %3 "b": float32[1,8] = sin(%2) @"wave"
  %4 "to": int32[2] = constant [2, 4]
  %5 "c": float32[2,4] = reshape(%3, %4) @"shape"
  %6 "d": float32[2,4] = sin(%5) @"wave2"
  %8 "back": int32[2] = constant [1, 8]
  %9 "e": float32[1,8] = reshape(%6, %8) @"shape2"
  %7 "y": float32[1,8] = fully_connected(%9, %1, _) @"second"
})");
  const CalibrationData data = random_data(graph, 4);
  const Graph before = graph;
  const QuantizeReport report = quantize(graph, {}, data).value();
  EXPECT_EQ(report.stayed_float, 2);
  EXPECT_EQ(report.quantized, 3);  // both dense layers, and the reshape that feeds one
  for (const LayerReport& row : report.layers) {
    const bool wave = row.layer.starts_with("wave");
    EXPECT_EQ(!row.reason.empty(), wave) << row.layer << ": " << row.reason;
  }
  EXPECT_EQ(graph.main().value(node_named(graph, "shape").outputs[0]).type.dtype, DType::f32);
  EXPECT_EQ(graph.main().value(node_named(graph, "shape2").outputs[0]).type.dtype, DType::i8);
  // The two layers share their stored weights.
  EXPECT_EQ(node_named(graph, "first", "fully_connected").inputs[1],
            node_named(graph, "second", "fully_connected").inputs[1]);
  EXPECT_GT(sqnr(before, graph, data), 25);
}

TEST(Quantize, ALargeBiasOfADeadChannelFits) {
  Graph graph = parse(R"(
subgraph main(%0 "x": float32[1,2]) -> (%3) {
  %1 "w": float32[2,2] = constant [1, 0.5, 0, 0]
  %2 "b": float32[2] = constant [0.25, 3]
  %3 "y": float32[1,2] = fully_connected(%0, %1, %2) @"dense"
})");
  const CalibrationData data = random_data(graph, 8);
  const Graph before = graph;
  (void)quantize(graph, {}, data).value();
  EXPECT_GT(sqnr(before, graph, data), 35);
}

TEST(Quantize, OutputsThatNeverChange) {
  // The ReLU is dead for every sample: its output has no range at all.
  Graph graph = parse(R"(
subgraph main(%0 "x": float32[1,2]) -> (%4) {
  %1 "w": float32[2,2] = constant [1, 0.5, 1, 1]
  %2 "b": float32[2] = constant [-100, -100]
  %3 "d": float32[1,2] = fully_connected(%0, %1, %2) {activation=relu} @"dense"
  %4 "y": float32[1,2] = add(%3, %0) @"add"
})");
  const CalibrationData data = random_data(graph, 8);
  const Graph before = graph;
  (void)quantize(graph, {}, data).value();
  EXPECT_GT(sqnr(before, graph, data), 35);
}

TEST(Quantize, EveryCalibrationMethodGivesAModel) {
  const Graph before = parse(kNet);
  const CalibrationData data = random_data(before, 8);
  for (const char* name : {"minmax", "moving_average", "percentile", "entropy", "mse"}) {
    QuantizeOptions options;
    ASSERT_TRUE(parse_calibration_method(name, &options.method));
    EXPECT_STREQ(name_of(options.method), name);
    int64_t last = 0, all = 0;
    options.progress = [&](int64_t done, int64_t total) {
      EXPECT_EQ(done, ++last);
      all = total;
    };
    Graph graph = before;
    (void)quantize(graph, options, data).value();
    // An average of ranges clips what is outside it.
    const double least = options.method == CalibrationMethod::moving_average ? 10 : 20;
    EXPECT_GT(sqnr(before, graph, data), least) << name;
    EXPECT_EQ(last, all);
  }
}

TEST(Quantize, BiasCorrectionMovesTheMeanBack) {
  const Graph before = parse(R"(
subgraph main(%0 "x": float32[1,64]) -> (%3) {
  %1 "random_w": float32[32,64] = constant fill(0)
  %2 "b": float32[32] = constant fill(0)
  %3 "y": float32[1,32] = fully_connected(%0, %1, %2) @"dense"
})");
  CalibrationData data = random_data(before, 16);
  // Inputs with a mean: rounding errors of weights then add up to a shift.
  for (auto& sample : data.samples) {
    auto values = random_floats(64, 0, 1, static_cast<unsigned>(&sample - &data.samples[0]));
    sample[0] = Buffer::of(values);
  }
  const auto shift = [&](bool corrected) {
    QuantizeOptions options;
    options.precision = Precision::int4;
    options.bias_correction = corrected;
    Graph graph = before;
    (void)quantize(graph, options, data).value();
    std::vector<double> sum(32, 0.0);
    for (const auto& sample : data.samples) {
      const auto x = run(before, sample)[0];
      const auto y = run(graph, sample)[0];
      for (size_t c = 0; c < 32; ++c)
        sum[c] += static_cast<double>(y[c]) - static_cast<double>(x[c]);
    }
    double total = 0;
    for (const double s : sum) total += std::fabs(s) / 16;
    return total;
  };
  EXPECT_LT(shift(true), 0.2 * shift(false));
}

TEST(Quantize, EqualizationKeepsTheFunction) {
  Graph graph = parse(kNet);
  const Graph before = graph;
  const CalibrationData data = random_data(graph, 2);
  EXPECT_EQ(equalize_layers(graph), 1);  // conv1 and conv2; relu6 and a reshape follow
  EXPECT_FALSE(equal(before, graph));
  EXPECT_GT(sqnr(before, graph, data), 110);
}

TEST(Quantize, UserErrors) {
  const Graph graph = parse(kNet);
  const CalibrationData data = random_data(graph, 2);
  EXPECT_NE(error_of(graph, {}, {}).find("needs calibration data"), std::string::npos);
  CalibrationData bad = data;
  bad.samples[1].clear();
  EXPECT_NE(error_of(graph, {}, bad).find("sample 1 has 0 inputs"), std::string::npos);
  bad = data;
  bad.samples[1][0] = Buffer::of(std::vector<float>(5, 0.0f));
  EXPECT_NE(error_of(graph, {}, bad).find("sample 1: input 'x'"), std::string::npos)
      << error_of(graph, {}, bad);
  bad = data;
  std::vector<float> values(192, 0.0f);
  values[7] = NAN;
  bad.samples[1][0] = Buffer::of(values);
  EXPECT_NE(error_of(graph, {}, bad).find("input 'x' is nan at element 7"), std::string::npos);

  const Graph log = parse(
      "subgraph main(%0 \"x\": float32[1,4]) -> (%2) {\n"
      "  %3 \"c\": float32[] = constant [2]\n"
      "  %1 \"twice\": float32[1,4] = mul(%0, %3)\n"
      "  %2 \"l\": float32[1,4] = log(%1)\n}");
  EXPECT_NE(error_of(log, {}, random_data(log, 2)).find("makes 'l' a NaN or infinite"),
            std::string::npos);

  Graph nan_weights = graph;
  for (Value& value : nan_weights.main().values) {
    if (value.name != "random_w3") continue;
    std::vector<float> w(1280, 0.0f);
    w[9] = INFINITY;
    value.data = Buffer::of(w);
  }
  QuantizeOptions options;
  options.precision = Precision::dynamic;
  EXPECT_NE(error_of(nan_weights, options, {}).find("'random_w3' is inf at element 9"),
            std::string::npos);
  options.precision = Precision::float16;
  EXPECT_NE(error_of(nan_weights, options, {}).find("'random_w3'"), std::string::npos);

  options.input_type = DType::i8;
  EXPECT_NE(error_of(graph, options, {}).find("input type int8 does not go with float16"),
            std::string::npos);
  options = {};
  options.output_type = DType::i16;
  EXPECT_NE(error_of(graph, options, data).find("output type int16"), std::string::npos);
  options = {};
  options.percentile = 0;
  EXPECT_NE(error_of(graph, options, data).find("percentile"), std::string::npos);
  Graph twice = graph;
  (void)quantize(twice, {}, data).value();
  EXPECT_NE(error_of(twice, {}, data).find("quantized already"), std::string::npos);
}

TEST(Quantize, NothingAsked) {
  Graph graph = parse(kNet);
  const Graph before = graph;
  QuantizeOptions options;
  options.precision = Precision::none;
  (void)quantize(graph, options).value();
  EXPECT_TRUE(equal(before, graph));
  Precision precision;
  EXPECT_TRUE(parse_precision("int16x8", &precision));
  EXPECT_EQ(precision, Precision::int16x8);
  EXPECT_FALSE(parse_precision("int3", &precision));
}

}  // namespace
}  // namespace mote::compress
