#include "graph/graph.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "graph/op.h"

namespace mote {

std::string TensorType::str() const {
  std::string text = fmt::format("{}{}", name_of(dtype), shape.str());
  if (quant.per_axis()) {
    text += fmt::format("{{{} scales on axis {}}}", quant.scale.size(), quant.axis);
  } else if (!quant.empty()) {
    text += fmt::format("{{{}:{}}}", scale(), zero_point());
  }
  return text;
}

ValueId Subgraph::add_value(std::string value_name, TensorType type) {
  values.push_back({std::move(value_name), std::move(type)});
  return static_cast<ValueId>(values.size()) - 1;
}

ValueId Subgraph::add_constant(std::string value_name, TensorType type, Buffer data) {
  const ValueId id = add_value(std::move(value_name), std::move(type));
  value(id).data = std::move(data);
  value(id).is_constant = true;
  return id;
}

Uses uses_of(const Subgraph& subgraph) {
  Uses uses;
  uses.producer.assign(subgraph.values.size(), -1);
  uses.readers.assign(subgraph.values.size(), 0);
  for (size_t n = 0; n < subgraph.nodes.size(); ++n) {
    for (const ValueId id : subgraph.nodes[n].outputs)
      uses.producer[static_cast<size_t>(id)] = static_cast<int>(n);
    for (const ValueId id : subgraph.nodes[n].inputs) {
      if (id != kNoValue) ++uses.readers[static_cast<size_t>(id)];
    }
  }
  for (const ValueId id : subgraph.outputs) ++uses.readers[static_cast<size_t>(id)];
  return uses;
}

namespace {

void remove_dead_nodes(Subgraph& subgraph) {
  std::vector<bool> needed(subgraph.values.size(), false);
  for (const ValueId id : subgraph.outputs) needed[static_cast<size_t>(id)] = true;
  std::vector<Node> kept;
  for (auto node = subgraph.nodes.rbegin(); node != subgraph.nodes.rend(); ++node) {
    const bool live = node->op->has(kStateful) || node->op->has(kControlFlow) ||
                      std::any_of(node->outputs.begin(), node->outputs.end(),
                                  [&](ValueId id) { return needed[static_cast<size_t>(id)]; });
    if (!live) continue;
    for (const ValueId id : node->inputs) {
      if (id != kNoValue) needed[static_cast<size_t>(id)] = true;
    }
    kept.push_back(std::move(*node));
  }
  std::reverse(kept.begin(), kept.end());
  subgraph.nodes = std::move(kept);
}

// Calls visit(id) on every place in the graph that holds a value of the subgraph.
template <class Visit>
void each_reference(Graph& graph, int subgraph_index, Visit visit) {
  Subgraph& subgraph = graph.subgraphs[static_cast<size_t>(subgraph_index)];
  for (ValueId& id : subgraph.inputs) visit(id);
  for (ValueId& id : subgraph.outputs) visit(id);
  for (Node& node : subgraph.nodes) {
    for (ValueId& id : node.inputs) visit(id);
    for (ValueId& id : node.outputs) visit(id);
    for (ValueId& id : node.intermediates) visit(id);
  }
  for (Signature& signature : graph.signatures) {
    if (signature.subgraph != subgraph_index) continue;
    for (auto& [name, id] : signature.inputs) visit(id);
    for (auto& [name, id] : signature.outputs) visit(id);
  }
}

}  // namespace

void remove_dead(Graph& graph) {
  for (size_t s = 0; s < graph.subgraphs.size(); ++s) {
    Subgraph& subgraph = graph.subgraphs[s];
    remove_dead_nodes(subgraph);
    std::vector<ValueId> renumbered(subgraph.values.size(), kNoValue);
    each_reference(graph, static_cast<int>(s), [&](ValueId& id) {
      if (id != kNoValue) renumbered[static_cast<size_t>(id)] = 0;
    });
    std::vector<Value> kept;
    for (size_t v = 0; v < subgraph.values.size(); ++v) {
      if (renumbered[v] == kNoValue) continue;
      renumbered[v] = static_cast<ValueId>(kept.size());
      kept.push_back(std::move(subgraph.values[v]));
    }
    subgraph.values = std::move(kept);
    each_reference(graph, static_cast<int>(s), [&](ValueId& id) {
      if (id != kNoValue) id = renumbered[static_cast<size_t>(id)];
    });
  }
}

namespace {

// Walks two subgraphs side by side; values correspond if they were met at the same place.
class Comparison {
 public:
  Comparison(const Subgraph& a, const Subgraph& b)
      : a_(a), b_(b), partner_(a.values.size(), kNoValue) {}

