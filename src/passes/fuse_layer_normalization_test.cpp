#include "passes/fuse_layer_normalization.h"

#include <gtest/gtest.h>

#include "graph/text.h"
#include "graph/verify.h"
#include "ops/ops.h"

namespace mote::passes {
namespace {

// `rest` follows %6 = rsqrt(...) of %0 and reads %2, the differences; %0 has 2 rows of 3.
std::string normalization(const std::string& rest, const std::string& output) {
  return R"(
subgraph main(%0 "x": float32[2,3]) -> ()" +
         output + R"() {
  %9 "axis": int32[1] = constant [-1]
  %10 "epsilon": float32[] = constant [0.001]
  %11 "gamma": float32[3] = constant [1, 2, 3]
  %12 "beta": float32[1,3] = constant [4, 5, 6]
  %1 "mean": float32[2,1] = mean(%0, %9) {keep_dims=true}
  %2 "d": float32[2,3] = sub(%0, %1)
  %3 "squares": float32[2,3] = square(%2)
  %4 "variance": float32[2,1] = mean(%3, %9) {keep_dims=true}
  %5 "sum": float32[2,1] = add(%4, %10)
  %6 "scale": float32[2,1] = rsqrt(%5)
)" + rest +
         "}\n";
}

void expect_fused(const std::string& rest, const std::string& output, const std::string& wanted) {
  Graph graph = parse_graph(normalization(rest, output), find_op);
  EXPECT_TRUE(fuse_layer_normalization(graph));
  verify(graph);
  std::string why;
  EXPECT_TRUE(equal(parse_graph(wanted, find_op), graph, &why)) << why << print(graph);
  EXPECT_FALSE(fuse_layer_normalization(graph));
}

TEST(FuseLayerNormalization, WithBothRows) {
  expect_fused(R"(
  %7 "normal": float32[2,3] = mul(%2, %6)
  %8 "scaled": float32[2,3] = mul(%11, %7)
  %13 "y": float32[2,3] = add(%8, %12)
)",
               "%13", R"(
subgraph main(%0 "x": float32[2,3]) -> (%13) {
  %11 "gamma": float32[3] = constant [1, 2, 3]
  %12 "beta": float32[3] = constant [4, 5, 6]
  %13 "y": float32[2,3] = layer_normalization(%0, %11, %12) {epsilon=0.001}
})");
}

TEST(FuseLayerNormalization, WithoutRows) {
  expect_fused(R"(
  %13 "y": float32[2,3] = mul(%6, %2)
)",
               "%13", R"(
subgraph main(%0 "x": float32[2,3]) -> (%13) {
  %13 "y": float32[2,3] = layer_normalization(%0, _, _) {epsilon=0.001}
})");
}

TEST(FuseLayerNormalization, NotWhatOthersRead) {
  for (const char* output : {"%13, %7", "%13, %2", "%13, %4"}) {
    Graph graph = parse_graph(normalization(R"(
  %7 "normal": float32[2,3] = mul(%2, %6)
  %13 "y": float32[2,3] = add(%7, %12)
)",
                                            output),
                              find_op);
    const bool fused = fuse_layer_normalization(graph);
    // Where only the product is wanted besides, it is what becomes one step.
    EXPECT_EQ(fused, std::string_view(output) == "%13, %7") << output;
    verify(graph);
  }
}

TEST(FuseLayerNormalization, NotAlongAnotherAxis) {
  std::string text = normalization("  %13 \"y\": float32[2,3] = mul(%2, %6)\n", "%13");
  text.replace(text.find("[-1]"), 4, "[0]");
  for (size_t at; (at = text.find("[2,1]")) != std::string::npos;) text.replace(at, 5, "[1,3]");
  Graph graph = parse_graph(text, find_op);
  EXPECT_FALSE(fuse_layer_normalization(graph));
}

}  // namespace
}  // namespace mote::passes
