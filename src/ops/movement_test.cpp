// Data movement, recurrent, spectral and control-flow operators against the official interpreter
// (tests/fixtures/movement), and what their shape rules refuse.
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

struct MovementCase {
  formats::Array model;
  std::map<int, formats::Array> in, out, again;
};

void add_cases(const std::string& path, std::map<std::string, std::map<int, MovementCase>>& all) {
  for (const auto& [key, array] : formats::load_npz(path)) {
    const size_t first = key.find('/'), second = key.find('/', first + 1);
    MovementCase& c = all[key.substr(0, first)][std::stoi(key.substr(first + 1))];
    const std::string name = key.substr(second + 1);
    if (name == "model") c.model = array;
    if (name.starts_with("in")) c.in[std::stoi(name.substr(2))] = array;
    if (name.starts_with("out")) c.out[std::stoi(name.substr(3))] = array;
    if (name.starts_with("again")) c.again[std::stoi(name.substr(5))] = array;
  }
}

// Operator -> its cases.
const std::map<std::string, std::map<int, MovementCase>>& movement_cases() {
  static const auto cases = [] {
    std::map<std::string, std::map<int, MovementCase>> all;
    const std::string folder = MOTE_SOURCE_DIR "/tests/fixtures/movement/";
    for (const char* file : {"cases.npz", "svdf8.npz"}) add_cases(folder + file, all);
    return all;
  }();
  return cases;
}

// Integers and moved floats are equal, computed floats near: `tolerance` of the largest.
void expect_bytes(std::span<const std::byte> got, const formats::Array& want, float tolerance) {
  ASSERT_EQ(got.size(), want.data.size());
  if (want.dtype != DType::f32 && want.dtype != DType::c64) {
    EXPECT_TRUE(got.empty() || std::memcmp(got.data(), want.data.data(), got.size()) == 0);
    return;
  }
  const auto* a = reinterpret_cast<const float*>(got.data());
  const auto b = want.data.as<float>();
  float largest = 0;
  for (const float v : b) largest = std::max(largest, std::abs(v));
  for (size_t i = 0; i < b.size(); ++i)
    ASSERT_NEAR(a[i], b[i], tolerance * largest) << "element " << i;
}

void run_session(const Graph& graph, const MovementCase& c, int threads, float tolerance) {
  auto program = plan::compile(graph, {.threads = threads});
  ASSERT_TRUE(program.ok()) << program.error().message;
  runtime::Session session(std::make_shared<Program>(std::move(program.value())), threads);
  for (const auto* wanted : {&c.out, &c.again}) {
    for (const auto& [i, array] : c.in) {
      const runtime::TensorView view = session.input(i);
      ASSERT_EQ(view.size_bytes, array.data.size());
      if (view.size_bytes) std::memcpy(view.data, array.data.data(), view.size_bytes);
    }
    ASSERT_EQ(session.run(), runtime::RunStatus::ok);
    for (const auto& [i, array] : *wanted) {
      const runtime::TensorView view = session.output(i);
      EXPECT_EQ(view.dtype, array.dtype);
      EXPECT_EQ(view.shape->str(), array.shape.str());
      ASSERT_NO_FATAL_FAILURE(expect_bytes({view.data, view.size_bytes}, array, tolerance));
    }
  }
}

// The node-by-node evaluator with reference kernels; a reset must give the first result again.
void run_evaluator(const Graph& graph, const MovementCase& c, float tolerance) {
  eval::Evaluator evaluator(graph, true);
  for (const auto* wanted : {&c.out, &c.again, &c.out}) {
    if (wanted == &c.out) evaluator.reset_state();
    for (const auto& [i, array] : c.in) evaluator.set_input(i, array.data.bytes());
    evaluator.run();
    for (const auto& [i, array] : *wanted)
      ASSERT_NO_FATAL_FAILURE(expect_bytes(evaluator.output(i), array, tolerance));
  }
}

// Relative to the largest. Recurrent operators with int8 weights quantize on the fly, where the
// last bit of a float may decide for the next of 127 steps.
float tolerance_of(const std::string& op, const Graph& graph) {
  const bool recurrent = op.ends_with("lstm") || op.ends_with("rnn") || op == "svdf";
  const Subgraph& main = graph.main();
  if (!recurrent) return op == "rfft2d" || op == "resize_bilinear" ? 1e-6f : 0.0f;
  if (main.value(main.inputs[0]).type.dtype != DType::f32) return 0.0f;
  const bool hybrid = std::any_of(main.values.begin(), main.values.end(), [](const Value& v) {
    return v.is_constant && v.type.dtype == DType::i8;
  });
  return hybrid ? 1.2e-2f : 1e-5f;
}

