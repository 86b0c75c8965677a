#include "ops/control_flow.h"

#include "base/error.h"
#include "ops/lower.h"
#include "ops/while_gru.h"

namespace mote::ops {
namespace {

const Subgraph& callee(const NodeView& c, int32_t index) {
  const auto count = static_cast<int32_t>(c.graph().subgraphs.size());
  if (index < 1 || index >= count)
    fail_user("calls subgraph {}, the model has 1 to {}", index, count - 1);
  return c.graph().subgraphs[static_cast<size_t>(index)];
}

// Subgraph `called` takes inputs `first`... of the node.
void check_arguments(const NodeView& c, const Subgraph& called, int first) {
  const int passed = c.inputs() - first;
  if (passed != static_cast<int>(called.inputs.size()))
    fail_user("passes {} inputs to '{}', which takes {}", passed, called.name,
              called.inputs.size());
  for (int i = 0; i < passed; ++i) {
    const TensorType& wanted = called.value(called.inputs[static_cast<size_t>(i)]).type;
    if (!c.has(first + i)) fail_user("input {} is missing", first + i);
    if (c.in(first + i).dtype != wanted.dtype)
      fail_user("input {} of '{}' is {}, got {}", i, called.name, name_of(wanted.dtype),
                name_of(c.in(first + i).dtype));
  }
}

void set_results(InferContext& c, const Subgraph& called) {
  if (c.outputs() != static_cast<int>(called.outputs.size()))
    fail_user("takes {} outputs of '{}', which gives {}", c.outputs(), called.name,
              called.outputs.size());
  for (int i = 0; i < c.outputs(); ++i) {
    const TensorType& made = called.value(called.outputs[static_cast<size_t>(i)]).type;
    c.set_out(i, made.dtype, made.shape);
  }
}

void require_bool(const TensorType& type, const char* what) {
  if (type.dtype != DType::boolean || (type.shape.is_static() && type.shape.elements() != 1))
    fail_user("{} is {}, expected one bool", what, type.str());
}

void infer_if(InferContext& c) {
  const auto& a = c.attrs<IfAttrs>();
  const Subgraph& then_ = callee(c, a.then_subgraph_index);
  const Subgraph& else_ = callee(c, a.else_subgraph_index);
  require_bool(c.in(0), "the condition");
  check_arguments(c, then_, 1);
  check_arguments(c, else_, 1);
  set_results(c, then_);
  if (then_.outputs.size() != else_.outputs.size())
    fail_user("the branches give {} and {} outputs", then_.outputs.size(), else_.outputs.size());
  for (size_t i = 0; i < then_.outputs.size(); ++i) {
    const TensorType& a_type = then_.value(then_.outputs[i]).type;
    const TensorType& b_type = else_.value(else_.outputs[i]).type;
    if (a_type.dtype != b_type.dtype)
      fail_user("output {} is {} in one branch and {} in the other", i, name_of(a_type.dtype),
                name_of(b_type.dtype));
    if (!(a_type.shape == b_type.shape))
      fail_unsupported("output {} has shape {} in one branch and {} in the other", i,
                       a_type.shape.str(), b_type.shape.str());
  }
}

void lower_if(LowerContext& c) {
  const auto& a = c.attrs<IfAttrs>();
  c.control(StepKind::branch, a.then_subgraph_index, a.else_subgraph_index, c.in_refs(),
            c.out_refs());
}

void infer_while(InferContext& c) {
  const auto& a = c.attrs<WhileAttrs>();
  const Subgraph& cond = callee(c, a.cond_subgraph_index);
  const Subgraph& body = callee(c, a.body_subgraph_index);
  check_arguments(c, cond, 0);
  check_arguments(c, body, 0);
  if (cond.outputs.size() != 1) fail_user("the condition gives {} outputs", cond.outputs.size());
  require_bool(cond.value(cond.outputs[0]).type, "the condition's result");
  if (c.outputs() != c.inputs() || body.outputs.size() != body.inputs.size())
    fail_user("a loop must give as many values as it takes");
  // The loop may not run at all, so what comes out is what went in.
  for (int i = 0; i < c.outputs(); ++i) c.set_out(i, c.in(i).dtype, c.in(i).shape);
}

void lower_while(LowerContext& c) {
  if (!c.options().reference && lower_while_as_gru(c)) return;
  const auto& a = c.attrs<WhileAttrs>();
  c.control(StepKind::loop, a.cond_subgraph_index, a.body_subgraph_index, c.in_refs(),
            c.out_refs());
}

void infer_call(InferContext& c) {
  const Subgraph& called = callee(c, c.attrs<CallAttrs>().subgraph_index);
  check_arguments(c, called, 0);
  set_results(c, called);
}

void lower_call(LowerContext& c) {
  c.control(StepKind::call, c.attrs<CallAttrs>().subgraph_index, -1, c.in_refs(), c.out_refs());
}

void infer_once(InferContext& c) {
  const Subgraph& called = callee(c, c.attrs<CallOnceAttrs>().init_subgraph_index);
  if (!called.inputs.empty() || !called.outputs.empty())
    fail_user("'{}' must have no inputs and outputs to be called once", called.name);
}

void lower_once(LowerContext& c) {
  c.control(StepKind::call_once, c.attrs<CallOnceAttrs>().init_subgraph_index, -1, {}, {});
}

constexpr TfliteField kIfFields[] = {{0, "then_subgraph_index"}, {1, "else_subgraph_index"}};
constexpr TfliteField kWhileFields[] = {{0, "cond_subgraph_index"}, {1, "body_subgraph_index"}};
constexpr TfliteField kCallFields[] = {{0, "subgraph_index"}};
constexpr TfliteField kOnceFields[] = {{0, "init_subgraph_index"}};
constexpr QuantRule kKept = {.why_not = "control flow; its subgraphs stay float"};

}  // namespace

extern const OpDef kIf = {
    .name = "if",
    .attrs = &attrs_of<IfAttrs>,
    .min_inputs = 1,
    .max_inputs = -1,
    .outputs = -1,
    .traits = kControlFlow,
    .infer = infer_if,
    .lower = lower_if,
    .quant = kKept,
    .tflite = {.code = 118, .options = 92, .fields = kIfFields},
};

extern const OpDef kWhile = {
    .name = "while",
    .attrs = &attrs_of<WhileAttrs>,
    .min_inputs = 1,
    .max_inputs = -1,
    .outputs = -1,
    .traits = kControlFlow,
    .infer = infer_while,
    .lower = lower_while,
    .quant = kKept,
    .tflite = {.code = 119, .options = 93, .fields = kWhileFields},
};

extern const OpDef kCall = {
    .name = "call",
    .attrs = &attrs_of<CallAttrs>,
    .min_inputs = 0,
    .max_inputs = -1,
    .outputs = -1,
    .traits = kControlFlow,
    .infer = infer_call,
    .lower = lower_call,
    .quant = kKept,
    .tflite = {.code = 31, .options = 16, .fields = kCallFields},
};

extern const OpDef kCallOnce = {
    .name = "call_once",
    .attrs = &attrs_of<CallOnceAttrs>,
    .min_inputs = 0,
    .max_inputs = 0,
    .outputs = 0,
    .traits = kControlFlow | kStateful,
    .infer = infer_once,
    .lower = lower_once,
    .quant = kKept,
    .tflite = {.code = 129, .options = 103, .fields = kOnceFields},
};

}  // namespace mote::ops
