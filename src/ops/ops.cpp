#include "ops/ops.h"

#include <array>
#include <unordered_map>

#include "base/error.h"

namespace mote::ops {
#define MOTE_OP(record) extern const OpDef k##record;
#include "ops/ops.inc"
#undef MOTE_OP
}  // namespace mote::ops

namespace mote {
namespace {

constexpr const OpDef* kOps[] = {
#define MOTE_OP(record) &ops::k##record,
#include "ops/ops.inc"
#undef MOTE_OP
};

}  // namespace

std::span<const OpDef* const> all_ops() { return kOps; }

const OpDef* find_op(std::string_view name) {
  static const auto* const kByName = [] {
    auto* map = new std::unordered_map<std::string_view, const OpDef*>;
    for (const OpDef* op : kOps) (*map)[op->name] = op;
    return map;
  }();
  const auto found = kByName->find(name);
  return found == kByName->end() ? nullptr : found->second;
}

const OpDef* find_tflite_op(int code) {
  for (const OpDef* op : kOps) {
    if (op->tflite.code == code) return op;
  }
  return nullptr;
}

std::string describe(const Node& node) {
  const char* name = node.op ? node.op->name : "?";
  return node.layer.empty() ? std::string(name) : fmt::format("{} in layer '{}'", name, node.layer);
}

std::vector<TensorType> infer_node(const Graph& graph, const Subgraph& subgraph, const Node& node,
                                   std::vector<std::optional<Buffer>>* constants) {
  return with_context(describe(node), [&] {
    std::vector<TensorType> declared;
    for (const ValueId id : node.outputs) declared.push_back(subgraph.value(id).type);
    InferContext context(graph, subgraph, node, std::move(declared));
    const OpDef& op = *node.op;
    const int n = context.inputs();
    if (n < op.min_inputs || (op.max_inputs >= 0 && n > op.max_inputs)) {
      fail_user("has {} inputs, expected {}{}", n, op.min_inputs,
                op.max_inputs == op.min_inputs ? ""
                : op.max_inputs < 0            ? " or more"
                                               : fmt::format(" to {}", op.max_inputs));
    }
    for (int i = 0; i < n; ++i) {
      const bool required = op.max_inputs < 0 || i < op.min_inputs;
      if (required && !context.has(i) && !(op.optional >> i & 1))
        fail_user("input {} is absent", i);
    }
    if (op.outputs >= 0 && context.outputs() != op.outputs) {
      fail_user("has {} outputs, expected {}", context.outputs(), op.outputs);
    }
    op.infer(context);
    for (const TensorType& type : context.types()) {
      if (!Shape::checked(type.shape.dims()))
        fail_user("output shape {} is too large", type.shape.str());
    }
    if (constants) *constants = context.constants();
    return context.types();
  });
}

void infer_types(Graph& graph) {
  // Subgraphs other than the main one get their types from the file; control-flow operators check
  // them at the call.
  for (Subgraph& subgraph : graph.subgraphs) {
    for (const Node& node : subgraph.nodes) {
      const std::vector<TensorType> types = infer_node(graph, subgraph, node);
      for (size_t i = 0; i < types.size(); ++i) subgraph.value(node.outputs[i]).type = types[i];
    }
  }
}

}  // namespace mote
