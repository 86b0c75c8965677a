#include "passes/propagate.h"

#include <algorithm>
#include <variant>

#include "base/error.h"
#include "eval/evaluator.h"
#include "ops/ops.h"

namespace mote::passes {
namespace {

// Folding may make constants grow to this many bytes in any case, and to so many times the bytes
// that they are made from.
constexpr size_t kSmallBytes = 1024;
constexpr size_t kFullBytes = size_t{64} << 20;
constexpr size_t kFullGrowth = 8;

class Propagation {
 public:
  Propagation(Graph& graph, Folding folding, bool specialize)
      : graph_(graph), folding_(folding), specialize_(specialize) {
    seen_.resize(graph.subgraphs.size());
  }

  bool walk(size_t index) {
    Subgraph& subgraph = graph_.subgraphs[index];
    std::vector<bool> dropped(subgraph.nodes.size(), false);
    for (size_t n = 0; n < subgraph.nodes.size(); ++n) {
      if (subgraph.nodes[n].op->has(kControlFlow)) enter_callees(subgraph, subgraph.nodes[n]);
      dropped[n] = visit(subgraph, subgraph.nodes[n]);
    }
    std::vector<Node> kept;
    for (size_t n = 0; n < subgraph.nodes.size(); ++n) {
      if (!dropped[n]) kept.push_back(std::move(subgraph.nodes[n]));
    }
    subgraph.nodes = std::move(kept);
    return changed_;
  }

  void set_inputs(size_t index, std::span<const Shape> shapes) {
    Subgraph& subgraph = graph_.subgraphs[index];
    auto& seen = seen_[index];
    if (!seen.empty() && !std::equal(seen.begin(), seen.end(), shapes.begin(), shapes.end())) {
      fail_unsupported("subgraph '{}' is called with inputs of different shapes", subgraph.name);
    }
    seen.assign(shapes.begin(), shapes.end());
    for (size_t i = 0; i < shapes.size(); ++i) {
      Shape& shape = subgraph.value(subgraph.inputs[i]).type.shape;
      if (!(shape == shapes[i])) changed_ = true;
      shape = shapes[i];
    }
  }

 private:
  // The subgraphs that a control-flow node calls take its last inputs, as many as they have.
  void enter_callees(const Subgraph& caller, const Node& node) {
    if (!specialize_) return;
    for (const auto& [name, value] : node.attrs.list()) {
      const auto* callee = std::get_if<int32_t>(&value);
      if (!callee || !name.ends_with("subgraph_index")) continue;
      const auto index = static_cast<size_t>(*callee);
      const size_t count = graph_.subgraphs[index].inputs.size();
      if (count > node.inputs.size()) {
        fail_user("{}: subgraph '{}' has {} inputs, the call gives {}", describe(node),
                  graph_.subgraphs[index].name, count, node.inputs.size());
      }
      std::vector<Shape> shapes;
      for (size_t i = node.inputs.size() - count; i < node.inputs.size(); ++i) {
        if (node.inputs[i] == kNoValue) fail_user("{}: input {} is absent", describe(node), i);
        shapes.push_back(caller.value(node.inputs[i]).type.shape);
      }
      const bool first = seen_[index].empty();
      set_inputs(index, shapes);
      if (first) walk(index);
    }
  }

  // True if the node is no longer needed: its outputs are constants.
  bool visit(Subgraph& subgraph, const Node& node) {
    std::vector<std::optional<Buffer>> known;
    const std::vector<TensorType> types = infer_node(graph_, subgraph, node, &known);
    for (size_t i = 0; i < types.size(); ++i) {
      TensorType& type = subgraph.value(node.outputs[i]).type;
      if (type == types[i]) continue;
      type = types[i];
      changed_ = true;
    }
    if (!may_fold(subgraph, node)) return false;
    if (std::all_of(known.begin(), known.end(), [](const auto& k) { return k.has_value(); })) {
      for (size_t i = 0; i < known.size(); ++i) make_constant(subgraph, node.outputs[i], *known[i]);
      return !node.outputs.empty();
    }
    if (!inputs_are_constant(subgraph, node)) return false;
    try {
      const std::vector<Buffer> results = eval::evaluate_node(graph_, subgraph, node);
      for (size_t i = 0; i < results.size(); ++i) {
        make_constant(subgraph, node.outputs[i], results[i]);
      }
      return true;
    } catch (const Error& error) {
      if (error.blame == Blame::unsupported)
        return false;  // it stays; whatever runs it will say so
      throw;
    }
  }

  bool may_fold(const Subgraph& subgraph, const Node& node) const {
    if (node.op->has(kStateful) || node.op->has(kControlFlow) || !node.intermediates.empty())
      return false;
    size_t out_bytes = 0;
    size_t in_bytes = 0;
    for (const ValueId id : node.outputs) {
      const TensorType& type = subgraph.value(id).type;
      const auto size_bytes = type.shape.bytes(type.dtype);
      if (!size_bytes || bits_of(type.dtype) == 0) return false;
      out_bytes += *size_bytes;
    }
    for (const ValueId id : node.inputs) {
      if (id != kNoValue) in_bytes += subgraph.value(id).data.size();
    }
    if (folding_ == Folding::full) {
      return out_bytes <= std::max(kFullBytes, kFullGrowth * in_bytes);
    }
    if (out_bytes <= in_bytes) return true;
    if (decompresses(subgraph, node)) return folding_ == Folding::expanded;
    return out_bytes <= kSmallBytes;
  }

  // The node only turns stored weights into float32.
  static bool decompresses(const Subgraph& subgraph, const Node& node) {
    if (node.outputs.size() != 1 || node.inputs.empty() || node.inputs[0] == kNoValue) return false;
    const TensorType& from = subgraph.value(node.inputs[0]).type;
    const TensorType& to = subgraph.value(node.outputs[0]).type;
    return to.dtype == DType::f32 && from.shape == to.shape &&
           (!from.quant.empty() || from.dtype == DType::f16);
  }

  static bool inputs_are_constant(const Subgraph& subgraph, const Node& node) {
    bool any = false;
    for (const ValueId id : node.inputs) {
      if (id == kNoValue) continue;
      if (!subgraph.value(id).is_constant) return false;
      any = true;
    }
    return any && node.op->lower != nullptr;
  }

  void make_constant(Subgraph& subgraph, ValueId id, Buffer data) {
    Value& value = subgraph.value(id);
    value.data = std::move(data);
    value.is_constant = true;
    changed_ = true;
  }

  Graph& graph_;
  Folding folding_;
  bool specialize_;
  bool changed_ = false;
  std::vector<std::vector<Shape>> seen_;  // by subgraph: the shapes that it was called with
};

}  // namespace

bool propagate(Graph& graph, Folding folding, std::span<const Shape> shapes) {
  Propagation propagation(graph, folding, !shapes.empty());
  bool changed = false;
  if (!shapes.empty()) {
    propagation.set_inputs(0, shapes);
    changed = propagation.walk(0);
  } else {
    for (size_t s = 0; s < graph.subgraphs.size(); ++s) changed |= propagation.walk(s);
  }
  if (changed) remove_dead(graph);
  return changed;
}

}  // namespace mote::passes
