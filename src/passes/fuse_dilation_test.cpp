#include "passes/fuse_dilation.h"

#include <gtest/gtest.h>

#include "graph/text.h"
#include "graph/verify.h"
#include "ops/ops.h"

namespace mote::passes {
namespace {

// Blocks of 2 by 3 around a filter of 3 by 3 over one channel.
Graph graph_of(const std::string& x, const std::string& paddings, const std::string& spread,
               const std::string& made, const std::string& crops, const std::string& y) {
  return parse_graph(
      "subgraph main(%0 \"x\": float32" + x + ") -> (%7) {\n" +
          "  %1 \"\": int32[2] = constant [2, 3]\n" + "  %2 \"\": int32[2,2] = constant " +
          paddings + "\n" + "  %3 \"\": int32[2,2] = constant " + crops + "\n" +
          "  %4 \"w\": float32[1,3,3,1] = constant fill(1)\n" + "  %5 \"\": float32" + spread +
          " = space_to_batch_nd(%0, %1, %2)\n" + "  %6 \"\": float32" + made +
          " = conv_2d(%5, %4) {padding=valid, activation=relu}\n" + "  %7 \"y\": float32" + y +
          " = batch_to_space_nd(%6, %1, %3)\n}\n",
      find_op);
}

void expect_dilated(Graph graph, const std::string& x, const std::string& y,
                    const std::string& padding) {
  EXPECT_TRUE(fuse_dilation(graph));
  verify(graph);
  const Graph wanted = parse_graph(
      "subgraph main(%0 \"x\": float32" + x + ") -> (%7) {\n" +
          "  %4 \"w\": float32[1,3,3,1] = constant fill(1)\n" + "  %7 \"y\": float32" + y +
          " = conv_2d(%0, %4, _) {" + padding + "activation=relu, dilation_w=3, dilation_h=2}\n}\n",
      find_op);
  std::string why;
  EXPECT_TRUE(equal(wanted, graph, &why)) << why << print(graph);
  EXPECT_FALSE(fuse_dilation(graph));
}

TEST(FuseDilation, Same) {
  expect_dilated(
      graph_of("[1,5,7,1]", "[2, 3, 3, 5]", "[6,5,5,1]", "[6,3,3,1]", "[0, 1, 0, 2]", "[1,5,7,1]"),
      "[1,5,7,1]", "[1,5,7,1]", "");
}

TEST(FuseDilation, Valid) {
  expect_dilated(
      graph_of("[1,7,8,1]", "[0, 1, 0, 1]", "[6,4,3,1]", "[6,2,1,1]", "[0, 1, 0, 1]", "[1,3,2,1]"),
      "[1,7,8,1]", "[1,3,2,1]", "padding=valid, ");
}

TEST(FuseDilation, NotWithOtherPaddings) {
  Graph more =
      graph_of("[1,5,7,1]", "[4, 3, 3, 5]", "[6,6,5,1]", "[6,4,3,1]", "[0, 1, 0, 2]", "[1,7,7,1]");
  EXPECT_FALSE(fuse_dilation(more));
  Graph cut =
      graph_of("[1,5,7,1]", "[2, 3, 3, 5]", "[6,5,5,1]", "[6,3,3,1]", "[1, 0, 0, 2]", "[1,5,7,1]");
  EXPECT_FALSE(fuse_dilation(cut));
}

}  // namespace
}  // namespace mote::passes
