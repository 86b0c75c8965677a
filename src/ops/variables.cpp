#include "ops/variables.h"

#include "base/error.h"
#include "ops/lower.h"

namespace mote::ops {

extern const OpDef kVarHandle;

namespace {

// The variable that the handle at input 0 names.
std::string key_of(const NodeView& c) {
  const Node* handle = c.producer(0);
  if (!handle || handle->op != &kVarHandle)
    fail_unsupported("a handle that is passed into a subgraph; make it there with var_handle");
  const auto& a = handle->attrs.as<VarHandleAttrs>();
  return fmt::format("resource {}/{}", a.container, a.shared_name);
}

void infer_handle(InferContext& c) { c.set_out(0, DType::resource, Shape{}); }
void lower_handle(LowerContext&) {}

// What another node says of the same variable; null if this is the only one.
const TensorType* assigned_type(const NodeView& c, const std::string& key) {
  for (const Subgraph& subgraph : c.graph().subgraphs) {
    for (const Node& node : subgraph.nodes) {
      if (node.inputs.size() != 2 || std::string_view(node.op->name) != "assign_variable") continue;
      if (key_of(NodeView(c.graph(), subgraph, node)) == key)
        return &subgraph.value(node.inputs[1]).type;
    }
  }
  return nullptr;
}

void infer_read(InferContext& c) {
  const TensorType& declared = c.declared(0);
  const TensorType* assigned = assigned_type(c, key_of(c));
  if (!assigned) return c.set_out(0, declared.dtype, Shape(declared.shape));
  c.set_out(0, assigned->dtype, assigned->shape);
}

void lower_read(LowerContext& c) {
  c.copy(c.state(key_of(c), c.out(0).dtype, c.out(0).shape), c.out_ref(0));
}

void infer_assign(InferContext& c) { key_of(c); }

void lower_assign(LowerContext& c) {
  c.copy(c.in_ref(1), c.state(key_of(c), c.in(1).dtype, c.in(1).shape));
}

constexpr TfliteField kHandleFields[] = {{0, "container"}, {1, "shared_name"}};
constexpr QuantRule kKept = {.why_not = "a variable has no calibrated range"};

}  // namespace

extern const OpDef kVarHandle = {
    .name = "var_handle",
    .attrs = &attrs_of<VarHandleAttrs>,
    .min_inputs = 0,
    .max_inputs = 0,
    .traits = kStateful,
    .infer = infer_handle,
    .lower = lower_handle,
    .quant = kKept,
    .tflite = {.code = 142, .options = 111, .fields = kHandleFields},
};

extern const OpDef kReadVariable = {
    .name = "read_variable",
    .traits = kStateful,
    .infer = infer_read,
    .lower = lower_read,
    .quant = kKept,
    .tflite = {.code = 143, .options = 112},
};

extern const OpDef kAssignVariable = {
    .name = "assign_variable",
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 0,
    .traits = kStateful,
    .infer = infer_assign,
    .lower = lower_assign,
    .quant = kKept,
    .tflite = {.code = 144, .options = 113},
};

}  // namespace mote::ops
