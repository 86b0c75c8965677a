// Elementwise, normalization, reduction and type operators against the official interpreter
// (tests/fixtures/elementwise), and what their shape rules refuse.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "base/error.h"
#include "eval/evaluator.h"
#include "formats/npy.h"
#include "graph/text.h"
#include "import/tflite/tflite.h"
#include "ops/ops.h"
#include "passes/specialize.h"
#include "plan/compile.h"
#include "runtime/session.h"

namespace mote {
namespace {

struct ElementwiseCase {
  formats::Array model;
  std::map<int, formats::Array> in, out;
};

std::map<std::string, ElementwiseCase> elementwise_cases() {
  std::map<std::string, ElementwiseCase> cases;
  for (const auto& [key, array] :
       formats::load_npz(MOTE_SOURCE_DIR "/tests/fixtures/elementwise/cases.npz")) {
    const size_t split = key.rfind('/');
    ElementwiseCase& c = cases[key.substr(0, split)];
    const std::string name = key.substr(split + 1);
    if (name == "model") c.model = array;
    if (name.starts_with("in")) c.in[std::stoi(name.substr(2))] = array;
    if (name.starts_with("out")) c.out[std::stoi(name.substr(3))] = array;
  }
  return cases;
}

// Integers are equal; floats are near, relative to the largest.
void expect_output(std::span<const std::byte> got, const formats::Array& want) {
  ASSERT_EQ(got.size(), want.data.size());
  if (want.dtype != DType::f32) {
    EXPECT_TRUE(got.empty() || std::memcmp(got.data(), want.data.data(), got.size()) == 0);
    return;
  }
  const auto* a = reinterpret_cast<const float*>(got.data());
  const auto b = want.data.as<float>();
  float largest = 0;
  for (const float v : b) largest = std::isfinite(v) ? std::max(largest, std::abs(v)) : largest;
  for (size_t i = 0; i < b.size(); ++i) {
    if (std::isnan(b[i]) ? std::isnan(a[i]) : a[i] == b[i]) continue;
    ASSERT_NEAR(a[i], b[i], 2e-6f * largest) << "element " << i;
  }
}

void run_case(const ElementwiseCase& c) {
  auto imported = import_tflite(c.model.data, "case");
  ASSERT_TRUE(imported.ok()) << imported.error().message;
  Graph graph = std::move(imported.value());
  passes::specialize(graph, passes::default_input_shapes(graph));
  eval::Evaluator evaluator(graph, true);
  for (const auto& [i, array] : c.in) evaluator.set_input(i, array.data.bytes());
  evaluator.run();
  for (const auto& [i, array] : c.out)
    ASSERT_NO_FATAL_FAILURE(expect_output(evaluator.output(i), array)) << "reference kernels";

  for (const int threads : {1, 2}) {
    auto program = plan::compile(graph, {.threads = threads});
    ASSERT_TRUE(program.ok()) << program.error().message;
    runtime::Session session(std::make_shared<Program>(std::move(program.value())), threads);
    for (const auto& [i, array] : c.in) {
      const runtime::TensorView view = session.input(i);
      ASSERT_EQ(view.size_bytes, array.data.size());
      if (view.size_bytes) std::memcpy(view.data, array.data.data(), view.size_bytes);
    }
    ASSERT_EQ(session.run(), runtime::RunStatus::ok);
    for (const auto& [i, array] : c.out) {
      const runtime::TensorView view = session.output(i);
      EXPECT_EQ(view.dtype, array.dtype);
      EXPECT_EQ(view.shape->str(), array.shape.str());
      ASSERT_NO_FATAL_FAILURE(expect_output({view.data, view.size_bytes}, array));
    }
  }
}

TEST(Elementwise, AgreesWithTheOfficialInterpreter) {
  const auto cases = elementwise_cases();
  for (const auto& [name, c] : cases) {
    SCOPED_TRACE(name);
    try {
      run_case(c);
    } catch (const Error& error) {
      ADD_FAILURE() << error.message;
    }
  }
  EXPECT_GE(cases.size(), 300u);
}

// The type of output 99 of `node` after inference and lowering, or the error.
std::string result_of(const std::string& inputs, const std::string& constants,
                      const std::string& node) {
  try {
    Graph graph = parse_graph("subgraph main(" + inputs + ") -> (%99) {\n" + constants +
                                  "\n  %99 \"y\": " + node + " @\"layer\"\n}\n",
                              find_op);
    infer_types(graph);
    const auto program = plan::compile(graph);
    if (!program.ok()) {
      EXPECT_NE(program.error().blame, Blame::internal);
      return program.error().message;
    }
    return graph.main().value(graph.main().outputs[0]).type.str();
  } catch (const Error& error) {
    EXPECT_NE(error.blame, Blame::internal) << error.message;
    return error.message;
  }
}

bool says(const std::string& message, const std::string& part) {
  EXPECT_NE(message.find(part), std::string::npos) << message;
  return true;
}

TEST(Elementwise, InfersShapes) {
  const std::string two = "%0 \"a\": float32[2,1,4], %1 \"b\": float32[3,1]";
  EXPECT_EQ(result_of(two, "", "float32[] = add(%0, %1) {}"), "float32[2,3,4]");
  EXPECT_EQ(result_of(two, "", "bool[] = less(%0, %1) {}"), "bool[2,3,4]");
  const std::string one = "%0 \"x\": float32[2,3,4]";
  const std::string axes = "  %1 \"i\": int32[2] = constant [-1, 0]";
  EXPECT_EQ(result_of(one, axes, "float32[] = mean(%0, %1) {}"), "float32[3]");
  EXPECT_EQ(result_of(one, axes, "float32[] = mean(%0, %1) {keep_dims=true}"), "float32[1,3,1]");
  const std::string axis = "  %1 \"i\": int32[1] = constant [1]";
  EXPECT_EQ(result_of(one, axis, "int64[] = arg_max(%0, %1) {output_type=int64}"), "int64[2,4]");
  EXPECT_EQ(result_of("%0 \"c\": bool[2], %1 \"a\": int8[2,5], %2 \"b\": int8[2,5]", "",
                      "int8[] = select(%0, %1, %2) {}"),
            "int8[2,5]");
}

TEST(Elementwise, RefusesWhatDoesNotFit) {
  const std::string bytes = "%0 \"a\": int8[4], %1 \"b\": int8[4]";
  says(result_of("%0 \"a\": float32[2,3], %1 \"b\": float32[4]", "", "float32[] = mul(%0, %1) {}"),
       "mul in layer 'layer': shapes [2,3] and [4] do not broadcast");
  says(result_of("%0 \"a\": float32[2], %1 \"b\": int32[2]", "", "float32[] = add(%0, %1) {}"),
       "inputs are float32 and int32, expected one type");
  says(result_of(bytes, "", "int8[] = add(%0, %1) {}"), "without a scale and zero point");
  says(result_of("%0 \"a\": float32[2], %1 \"b\": float32[2]", "",
                 "float32[] = add(%0, %1) {activation=tanh}"),
       "the fused activation is not a clamp");
  says(result_of("%0 \"x\": int8[4]{0.5:0}", "", "int8[]{0.5:0} = softmax(%0) {}"),
       "the operator fixes them");
  says(result_of("%0 \"x\": float32[2,3]", "  %1 \"i\": int32[1] = constant [2]",
                 "float32[] = sum(%0, %1) {}"),
       "axis 2 is outside [-2, 2)");
  says(result_of("%0 \"x\": float32[2,3]", "  %1 \"k\": int32[1] = constant [4]",
                 "float32[] = cumsum(%0, %1) {}"),
       "axis 4 is outside");
  says(result_of("%0 \"x\": int32[2]", "", "int32[] = sin(%0) {}"), "no kernel for int32[2]");
  says(result_of("%0 \"x\": int8[4]{0.5:0}", "", "int8[]{4e9:-128} = rsqrt(%0) {}"),
       "too large for an integer reciprocal square root");
  says(result_of("%0 \"x\": float32[]", "", "float32[] = softmax(%0) {}"), "the input is a scalar");
  says(result_of("%0 \"x\": float32[4]", "",
                 "float32[] = fake_quant(%0) {min=1.0, max=1.0, num_bits=8}"),
       "the range [1, 1] is empty");
}

TEST(Elementwise, ReportsDivisionByZero) {
  const Graph graph = parse_graph(
      "subgraph main(%0 \"a\": int32[2], %1 \"b\": int32[2]) -> (%2) {\n"
      "  %2 \"y\": int32[2] = floor_div(%0, %1) {} @\"d\"\n}\n",
      find_op);
  for (const int32_t divisor : {3, 0}) {
    auto program = plan::compile(graph);
    ASSERT_TRUE(program.ok()) << program.error().message;
    runtime::Session session(std::make_shared<Program>(std::move(program.value())));
    const int32_t a[] = {7, -7}, b[] = {2, divisor};
    std::memcpy(session.input(0).data, a, sizeof a);
    std::memcpy(session.input(1).data, b, sizeof b);
    EXPECT_EQ(session.run() == runtime::RunStatus::ok, divisor != 0);
  }
}

}  // namespace
}  // namespace mote
