#include "ops/bucketize.h"

#include <gtest/gtest.h>

#include "base/result.h"
#include "eval/evaluator.h"
#include "ops/ops.h"

namespace mote {
namespace {

Graph bins(const std::vector<float>& boundaries, int64_t count) {
  Graph graph;
  graph.subgraphs.emplace_back();
  Subgraph& main = graph.main();
  const ValueId x = main.add_value("x", {DType::f32, Shape{count}, {}});
  const ValueId y = main.add_value("y", {DType::i32, Shape{count}, {}});
  main.inputs = {x};
  main.outputs = {y};
  Node node;
  node.op = find_op("bucketize");
  node.attrs = Attrs::of(ops::BucketizeAttrs{boundaries});
  node.inputs = {x};
  node.outputs = {y};
  main.nodes.push_back(node);
  return graph;
}

// Expected: numpy.digitize(x, boundaries).
TEST(Bucketize, CountsTheBoundariesBelow) {
  Graph graph = bins({-1, 0, 0, 2.5f}, 7);
  infer_types(graph);
  eval::Evaluator evaluator(graph);
  const std::vector<float> x = {-3, -1, -0.5f, 0, 1, 2.5f, 9};
  evaluator.set_input(0, std::as_bytes(std::span(x)));
  evaluator.run();
  const auto* y = reinterpret_cast<const int32_t*>(evaluator.output(0).data());
  EXPECT_EQ(std::vector<int32_t>(y, y + 7), (std::vector<int32_t>{0, 1, 1, 3, 3, 4, 4}));
}

TEST(Bucketize, RefusesBoundariesOutOfOrder) {
  const auto result = capture([] {
    Graph graph = bins({1, 0}, 2);
    infer_types(graph);
  });
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("ascending"), std::string::npos) << result.error().message;
}

}  // namespace
}  // namespace mote
