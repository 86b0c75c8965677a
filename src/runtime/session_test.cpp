// Plan and runtime together, on operators made up here so that every expected value can be worked
// out by hand.
#include "runtime/session.h"

#include <gtest/gtest.h>

#include <numeric>

#include "eval/evaluator.h"
#include "graph/verify.h"
#include "ops/ops.h"
#include "plan/compile.h"

namespace mote {
namespace {

struct Params {
  int64_t count;
};

int run_add_one(const kernels::Args& args, int64_t begin, int64_t end) {
  const auto* x = static_cast<const float*>(args.in[0]);
  auto* y = static_cast<float*>(args.out[0]);
  for (int64_t i = begin; i < end; ++i) y[i] = x[i] + 1;
  return kernels::kOk;
}

int run_sum(const kernels::Args& args, int64_t, int64_t) {
  const auto& params = *static_cast<const Params*>(args.params);
  const auto* a = static_cast<const float*>(args.in[0]);
  const auto* b = static_cast<const float*>(args.in[1]);
  for (int64_t i = 0; i < params.count; ++i) static_cast<float*>(args.out[0])[i] = a[i] + b[i];
  return kernels::kOk;
}

int run_below_five(const kernels::Args& args, int64_t, int64_t) {
  *static_cast<uint8_t*>(args.out[0]) = *static_cast<const float*>(args.in[0]) < 5;
  return kernels::kOk;
}

int run_refuse(const kernels::Args&, int64_t, int64_t) { return kernels::kIndexOutOfRange; }

int64_t all_units(const void* params) { return static_cast<const Params*>(params)->count; }

constexpr kernels::Kernel kAddOneRows[] = {
    {.name = "add_one", .run = run_add_one, .units = all_units}};
constexpr kernels::Kernel kSumRows[] = {{.name = "sum", .run = run_sum}};
constexpr kernels::Kernel kBelowFiveRows[] = {{.name = "below_five", .run = run_below_five}};
constexpr kernels::Kernel kRefuseRows[] = {{.name = "refuse", .run = run_refuse}};
constexpr kernels::Family kAddOneFamily = {"add_one", kAddOneRows};
constexpr kernels::Family kSumFamily = {"sum", kSumRows};
constexpr kernels::Family kBelowFiveFamily = {"below_five", kBelowFiveRows};
constexpr kernels::Family kRefuseFamily = {"refuse", kRefuseRows};

template <const kernels::Family& family>
void lower_as(LowerContext& c) {
  const int reuse = &family == &kBelowFiveFamily ? -1 : 0;
  c.step(family, Params{c.in(0).shape.elements()}, c.in_refs(), c.out_refs(), reuse);
}

struct CallAttrs {
  int32_t a_subgraph_index = 0;
  int32_t b_subgraph_index = 0;
};
void fields(AttrVisitor& v, CallAttrs& attrs) {
  v("a_subgraph_index", attrs.a_subgraph_index);
  v("b_subgraph_index", attrs.b_subgraph_index);
}

template <StepKind kind>
void lower_control(LowerContext& c) {
  const auto& attrs = c.attrs<CallAttrs>();
  c.control(kind, attrs.a_subgraph_index, kind == StepKind::call_once ? -1 : attrs.b_subgraph_index,
            c.in_refs(), c.out_refs());
}

void lower_counter(LowerContext& c) {
  const Ref state = c.state("counter", DType::f32, c.in(0).shape);
  c.step(kSumFamily, Params{c.in(0).shape.elements()}, {c.in_ref(0), state}, {state});
  c.copy(state, c.out_ref(0));
}

const OpDef kAddOne = {.name = "add_one", .lower = lower_as<kAddOneFamily>};
const OpDef kSum = {.name = "sum", .min_inputs = 2, .max_inputs = 2, .lower = lower_as<kSumFamily>};
const OpDef kBelowFive = {.name = "below_five", .lower = lower_as<kBelowFiveFamily>};
const OpDef kRefuse = {.name = "refuse", .lower = lower_as<kRefuseFamily>};
const OpDef kCounter = {.name = "counter", .traits = kStateful, .lower = lower_counter};
const OpDef kLoop = {.name = "loop",
                     .attrs = &attrs_of<CallAttrs>,
                     .traits = kControlFlow,
                     .lower = lower_control<StepKind::loop>};
const OpDef kLoopOfFour = {.name = "loop_of_four",
                           .attrs = &attrs_of<CallAttrs>,
                           .min_inputs = 4,
                           .max_inputs = 4,
                           .outputs = 4,
                           .traits = kControlFlow,
                           .lower = lower_control<StepKind::loop>};
const OpDef kBranch = {.name = "branch",
                       .attrs = &attrs_of<CallAttrs>,
                       .min_inputs = 2,
                       .max_inputs = 2,
                       .traits = kControlFlow,
                       .lower = lower_control<StepKind::branch>};

class Builder {
 public:
  explicit Builder(Graph& graph) : graph_(graph), index_(graph.subgraphs.size()) {
    graph.subgraphs.emplace_back();
    here().name = std::to_string(index_);
  }
  Subgraph& here() { return graph_.subgraphs[index_]; }
  ValueId input(const Shape& shape, DType dtype = DType::f32) {
    const ValueId id = here().add_value("x", {dtype, shape});
    here().inputs.push_back(id);
    return id;
  }
  ValueId node(const OpDef& op, std::vector<ValueId> inputs, Attrs attrs = {},
               DType dtype = DType::f32) {
    const Shape shape = dtype == DType::boolean ? Shape{} : here().value(inputs.back()).type.shape;
    const ValueId id = here().add_value("y", {dtype, shape});
    here().nodes.push_back({&op, std::move(attrs), std::move(inputs), {id}, "layer"});
    return id;
  }
  void output(ValueId id) { here().outputs.push_back(id); }

