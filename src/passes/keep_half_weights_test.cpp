#include "passes/keep_half_weights.h"

#include <gtest/gtest.h>

#include "graph/text.h"
#include "graph/verify.h"
#include "ops/ops.h"

namespace mote::passes {
namespace {

TEST(KeepHalfWeights, DequantizeGoesWhereTheWeightsAreRead) {
  Graph graph = parse_graph(R"(
subgraph main(%0 "x": float32[1,4]) -> (%4, %6) {
  %1 "half": float16[2,4] = constant [1, 2, 3, 4, 5, 6, 7, 8]
  %2 "w": float32[2,4] = dequantize(%1)
  %4 "y": float32[1,2] = fully_connected(%0, %2)
  %6 "z": float32[2,4] = add(%2, %0)
})",
                            find_op);
  EXPECT_TRUE(keep_half_weights(graph));
  verify(graph);
  const Graph wanted = parse_graph(R"(
subgraph main(%0 "x": float32[1,4]) -> (%4, %6) {
  %1 "half": float16[2,4] = constant [1, 2, 3, 4, 5, 6, 7, 8]
  %2 "w": float32[2,4] = dequantize(%1)
  %4 "y": float32[1,2] = fully_connected(%0, %1)
  %6 "z": float32[2,4] = add(%2, %0)
})",
                                   find_op);
  std::string why;
  EXPECT_TRUE(equal(wanted, graph, &why)) << why << print(graph);
  EXPECT_FALSE(keep_half_weights(graph));
}

}  // namespace
}  // namespace mote::passes
