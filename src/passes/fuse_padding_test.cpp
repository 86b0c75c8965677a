#include "passes/fuse_padding.h"

#include <gtest/gtest.h>

#include "graph/text.h"
#include "graph/verify.h"
#include "ops/ops.h"

namespace mote::passes {
namespace {

// A pad by `amounts` before a convolution by 2 of 6 x 6 pixels.
std::string padded(const std::string& amounts, const std::string& extents, const std::string& out) {
  return R"(
subgraph main(%0 "x": float32[1,6,6,1]) -> (%4) {
  %1 "w": float32[1,3,3,1] = constant [1, 2, 3, 4, 5, 6, 7, 8, 9]
  %2 "amounts": int32[4,2] = constant )" +
         amounts + R"(
  %3 "padded": float32[1,)" +
         extents + R"(,1] = pad(%0, %2)
  %4 "y": float32[1,)" +
         out + R"(,1] = conv_2d(%3, %1) {padding=valid, stride_w=2, stride_h=2}
})";
}

TEST(FuseAnyPadding, OnBothSides) {
  Graph graph = parse_graph(padded("[0, 0, 1, 1, 1, 1, 0, 0]", "8,8", "3,3"), find_op);
  EXPECT_FALSE(fuse_padding(graph));  // padding=same has nothing above
  EXPECT_TRUE(fuse_any_padding(graph));
  verify(graph);
  const Graph wanted = parse_graph(R"(
subgraph main(%0 "x": float32[1,6,6,1]) -> (%4) {
  %1 "w": float32[1,3,3,1] = constant [1, 2, 3, 4, 5, 6, 7, 8, 9]
  %4 "y": float32[1,3,3,1] = conv_2d(%0, %1) {padding=valid, stride_w=2, stride_h=2, pads=[1, 1, 1, 1]}
})",
                                   find_op);
  std::string why;
  EXPECT_TRUE(equal(wanted, graph, &why)) << why << print(graph);
  EXPECT_FALSE(fuse_any_padding(graph));
}

TEST(FuseAnyPadding, OneSideOnly) {
  Graph graph = parse_graph(padded("[0, 0, 2, 0, 0, 1, 0, 0]", "8,7", "3,3"), find_op);
  EXPECT_TRUE(fuse_any_padding(graph));
  verify(graph);
}

TEST(FuseAnyPadding, WiderThanTheFilterStays) {
  Graph graph = parse_graph(padded("[0, 0, 3, 1, 1, 1, 0, 0]", "10,8", "4,3"), find_op);
  EXPECT_FALSE(fuse_any_padding(graph));
}

TEST(FuseAnyPadding, OfChannelsStays) {
  Graph graph = parse_graph(R"(
subgraph main(%0 "x": float32[1,6,6,1]) -> (%4) {
  %1 "w": float32[1,3,3,2] = constant [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9]
  %2 "amounts": int32[4,2] = constant [0, 0, 1, 1, 1, 1, 0, 1]
  %3 "padded": float32[1,8,8,2] = pad(%0, %2)
  %4 "y": float32[1,3,3,1] = conv_2d(%3, %1) {padding=valid, stride_w=2, stride_h=2}
})",
                            find_op);
  EXPECT_FALSE(fuse_any_padding(graph));
}

}  // namespace
}  // namespace mote::passes