void run_case(const std::string& op, const MovementCase& c) {
  auto imported = import_tflite(c.model.data, "case");
  ASSERT_TRUE(imported.ok()) << imported.error().message;
  Graph graph = std::move(imported.value());
  passes::specialize(graph, passes::default_input_shapes(graph));
  const float tolerance = tolerance_of(op, graph);
  ASSERT_NO_FATAL_FAILURE(run_evaluator(graph, c, tolerance));
  ASSERT_NO_FATAL_FAILURE(run_session(graph, c, 1, tolerance));
  ASSERT_NO_FATAL_FAILURE(run_session(graph, c, 2, tolerance));
}

TEST(Movement, AgreesWithTheOfficialInterpreter) {
  for (const auto& [op, cases] : movement_cases()) {
    for (const auto& [number, c] : cases) {
      SCOPED_TRACE(op + " " + std::to_string(number));
      try {
        run_case(op, c);
      } catch (const Error& error) {
        ADD_FAILURE() << error.message;
      }
    }
  }
  EXPECT_GE(movement_cases().size(), 45u);
}

// The type of the last value after inference, or the error.
std::string inferred(const std::string& nodes, const std::string& inputs) {
  try {
    Graph graph =
        parse_graph("subgraph main(" + inputs + ") -> (%99) {\n" + nodes + "\n}\n", find_op);
    infer_types(graph);
    return graph.main().value(graph.main().outputs[0]).type.str();
  } catch (const Error& error) {
    EXPECT_NE(error.blame, Blame::internal) << error.message;
    return error.message;
  }
}

// One node on x and constant int32 vectors.
std::string one(const std::string& op, const std::string& x, const std::vector<std::string>& ints,
                const std::string& attrs = "", const std::string& y = "float32[]") {
  std::string nodes, list = "%0";
  for (size_t i = 0; i < ints.size(); ++i) {
    const auto count = std::count(ints[i].begin(), ints[i].end(), ',') + 1;
    nodes += fmt::format("  %{} \"c\": int32[{}] = constant [{}]\n", i + 1, count, ints[i]);
    list += fmt::format(", %{}", i + 1);
  }
  nodes += fmt::format("  %99 \"y\": {} = {}({}) {{{}}} @\"layer\"", y, op, list, attrs);
  return inferred(nodes, "%0 \"x\": " + x);
}

TEST(Movement, InfersShapes) {
  EXPECT_EQ(one("transpose", "float32[2,3,4]", {"2, 0, 1"}), "float32[4,2,3]");
  EXPECT_EQ(one("transpose", "float32[?,3,4]", {"0, -1, 1"}), "float32[?,4,3]");
  EXPECT_EQ(one("squeeze", "int8[1,3,1,2]{0.5:3}", {}, "squeeze_dims=[-2]", "int8[]"),
            "int8[1,3,2]{0.5:3}");
  EXPECT_EQ(one("expand_dims", "float32[3,4]", {"-1"}), "float32[3,4,1]");
  EXPECT_EQ(one("slice", "float32[5,6]", {"1, 2", "-1, 3"}), "float32[4,3]");
  EXPECT_EQ(one("slice", "float32[?,6]", {"0, 2", "2, -1"}), "float32[2,4]");
  EXPECT_EQ(one("strided_slice", "float32[5,6]", {"-1, 0", "0, 6", "-2, 1"}, "shrink_axis_mask=2"),
            "float32[2]");
  EXPECT_EQ(one("strided_slice", "float32[5,6,7]", {"0, 0, 1", "0, 0, 3", "1, 1, 1"},
                "ellipsis_mask=1, new_axis_mask=2"),
            "float32[5,6,1,2]");
  EXPECT_EQ(one("pad", "float32[?,2]", {"1, 1, 0, 3"}), "float32[?,5]");
  EXPECT_EQ(one("tile", "float32[2,3]", {"2, 3"}), "float32[4,9]");
  EXPECT_EQ(one("broadcast_to", "float32[3,1]", {"2, 3, 4"}), "float32[2,3,4]");
  EXPECT_EQ(one("space_to_depth", "float32[1,4,6,2]", {}, "block_size=2"), "float32[1,2,3,8]");
  EXPECT_EQ(one("space_to_batch_nd", "float32[1,5,6,2]", {"2, 3", "0, 1, 0, 0"}),
            "float32[6,3,2,2]");
  EXPECT_EQ(one("resize_bilinear", "float32[?,5,6,2]", {"10, 3"}), "float32[?,10,3,2]");
  EXPECT_EQ(one("rfft2d", "float32[3,1,100]", {"1, 128"}, "", "complex64[]"), "complex64[3,1,65]");
  EXPECT_EQ(one("reverse_v2", "float32[3,4]", {"1"}), "float32[3,4]");
}

