#include "graph/text.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "ops/ops.h"

namespace mote {
namespace {

constexpr const char* kText = R"(graph "two \"views\""
subgraph main(%0 "x": float32[?,4], %1 "q": int8[2,2]{0.5:-3}) -> (%4, %5, %6) {
  %2 "to": int32[2] = constant [-1, 2]
  %4 "y": float32[?,2] = reshape(%0, %2) @"reshape_1"
  %5 "z": int8[4]{0.5:-3} = reshape(%1) {new_shape=[4]}
  %6 "s": int64[2] = shape(%0) {out_type=int64}
}
signature "serving_default" 0 ("x": %0, "q": %1) -> ("y": %4, "z": %5, "s": %6)
)";

std::string error_of(const std::string& text) {
  try {
    parse_graph(text, find_op);
  } catch (const Error& error) {
    EXPECT_EQ(error.blame, Blame::user);
    return error.message;
  }
  return "";
}

TEST(Text, ParsesWhatItPrints) {
  const Graph graph = parse_graph(kText, find_op);
  EXPECT_EQ(graph.description, "two \"views\"");
  ASSERT_EQ(graph.main().nodes.size(), 2u + 1u);
  EXPECT_EQ(graph.main().nodes[0].layer, "reshape_1");
  const std::string printed = print(graph);
  std::string why;
  EXPECT_TRUE(equal(graph, parse_graph(printed, find_op), &why)) << why;
  EXPECT_EQ(printed, print(parse_graph(printed, find_op)));
}

TEST(Text, ConstantsOfEveryType) {
  const char* rows[] = {"float32[3] = constant [1, -2.5, 1e-30]",
                        "float16[2] = constant [0.5, -65504]",
                        "float64[2] = constant [0.1, inf]",
                        "int8[3] = constant [-128, 0, 127]",
                        "uint8[2] = constant [0, 255]",
                        "int16[2] = constant [-32768, 32767]",
                        "int64[1] = constant [-9007199254740993]",
                        "bool[2] = constant [1, 0]",
                        "int4[3] = constant 0x210f",
                        "float32[100] = constant fill(0.25)",
                        "float32[0] = constant []",
                        "float32[] = constant [3]",
                        "int8[2,3]{axis 0, 0.5:0, 0.25:0} = constant [1, 2, 3, 4, 5, 6]"};
  for (const std::string row : rows) {
    const std::string text = "subgraph main() -> (%0) {\n  %0 \"c\": " + row + "\n}\n";
    EXPECT_EQ(print(parse_graph(text, find_op)), text);
  }
}

TEST(Text, VariablesAndOutputsOfNothing) {
  const std::string text =
      "subgraph \"a b\"() -> (%0, %1) {\n"
      "  %0 \"state\": float32[1,4] = variable\n"
      "  %1 \"only declared\": int16[1]\n}\n";
  const Graph graph = parse_graph(text, find_op);
  EXPECT_TRUE(graph.main().value(0).is_variable);
  EXPECT_EQ(print(graph), text);
}

TEST(Text, LongConstantsAreShortened) {
  std::string text = "subgraph main() -> (%0) {\n  %0 \"c\": int32[20] = constant [1";
  for (int i = 1; i < 20; ++i) text += ", " + std::to_string(i);
  text += "]\n}\n";
  const std::string printed = print(parse_graph(text, find_op));
  EXPECT_NE(printed.find("<80 bytes, "), std::string::npos) << printed;
  EXPECT_NE(error_of(printed).find("line 2, column"), std::string::npos);
  EXPECT_EQ(print(parse_graph(text, find_op), 80), text);
}

TEST(Text, SaysWhereItStopped) {
  EXPECT_EQ(error_of("subgraph main() -> (%3) {}"), "line 1, column 27: %3 is not defined");
  EXPECT_EQ(error_of("subgraph main() -> () {\n  nope()\n}"),
            "line 2, column 7: there is no operator 'nope'");
  EXPECT_NE(
      error_of("subgraph main() -> () { %0 \"c\": int32[2] = constant [1] }").find("expected 2"),
      std::string::npos);
  EXPECT_NE(error_of("subgraph main() -> () { %0 \"c\": int32[1] = constant [x] }").find("'x'"),
            std::string::npos);
  EXPECT_NE(error_of("subgraph main(%0 \"x\": float99[1]) -> () {}").find("float99"),
            std::string::npos);
  EXPECT_NE(error_of("subgraph main() -> () { %0 \"c\": int32[99999,99999] }").find("too large"),
            std::string::npos);
  EXPECT_NE(error_of("graph \"x").find("without an end"), std::string::npos);
  EXPECT_NE(error_of("subgraph main(%0 \"x\": float32[4]) -> (%1) { %1 \"y\": float32[4] = "
                     "reshape(%0) {nope=1} }")
                .find("no attribute 'nope'"),
            std::string::npos);
}

// Cutting the text anywhere ends in an error or a smaller graph, never in anything else.
TEST(Text, SurvivesTruncation) {
  const std::string text = kText;
  for (size_t n = 0; n < text.size(); ++n) error_of(text.substr(0, n));
}

}  // namespace
}  // namespace mote