  std::string difference() {
    if (a_.inputs.size() != b_.inputs.size() || a_.outputs.size() != b_.outputs.size())
      return "number of inputs or outputs";
    if (a_.nodes.size() != b_.nodes.size()) {
      return fmt::format("{} nodes and {}", a_.nodes.size(), b_.nodes.size());
    }
    for (size_t i = 0; i < a_.inputs.size(); ++i) {
      if (auto why = same_value(a_.inputs[i], b_.inputs[i]); !why.empty())
        return fmt::format("input {}: {}", i, why);
    }
    for (size_t n = 0; n < a_.nodes.size(); ++n) {
      if (auto why = same_node(a_.nodes[n], b_.nodes[n]); !why.empty()) {
        return fmt::format("node {} ({}): {}", n, a_.nodes[n].op->name, why);
      }
    }
    for (size_t i = 0; i < a_.outputs.size(); ++i) {
      if (auto why = same_value(a_.outputs[i], b_.outputs[i]); !why.empty())
        return fmt::format("output {}: {}", i, why);
    }
    return "";
  }

 private:
  std::string same_values(const std::vector<ValueId>& x, const std::vector<ValueId>& y,
                          const char* what) {
    if (x.size() != y.size()) return fmt::format("number of {}s", what);
    for (size_t i = 0; i < x.size(); ++i) {
      if (auto why = same_value(x[i], y[i]); !why.empty())
        return fmt::format("{} {}: {}", what, i, why);
    }
    return "";
  }

  std::string same_node(const Node& x, const Node& y) {
    if (x.op != y.op) return fmt::format("operator {} and {}", x.op->name, y.op->name);
    if (!(x.attrs == y.attrs)) return "attributes";
    for (auto why :
         {same_values(x.inputs, y.inputs, "input"), same_values(x.outputs, y.outputs, "output"),
          same_values(x.intermediates, y.intermediates, "intermediate")}) {
      if (!why.empty()) return why;
    }
    return "";
  }

  std::string same_value(ValueId x, ValueId y) {
    if (x == kNoValue || y == kNoValue) return x == y ? "" : "present in one only";
    ValueId& partner = partner_[static_cast<size_t>(x)];
    if (partner == y) return "";
    if (partner != kNoValue) return "wired differently";
    partner = y;
    const Value& a = a_.value(x);
    const Value& b = b_.value(y);
    if (!(a.type == b.type)) return fmt::format("type {} and {}", a.type.str(), b.type.str());
    if (a.is_constant != b.is_constant || a.is_variable != b.is_variable)
      return "constant or variable in one only";
    if (a.data.size() != b.data.size() ||
        (a.data.size() && std::memcmp(a.data.data(), b.data.data(), a.data.size()) != 0)) {
      return "constant data";
    }
    return "";
  }

  const Subgraph& a_;
  const Subgraph& b_;
  std::vector<ValueId> partner_;
};

}  // namespace

bool equal(const Graph& a, const Graph& b, std::string* why) {
  std::string difference;
  if (a.subgraphs.size() != b.subgraphs.size()) difference = "number of subgraphs";
  for (size_t s = 0; difference.empty() && s < a.subgraphs.size(); ++s) {
    difference = Comparison(a.subgraphs[s], b.subgraphs[s]).difference();
    if (!difference.empty()) difference = fmt::format("subgraph {}: {}", s, difference);
  }
  if (difference.empty() && a.signatures.size() != b.signatures.size())
    difference = "number of signatures";
  for (size_t i = 0; difference.empty() && i < a.signatures.size(); ++i) {
    const auto names = [](const auto& ports) {
      std::vector<std::string> list;
      for (const auto& [name, id] : ports) list.push_back(name);
      return list;
    };
    const Signature& x = a.signatures[i];
    const Signature& y = b.signatures[i];
    if (x.key != y.key || names(x.inputs) != names(y.inputs) ||
        names(x.outputs) != names(y.outputs)) {
      difference = fmt::format("signature '{}'", x.key);
    }
  }
  if (why) *why = difference;
  return difference.empty();
}

}  // namespace mote