TEST(Movement, RefusesWhatDoesNotFit) {
  EXPECT_EQ(one("transpose", "float32[2,3]", {"0, 0"}),
            "transpose in layer 'layer': perm names axis 0 twice");
  EXPECT_EQ(one("transpose", "float32[2,3]", {"0, 2"}),
            "transpose in layer 'layer': perm's axis 2 is outside [-2, 2)");
  EXPECT_EQ(one("squeeze", "float32[2,3]", {}, "squeeze_dims=[0]"),
            "squeeze in layer 'layer': can't squeeze axis 0 of [2,3]: its extent is not 1");
  EXPECT_EQ(one("slice", "float32[5,6]", {"1, 5", "-1, 3"}),
            "slice in layer 'layer': 3 elements from 5 leave axis 1 of [5,6]");
  EXPECT_EQ(one("slice", "float32[5,6]", {"-1, 5", "1, 1"}),
            "slice in layer 'layer': begin -1 of axis 0 is negative");
  EXPECT_EQ(one("strided_slice", "float32[5]", {"0", "5", "0"}),
            "strided_slice in layer 'layer': stride of axis 0 is 0");
  EXPECT_EQ(one("strided_slice", "float32[5]", {"7", "8", "1"}, "shrink_axis_mask=1"),
            "strided_slice in layer 'layer': index 7 of axis 0 is outside its 5 elements");
  EXPECT_EQ(one("pad", "float32[2]", {"-1, 0"}),
            "pad in layer 'layer': padding -1 is negative; use slice to crop");
  EXPECT_EQ(one("mirror_pad", "float32[2]", {"2, 0"}, "mode=reflect"),
            "mirror_pad in layer 'layer': padding 2 of axis 0 mirrors more than its 2 elements");
  EXPECT_EQ(one("tile", "float32[2]", {"2147483647"}),
            "tile in layer 'layer': output shape [4294967294] is too large");
  EXPECT_EQ(one("broadcast_to", "float32[3]", {"2, 4"}),
            "broadcast_to in layer 'layer': can't broadcast [3] to [2,4]");
  EXPECT_EQ(one("space_to_depth", "float32[1,5,6,2]", {}, "block_size=2"),
            "space_to_depth in layer 'layer': height 5 is not a multiple of 2");
  EXPECT_EQ(one("resize_bilinear", "float32[1,5,6,2]", {"0, 3"}),
            "resize_bilinear in layer 'layer': can't resize to 0 samples");
  EXPECT_EQ(one("rfft2d", "float32[3,1,100]", {"1, 100"}, "", "complex64[]"),
            "rfft2d in layer 'layer': a transform of length 100; powers of two are supported");
  EXPECT_EQ(one("reshape", "float32[6]", {"4, -1"}),
            "reshape in layer 'layer': can't reshape [6] to [4,?]");
}

TEST(Movement, ReportsIndicesOutOfRange) {
  const Graph parsed = parse_graph(
      "subgraph main(%0 \"x\": float32[3,2], %1 \"i\": int32[1]) -> (%2) {\n"
      "  %2 \"y\": float32[1,2] = gather(%0, %1) {axis=0, batch_dims=0} @\"pick\"\n}\n",
      find_op);
  for (const int32_t index : {0, 2, 3, -1}) {
    auto program = plan::compile(parsed);
    ASSERT_TRUE(program.ok()) << program.error().message;
    runtime::Session session(std::make_shared<Program>(std::move(program.value())));
    std::memcpy(session.input(1).data, &index, sizeof index);
    const bool inside = index >= 0 && index < 3;
    EXPECT_EQ(session.run(),
              inside ? runtime::RunStatus::ok : runtime::RunStatus::index_out_of_range);
  }
}

TEST(Movement, OneStateHasOneSize) {
  const Graph graph = parse_graph(
      "subgraph main(%0 \"x\": float32[4], %1 \"z\": float32[2]) -> (%0) {\n"
      "  %2 \"h\": resource[] = var_handle() {container=\"\", shared_name=\"v\"}\n"
      "  assign_variable(%2, %0) {}\n"
      "  assign_variable(%2, %1) {}\n}\n",
      find_op);
  const auto program = plan::compile(graph);
  ASSERT_FALSE(program.ok());
  EXPECT_NE(program.error().message.find("two sizes"), std::string::npos)
      << program.error().message;
}

}  // namespace
}  // namespace mote
