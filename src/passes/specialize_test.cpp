#include "passes/specialize.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "ops/ops.h"

namespace mote::passes {
namespace {

// Flattens by shape arithmetic, as exporters of other tools write it.
constexpr const char* kFlatten = R"(
subgraph main(%0 "x": float32[?,?,4]) -> (%6) {
  %1 "s": int32[3] = shape(%0)
  %2 "axis": int32[1] = constant [0]
  %3 "r": int32[3] = reverse_v2(%1, %2)
  %4 "w": float16[4] = constant [1, 2, 3, 4]
  %5 "f": float32[4] = dequantize(%4)
  %7 "t": float32[?,?,?] = reshape(%0, %3)
  %8 "p": int32[3] = constant [1, 2, 0]
  %9 "m": float32[?,?,?] = transpose(%7, %8)
  %10 "b": int32[3] = shape(%0)
  %11 "back": float32[?,?,4] = reshape(%9, %10)
  %6 "y": float32[?,?,4] = mul(%11, %5)
})";

std::string error_of(const std::vector<Shape>& shapes) {
  Graph graph = parse_graph(kFlatten, find_op);
  try {
    specialize(graph, shapes);
  } catch (const Error& error) {
    EXPECT_EQ(error.blame, Blame::user);
    return error.message;
  }
  return "";
}

TEST(Specialize, EveryExtentFollows) {
  Graph graph = parse_graph(kFlatten, find_op);
  specialize(graph, std::vector<Shape>{{2, 3, 4}});
  verify(graph);
  const Graph wanted = parse_graph(R"(subgraph main(%0 "x": float32[2,3,4]) -> (%7) {
  %1 "r": int32[3] = constant [4, 3, 2]
  %3 "t": float32[4,3,2] = reshape(%0, %1)
  %4 "p": int32[3] = constant [1, 2, 0]
  %5 "m": float32[3,2,4] = transpose(%3, %4)
  %6 "b": int32[3] = constant [2, 3, 4]
  %8 "back": float32[2,3,4] = reshape(%5, %6)
  %2 "f": float32[4] = constant [1, 2, 3, 4]
  %7 "y": float32[2,3,4] = mul(%8, %2)
})",
                                   find_op);
  std::string why;
  EXPECT_TRUE(equal(wanted, graph, &why)) << why << print(graph);
}

TEST(Specialize, RefusesShapesThatDoNotFit) {
  EXPECT_NE(error_of({}).find("1 inputs, shapes are given for 0"), std::string::npos);
  EXPECT_NE(error_of({{2, 3}}).find("input 'x'"), std::string::npos);
  EXPECT_NE(error_of({{2, 3, 5}}).find("[?,?,4], which [2,3,5] does not fit"), std::string::npos);
  EXPECT_NE(error_of({{2, kDynamic, 4}}).find("does not fit"), std::string::npos);
}

TEST(Specialize, DefaultsAreOne) {
  const Graph graph = parse_graph(kFlatten, find_op);
  EXPECT_EQ(default_input_shapes(graph), (std::vector<Shape>{{1, 1, 4}}));
}

}  // namespace
}  // namespace mote::passes
