// The multiply-accumulate operators against the official interpreter (tests/fixtures/linear), and
// what their shape rules refuse.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

#include "base/error.h"
#include "formats/npy.h"
#include "graph/text.h"
#include "import/tflite/tflite.h"
#include "ops/ops.h"
#include "passes/specialize.h"
#include "plan/compile.h"
#include "runtime/session.h"

namespace mote {
namespace {

struct GoldenCase {
  formats::Array model;
  std::map<int, formats::Array> inputs, outputs;
};

// "conv_2d" -> its cases.
const std::map<std::string, std::map<int, GoldenCase>>& golden() {
  static const auto cases = [] {
    std::map<std::string, std::map<int, GoldenCase>> all;
    for (const auto& [key, array] :
         formats::load_npz(MOTE_SOURCE_DIR "/tests/fixtures/linear/cases.npz")) {
      const size_t first = key.find('/'), second = key.find('/', first + 1);
      GoldenCase& c = all[key.substr(0, first)][std::stoi(key.substr(first + 1))];
      const std::string name = key.substr(second + 1);
      if (name == "model") c.model = array;
      if (name.starts_with("in")) c.inputs[std::stoi(name.substr(2))] = array;
      if (name.starts_with("out")) c.outputs[std::stoi(name.substr(3))] = array;
    }
    return all;
  }();
  return cases;
}

// Integers are equal; floats are as near as 1e-6 of the largest, the reference kernels' and the
// faster ones' alike.
void expect_output(const runtime::TensorView& got, const formats::Array& want) {
  ASSERT_EQ(got.dtype, want.dtype);
  ASSERT_EQ(got.shape->str(), want.shape.str());
  ASSERT_EQ(got.size_bytes, want.data.size());
  if (got.dtype != DType::f32) {
    EXPECT_EQ(std::memcmp(got.data, want.data.data(), got.size_bytes), 0);
    return;
  }
  const auto* a = reinterpret_cast<const float*>(got.data);
  const auto b = want.data.as<float>();
  float largest = 0;
  for (const float v : b) largest = std::max(largest, std::abs(v));
  for (size_t i = 0; i < b.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-6f * largest) << "element " << i;
}

void run_case(const GoldenCase& c, bool reference, int threads) {
  auto imported = import_tflite(c.model.data, "case");
  ASSERT_TRUE(imported.ok()) << imported.error().message;
  Graph graph = std::move(imported.value());
  passes::specialize(graph, passes::default_input_shapes(graph));
  auto program = plan::compile(graph, {.threads = threads, .lowering = {.reference = reference}});
  ASSERT_TRUE(program.ok()) << program.error().message;
  runtime::Session session(std::make_shared<Program>(std::move(program.value())), threads);
  for (const auto& [i, array] : c.inputs) {
    const runtime::TensorView view = session.input(i);
    ASSERT_EQ(view.size_bytes, array.data.size());
    std::memcpy(view.data, array.data.data(), view.size_bytes);
  }
  ASSERT_EQ(session.run(), runtime::RunStatus::ok);
  for (const auto& [i, array] : c.outputs) expect_output(session.output(i), array);
}

class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, AgreesWithTheOfficialInterpreter) {
  const auto found = golden().find(GetParam());
  ASSERT_NE(found, golden().end());
  for (const auto& [number, c] : found->second) {
    SCOPED_TRACE(number);
    ASSERT_NO_FATAL_FAILURE(run_case(c, true, 1));
    ASSERT_NO_FATAL_FAILURE(run_case(c, false, 1));
    ASSERT_NO_FATAL_FAILURE(run_case(c, false, 2));
  }
}

INSTANTIATE_TEST_SUITE_P(Linear, Golden,
                         testing::Values("conv_2d", "depthwise_conv_2d", "fully_connected",
                                         "transpose_conv", "conv_3d", "conv_3d_transpose",
                                         "average_pool_2d", "max_pool_2d", "l2_pool_2d",
                                         "batch_matmul", "embedding_lookup"),
                         [](const auto& test) { return test.param; });

// Types of the values by name after inference.
std::string inferred(const std::string& body) {
  Graph graph = parse_graph(body, find_op);
  infer_types(graph);
  const Subgraph& main = graph.main();
  return main.value(main.outputs[0]).type.str();
}

std::string error_of(const std::string& body) {
  try {
    inferred(body);
  } catch (const Error& error) {
    EXPECT_NE(error.blame, Blame::internal) << error.message;
    return error.message;
  }
  return "(no error)";
}

// One node on activations `x` and a constant of zeros for each of `weights`.
std::string node(const std::string& op, const std::string& x,
                 const std::vector<std::string>& weights, const std::string& attrs = "",
                 const std::string& y = "float32[]") {
  std::string text = "subgraph main(%0 \"x\": " + x + ") -> (%9) {\n";
  std::string inputs = "%0";
  for (size_t i = 0; i < weights.size(); ++i) {
    text += "  %" + std::to_string(i + 1) + " \"w\": " + weights[i] + " = constant " +
            (weights[i].find(",0]") == std::string::npos ? "fill(0)" : "[]") + "\n";
    inputs += ", %" + std::to_string(i + 1);
  }
  return text + "  %9 \"y\": " + y + " = " + op + "(" + inputs + ") {" + attrs +
         "} @\"layer\"\n}\n";
}

TEST(LinearShapes, Convolutions) {
  EXPECT_EQ(inferred(node("conv_2d", "float32[?,28,27,3]", {"float32[8,3,3,3]", "float32[8]"},
                          "padding=valid, stride_h=2, stride_w=1, dilation_h=2")),
            "float32[?,12,25,8]");
  EXPECT_EQ(inferred(node("conv_2d", "float32[2,?,27,6]", {"float32[8,3,3,3]"},
                          "stride_h=2, stride_w=2")),
            "float32[2,?,14,8]");
  EXPECT_EQ(inferred(node("depthwise_conv_2d", "float32[1,5,5,3]", {"float32[1,3,3,6]"})),
            "float32[1,5,5,6]");
  EXPECT_EQ(inferred(node("conv_3d", "float32[1,4,5,6,2]", {"float32[2,2,2,2,7]"},
                          "padding=valid, stride_w=2")),
            "float32[1,3,4,3,7]");
  EXPECT_EQ(inferred(node("average_pool_2d", "float32[1,7,7,3]", {},
                          "padding=valid, filter_height=7, filter_width=3, stride_w=2")),
            "float32[1,1,3,3]");
}

TEST(LinearShapes, Products) {
  EXPECT_EQ(inferred(node("fully_connected", "float32[?,10]", {"float32[4,10]", "float32[4]"})),
            "float32[?,4]");
  EXPECT_EQ(inferred(node("fully_connected", "float32[2,3,10]", {"float32[4,10]"})),
            "float32[6,4]");
  EXPECT_EQ(
      inferred(node("fully_connected", "float32[2,?,10]", {"float32[4,10]"}, "keep_num_dims=true")),
      "float32[2,?,4]");
  EXPECT_EQ(inferred(node("batch_matmul", "float32[?,1,3,4]", {"float32[5,2,4]"}, "adj_y=true")),
            "float32[?,5,3,2]");
  EXPECT_EQ(inferred(node("embedding_lookup", "int32[?]", {"float32[9,2,3]"})), "float32[?,2,3]");
}

struct Refusal {
  std::string graph;
  const char* says;
};

TEST(LinearErrors, SayWhatIsWrong) {
  const std::string x = "float32[1,5,5,4]", w = "float32[8,3,3,4]";
  const Refusal refusals[] = {
      {node("conv_2d", "float32[5,5,4]", {w}),
       "the input has shape [5,5,4], expected 4 dimensions"},
      {node("conv_2d", x, {"float32[8,3,3,3]"}),
       "input has 4 channels, not a multiple of the weights' 3"},
      {node("conv_2d", x, {"float32[7,3,3,2]"}), "7 output channels do not divide into 2 groups"},
      {node("conv_2d", x, {w}, "stride_h=0"), "stride along height is 0"},
      {node("conv_2d", x, {w}, "dilation_w=-1"), "dilation along width is -1"},
      {node("conv_2d", x, {w}, "dilation_w=2000000000"), "is too large"},
      {node("conv_2d", x, {w}, "padding=valid, dilation_h=3"), "is larger than the input, 5"},
      {node("conv_2d", x, {w}, "activation=tanh"), "fused activation 'tanh'"},
      {node("conv_2d", x, {w, "float32[7]"}), "bias has 7 elements, expected one for each of 8"},
      {node("conv_2d", x, {w, "int32[8]"}), "int32 bias with float32 input, expected float32"},
      {node("conv_2d", "int32[1,5,5,4]", {w}), "int32 input with float32 weights"},
      {node("conv_2d", "int8[1,5,5,4]", {"int8[8,3,3,4]{0.5:0}"}, "", "int8[]{1:0}"),
       "the input is int8 but has no scale"},
      {node("conv_2d", "int8[1,5,5,4]{1:0}", {"int8[8,3,3,4]{0.5:3}"}, "", "int8[]{1:0}"),
       "must be symmetric"},
      {node("conv_2d", "int16[1,5,5,4]{1:5}", {"int8[8,3,3,4]{0.5:0}"}, "", "int16[]{1:0}"),
       "int16 with a zero point"},
      {node("fully_connected", "uint8[3,4]{1:0}", {"uint8[2,4]{1:0}"}, "", "int16[]{1:0}"),
       "int16 output from uint8 input"},
      {node("depthwise_conv_2d", x, {"float32[2,3,3,4]"}), "expected a first extent of 1"},
      {node("depthwise_conv_2d", x, {"float32[1,3,3,6]"}), "not a multiple of the input's 4"},
      {node("fully_connected", "float32[3,7]", {"float32[4,10]"}),
       "does not divide into rows of 10"},
      {node("fully_connected", "float32[3,7]", {"float32[4,10]"}, "keep_num_dims=true"),
       "input has 7 columns, the weights 10"},
      {node("fully_connected", "float32[3,7]", {"float32[4,0]"}),
       "expected at least one row and column"},
      {node("fully_connected", "float32[3,16]", {"float32[4,16]"}, "weights_format=shuffled_4x16"),
       "shuffled"},
      {node("batch_matmul", "float32[2,3,4]", {"float32[3,4,5]"}), "do not broadcast"},
      {node("batch_matmul", "float32[2,3,4]", {"float32[5,5]"}),
       "the inner dimensions are 4 and 5"},
      {node("batch_matmul", "float32[4]", {"float32[4,5]"}), "expected 2 to 5 dimensions"},
      {node("max_pool_2d", x, {}, "filter_height=0"), "filter height is 0"},
      {node("max_pool_2d", "int32[1,5,5,4]", {}), "pooling of int32"},
      {node("average_pool_2d", x, {}, "padding=valid, filter_width=6"),
       "is larger than the input, 5"},
      {node("conv_3d", "float32[1,3,3,3,2]", {"float32[2,2,2,3,7]"}),
       "input has 2 channels, the weights 3"},
      {node("embedding_lookup", "int64[3]", {"float32[9,2]"}),
       "the indices are int64, expected int32"},
      {node("embedding_lookup", "int32[3]", {"float32[9]"}), "expected at least 2 dimensions"},
  };
  for (const Refusal& refusal : refusals) {
    const std::string message = error_of(refusal.graph);
    EXPECT_NE(message.find(refusal.says), std::string::npos) << message << "\nfor\n"
                                                             << refusal.graph;
    EXPECT_NE(message.find("in layer 'layer'"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace mote