 private:
  Graph& graph_;
  size_t index_;
};

std::shared_ptr<const Program> compiled(const Graph& graph, const plan::Options& options = {}) {
  verify(graph);
  return std::make_shared<const Program>(plan::compile(graph, options).value());
}

std::vector<float> run(runtime::Session& session, const std::vector<float>& x, int input = 0) {
  std::memcpy(session.input(input).data, x.data(), x.size() * sizeof(float));
  EXPECT_EQ(session.run(), runtime::RunStatus::ok);
  const auto y = session.output(0);
  std::vector<float> values(y.size_bytes / sizeof(float));
  std::memcpy(values.data(), y.data, y.size_bytes);
  return values;
}

TEST(Session, AChainRunsInPlaceButNotOverTheInput) {
  Graph graph;
  Builder b(graph);
  ValueId v = b.input({16});
  for (int i = 0; i < 5; ++i) v = b.node(kAddOne, {v});
  b.output(v);
  const auto program = compiled(graph);
  EXPECT_EQ(program->main().arena_bytes, 2 * 16 * sizeof(float));
  EXPECT_EQ(program->main().arena_lower_bound_bytes, program->main().arena_bytes);
  runtime::Session session(program);
  EXPECT_EQ(run(session, std::vector<float>(16, 3)), std::vector<float>(16, 8));
}

TEST(Session, AValueThatIsReadLaterIsNotOverwritten) {
  Graph graph;
  Builder b(graph);
  const ValueId x = b.input({4});
  const ValueId a = b.node(kAddOne, {x});
  const ValueId c = b.node(kAddOne, {a});
  b.output(b.node(kSum, {c, a}));
  runtime::Session session(compiled(graph));
  EXPECT_EQ(run(session, {0, 1, 2, 3}), (std::vector<float>{3, 5, 7, 9}));
}

TEST(Session, TheSameValueTwiceIsSafe) {
  Graph graph;
  Builder b(graph);
  const ValueId a = b.node(kAddOne, {b.input({2})});
  b.output(b.node(kSum, {a, a}));
  runtime::Session session(compiled(graph));
  EXPECT_EQ(run(session, {1, 2}), (std::vector<float>{4, 6}));
}

TEST(Session, AViewCostsNothing) {
  Graph graph;
  Builder b(graph);
  const ValueId a = b.node(kAddOne, {b.input({2, 3})});
  const ValueId r = b.node(*find_op("reshape"), {a}, Attrs(attrs_of<NoAttrs>));
  b.here().nodes.back().attrs = Attrs(*find_op("reshape")->attrs);
  b.here().value(r).type.shape = Shape{6};
  b.output(b.node(kAddOne, {r}));
  const auto program = compiled(graph);
  EXPECT_EQ(program->main().steps.size(), 2u);
  runtime::Session session(program);
  EXPECT_EQ(run(session, {0, 1, 2, 3, 4, 5}), (std::vector<float>{2, 3, 4, 5, 6, 7}));
}

TEST(Session, AnInputThatIsAnOutputIsCopied) {
  Graph graph;
  Builder b(graph);
  const ValueId x = b.input({2});
  const ValueId r = b.node(*find_op("reshape"), {x}, Attrs(*find_op("reshape")->attrs));
  b.output(r);
  runtime::Session session(compiled(graph));
  EXPECT_EQ(run(session, {4, 5}), (std::vector<float>{4, 5}));
  EXPECT_NE(session.input(0).data, session.output(0).data);
}

Graph loop_graph() {
  Graph graph;
  Builder main(graph);
  const ValueId x = main.input({1});
  main.output(main.node(kLoop, {x}, Attrs::of(CallAttrs{1, 2})));
  Builder condition(graph);
  condition.output(condition.node(kBelowFive, {condition.input({1})}, {}, DType::boolean));
  Builder body(graph);
  body.output(body.node(kAddOne, {body.input({1})}));
  return graph;
}

TEST(Session, ALoopRunsUntilItsConditionFails) {
  const Graph graph = loop_graph();
  runtime::Session session(compiled(graph));
  EXPECT_EQ(run(session, {1.5f}), std::vector<float>{5.5f});
  EXPECT_EQ(run(session, {7}), std::vector<float>{7});
  eval::Evaluator evaluator(graph);
  const float x = 1.5f;
  evaluator.set_input(0, std::as_bytes(std::span(&x, 1)));
  evaluator.run();
  EXPECT_EQ(*reinterpret_cast<const float*>(evaluator.output(0).data()), 5.5f);
}

// (n, a, b, k) -> (n + 1, b, a + k, k): values change places, one is passed on as it is, one is
// read after the loop too.
Graph loop_of_four() {
  Graph graph;
  Builder main(graph);
  std::vector<ValueId> in, out;
  for (int i = 0; i < 4; ++i) in.push_back(main.input({1}));
  const ValueId b = main.node(kAddOne, {in[2]}), k = main.node(kAddOne, {in[3]});
  for (int i = 0; i < 4; ++i) out.push_back(main.here().add_value("y", {DType::f32, {1}}));
  main.here().nodes.push_back(
      {&kLoopOfFour, Attrs::of(CallAttrs{1, 2}), {in[0], in[1], b, k}, out, "layer"});
  main.output(main.node(kSum, {out[1], b}));
  main.output(main.node(kAddOne, {out[2]}));
  main.output(out[3]);
  main.output(main.node(kSum, {out[3], k}));
  Builder condition(graph);
  const ValueId turn = condition.input({1});
  for (int i = 0; i < 3; ++i) condition.input({1});
  condition.output(condition.node(kBelowFive, {turn}, {}, DType::boolean));
  Builder body(graph);
  std::vector<ValueId> x;
  for (int i = 0; i < 4; ++i) x.push_back(body.input({1}));
  body.output(body.node(kAddOne, {x[0]}));
  body.output(x[2]);
  body.output(body.node(kSum, {x[1], x[3]}));
  body.output(x[3]);
  return graph;
}

TEST(Session, ALoopPassesValuesOnAndExchangesThem) {
  const Graph graph = loop_of_four();
  runtime::Session session(compiled(graph));
  for (const float n : {5.0f, 4.0f, 3.0f, -2.0f}) {
    float a = 10, b = 21, k = 101;
    for (float turn = n; turn < 5; ++turn) {
      const float next = a + k;
      a = b, b = next;
    }
    const float inputs[] = {n, 10, 20, 100};
    for (int i = 0; i < 4; ++i) std::memcpy(session.input(i).data, &inputs[i], sizeof(float));
    ASSERT_EQ(session.run(), runtime::RunStatus::ok);
    const float wanted[] = {a + 21, b + 1, k, k + k};
    for (int i = 0; i < 4; ++i)
      EXPECT_EQ(*reinterpret_cast<const float*>(session.output(i).data), wanted[i])
          << n << " " << i;
  }
}

TEST(Session, ABranchTakesOneSide) {
  Graph graph;
  Builder main(graph);
  const ValueId condition = main.input({}, DType::boolean);
  const ValueId x = main.input({1});
  main.output(main.node(kBranch, {condition, x}, Attrs::of(CallAttrs{1, 2})));
  Builder yes(graph);
  yes.output(yes.node(kAddOne, {yes.input({1})}));
  Builder no(graph);
  const ValueId n = no.input({1});
  no.output(no.node(kSum, {n, n}));
  runtime::Session session(compiled(graph));
  *session.input(0).data = std::byte{1};
  EXPECT_EQ(run(session, {10}, 1), std::vector<float>{11});
  *session.input(0).data = std::byte{0};
  EXPECT_EQ(run(session, {10}, 1), std::vector<float>{20});
}

TEST(Session, StatePersistsUntilItIsReset) {
  Graph graph;
  Builder b(graph);
  b.output(b.node(kCounter, {b.input({1})}));
  runtime::Session session(compiled(graph));
  EXPECT_EQ(run(session, {2}), std::vector<float>{2});
  EXPECT_EQ(run(session, {3}), std::vector<float>{5});
  session.reset_state();
  EXPECT_EQ(run(session, {4}), std::vector<float>{4});
}

TEST(Session, ThreadsShareTheUnits) {
  Graph graph;
  Builder b(graph);
  ValueId v = b.input({100100});
  for (int i = 0; i < 20; ++i) v = b.node(kAddOne, {v});
  b.output(v);
  runtime::Session session(compiled(graph, {.threads = 3}), 3);
  std::vector<float> x(100100);
  std::iota(x.begin(), x.end(), 0.0f);
  for (int round = 0; round < 50; ++round) {
    const std::vector<float> y = run(session, x);
    for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(y[i], x[i] + 20);
  }
}

TEST(Session, ARefusalOfTheDataIsACode) {
  Graph graph;
  Builder b(graph);
  b.output(b.node(kRefuse, {b.input({1})}));
  runtime::Session session(compiled(graph));
  EXPECT_EQ(session.run(), runtime::RunStatus::index_out_of_range);
}

TEST(Session, EveryValueCanBeObserved) {
  Graph graph;
  Builder b(graph);
  const ValueId a = b.node(kAddOne, {b.input({1})});
  b.output(b.node(kAddOne, {a}));
  runtime::Session session(compiled(graph, {.observe = true}));
  run(session, {1});
  EXPECT_EQ(*reinterpret_cast<const float*>(session.observed(a).data), 2);
}

TEST(Compile, AnUnknownExtentIsNamed) {
  Graph graph;
  Builder b(graph);
  b.output(b.node(kAddOne, {b.input({kDynamic, 2})}));
  const auto result = plan::compile(graph);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("'x' has shape [?,2]"), std::string::npos)
      << result.error().message;
}

TEST(Compile, AMismatchedCallIsRefused) {
  Graph graph = loop_graph();
  graph.main().value(graph.main().inputs[0]).type.shape = Shape{2};
  graph.main().value(graph.main().outputs[0]).type.shape = Shape{2};
  const auto result = plan::compile(graph);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().blame, Blame::user);
}

TEST(Verify, ACycleOfCallsIsRefused) {
  Graph graph = loop_graph();
  Subgraph& body = graph.subgraphs[2];
  body.nodes[0].op = &kLoop;
  body.nodes[0].attrs = Attrs::of(CallAttrs{1, 2});
  EXPECT_THROW(verify(graph), Error);
}

}  // namespace
}  // namespace mote
