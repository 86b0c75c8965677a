#include "ops/while_gru.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "graph/text.h"
#include "ops/ops.h"
#include "passes/keep_half_weights.h"
#include "passes/specialize.h"
#include "plan/compile.h"
#include "runtime/session.h"

namespace mote::ops {
namespace {

// A GRU of 2 units over 3 steps. `weights` makes %24 and %26, of the product and its bias.
Graph loop(const std::string& weights) {
  return parse_graph(R"(
subgraph main(%0 "x": float32[1,3,6], %1 "h": float32[1,2]) -> (%5) {
  %2 "zero": int32[] = constant [0]
  %3 "t": int32[], %4 "same": float32[1,3,6], %5 "last": float32[1,2] = while(%2, %0, %1) {cond_subgraph_index=1, body_subgraph_index=2}
}
subgraph cond(%0 "v0": int32[], %1 "v1": float32[1,3,6], %2 "v2": float32[1,2]) -> (%4) {
  %3 "": int32[] = constant [3]
  %4 "": bool[] = less(%0, %3)
}
subgraph body(%0 "v0": int32[], %1 "v1": float32[1,3,6], %2 "v2": float32[1,2]) -> (%4, %1, %22) {
  %3 "": int32[] = constant [1]
  %4 "": int32[] = add(%0, %3)
  %5 "": float32[1,6] = gather(%1, %0) {axis=1}
  %6 "": float32[1,2], %7 "": float32[1,2], %8 "": float32[1,2] = split(%3, %5) {num_splits=3}
)" + weights + R"(
  %9 "": float32[1,6] = fully_connected(%2, %24, %26)
  %10 "": float32[1,2], %11 "": float32[1,2], %12 "": float32[1,2] = split(%3, %9) {num_splits=3}
  %13 "": float32[1,2] = add(%6, %10)
  %14 "": float32[1,2] = logistic(%13)
  %15 "": float32[1,2] = add(%7, %11)
  %16 "": float32[1,2] = logistic(%15)
  %17 "": float32[1,2] = mul(%16, %12)
  %18 "": float32[1,2] = add(%8, %17)
  %19 "": float32[1,2] = tanh(%18)
  %20 "": float32[1,2] = sub(%2, %19)
  %21 "": float32[1,2] = mul(%14, %20)
  %22 "": float32[1,2] = add(%19, %21)
})",
                     find_op);
}

struct Ran {
  std::vector<float> last;
  std::vector<std::string> operators;
};

Ran run(Graph graph, bool reference) {
  if (!reference) passes::keep_half_weights(graph);
  passes::specialize(graph, {{Shape{1, 3, 6}, Shape{1, 2}}});
  const auto program = std::make_shared<const Program>(
      plan::compile(graph, {.lowering = {.reference = reference}}).value());
  Ran ran;
  for (const Step& step : program->main().steps) {
    ran.operators.push_back(program->labels[static_cast<size_t>(step.label)].kernel);
  }
  runtime::Session session(program);
  for (int i = 0; i < session.inputs(); ++i) {
    const runtime::TensorView view = session.input(i);
    auto* data = reinterpret_cast<float*>(view.data);
    for (size_t n = 0; n < view.size_bytes / sizeof(float); ++n) {
      data[n] = 0.25f * static_cast<float>(n % 7) - 0.5f;
    }
  }
  EXPECT_EQ(session.run(), runtime::RunStatus::ok);
  const runtime::TensorView view = session.output(0);
  const auto* data = reinterpret_cast<const float*>(view.data);
  ran.last.assign(data, data + 2);
  return ran;
}

void expect_one_step(const std::string& weights) {
  const Graph graph = loop(weights);
  const Ran got = run(graph, false), want = run(graph, true);
  const auto is_gru = [](const std::string& kernel) { return kernel.starts_with("gru_f32"); };
  EXPECT_TRUE(std::any_of(got.operators.begin(), got.operators.end(), is_gru));
  for (size_t i = 0; i < 2; ++i) EXPECT_NEAR(got.last[i], want.last[i], 1e-5f) << i;
}

TEST(WhileGru, FloatWeights) {
  expect_one_step(R"(
  %24 "w": float32[6,2] = constant [1, -2, 0.5, 0.25, -1, 1.5, 2, -0.5, 0.75, 1, -1, 0.125]
  %26 "b": float32[6] = constant [0.5, -0.5, 0.25, 1, -1, 0]
)");
}

TEST(WhileGru, WeightsThatAreWidened) {
  expect_one_step(R"(
  %23 "": float16[6,2] = constant [1, -2, 0.5, 0.25, -1, 1.5, 2, -0.5, 0.75, 1, -1, 0.125]
  %24 "w": float32[6,2] = dequantize(%23)
  %25 "": float16[6] = constant [0.5, -0.5, 0.25, 1, -1, 0]
  %26 "b": float32[6] = dequantize(%25)
)");
}

}  // namespace
}  // namespace mote::ops
