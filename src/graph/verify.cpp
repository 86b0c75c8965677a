#include "graph/verify.h"

#include <algorithm>
#include <cmath>

#include "graph/op.h"

namespace mote {
namespace {

class Verifier {
 public:
  Verifier(const Graph& graph, Blame blame) : graph_(graph), blame_(blame) {}

  void run() {
    if (graph_.subgraphs.empty()) fail("has no subgraph");
    for (const Subgraph& subgraph : graph_.subgraphs) {
      with_context(fmt::format("subgraph '{}'", subgraph.name), [&] { check(subgraph); });
    }
    check_calls();
    for (const Signature& signature : graph_.signatures) check(signature);
  }

 private:
  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    mote::fail(blame_, format, fmt::make_format_args(args...));
  }

  void check_id(const Subgraph& subgraph, ValueId id, const char* what) const {
    if (id < 0 || static_cast<size_t>(id) >= subgraph.values.size()) {
      fail("{} refers to value {}, there are {}", what, id, subgraph.values.size());
    }
  }

  void check(const Subgraph& subgraph) const {
    for (const Value& value : subgraph.values) check(value);
    std::vector<bool> ready(subgraph.values.size(), false);
    std::vector<bool> made(subgraph.values.size(), false);
    for (size_t v = 0; v < subgraph.values.size(); ++v) {
      ready[v] = subgraph.values[v].is_constant || subgraph.values[v].is_variable;
    }
    for (const ValueId id : subgraph.inputs) {
      check_id(subgraph, id, "an input");
      ready[static_cast<size_t>(id)] = made[static_cast<size_t>(id)] = true;
    }
    for (size_t n = 0; n < subgraph.nodes.size(); ++n) {
      const Node& node = subgraph.nodes[n];
      if (!node.op) fail("node {} has no operator", n);
      with_context(fmt::format("node {} ({}{})", n, node.op->name,
                               node.layer.empty() ? "" : ", layer '" + node.layer + "'"),
                   [&] { check(subgraph, node, ready, made); });
    }
    for (const ValueId id : subgraph.outputs) {
      check_id(subgraph, id, "an output");
      if (!ready[static_cast<size_t>(id)])
        fail("output '{}' is never computed", subgraph.value(id).name);
    }
  }

  void check(const Subgraph& subgraph, const Node& node, std::vector<bool>& ready,
             std::vector<bool>& made) const {
    const auto count = static_cast<int>(node.inputs.size());
    const OpDef& op = *node.op;
    if (count < op.min_inputs || (op.max_inputs >= 0 && count > op.max_inputs))
      fail("has {} inputs", count);
    if (op.outputs >= 0 && static_cast<int>(node.outputs.size()) != op.outputs)
      fail("has {} outputs", node.outputs.size());
    if (&node.attrs.type() != op.attrs) fail("has attributes of another operator");
    for (const ValueId id : node.inputs) {
      if (id == kNoValue) continue;
      check_id(subgraph, id, "an input");
      if (!ready[static_cast<size_t>(id)]) {
        fail("reads '{}' before anything computes it (is the graph cyclic?)",
             subgraph.value(id).name);
      }
    }
    for (const ValueId id : node.intermediates) check_id(subgraph, id, "an intermediate");
    for (const ValueId id : node.outputs) {
      check_id(subgraph, id, "an output");
      if (made[static_cast<size_t>(id)] || subgraph.value(id).is_constant) {
        fail("writes '{}', which already has a value", subgraph.value(id).name);
      }
      ready[static_cast<size_t>(id)] = made[static_cast<size_t>(id)] = true;
    }
  }

  void check(const Value& value) const {
    const TensorType& type = value.type;
    if (!Shape::checked(type.shape.dims()))
      fail("'{}' has shape {}, which is too large", value.name, type.shape.str());
    if (value.is_constant) {
      const auto size_bytes = type.shape.bytes(type.dtype);
      if (bits_of(type.dtype) && (!size_bytes || *size_bytes != value.data.size())) {
        fail("'{}' is {} but has {} bytes of data", value.name, type.str(), value.data.size());
      }
    }
    const Quantization& quant = type.quant;
    if (quant.empty()) return;
    if (quant.zero_point.size() != quant.scale.size()) {
      fail("'{}' has {} scales and {} zero points", value.name, quant.scale.size(),
           quant.zero_point.size());
    }
    for (const float scale : quant.scale) {
      if (!(scale >= 0) || std::isinf(scale))
        fail("'{}' has quantization scale {}", value.name, scale);
    }
    if (!quant.per_axis()) return;
    const int axis = quant.axis;
    if (axis < 0 || axis >= type.shape.rank() ||
        type.shape[axis] != static_cast<int64_t>(quant.scale.size())) {
      fail("'{}' of shape {} has {} scales on axis {}", value.name, type.shape.str(),
           quant.scale.size(), axis);
    }
  }

  // Subgraph indices are int32 attributes named ...subgraph_index.
  std::vector<int> callees(const Subgraph& subgraph) const {
    std::vector<int> list;
    for (const Node& node : subgraph.nodes) {
      if (!node.op->has(kControlFlow)) continue;
      for (const auto& [name, value] : node.attrs.list()) {
        if (!std::holds_alternative<int32_t>(value) || !name.ends_with("subgraph_index")) continue;
        const int32_t callee = std::get<int32_t>(value);
        if (callee < 0 || static_cast<size_t>(callee) >= graph_.subgraphs.size()) {
          fail("{} calls subgraph {}, there are {}", node.op->name, callee,
               graph_.subgraphs.size());
        }
        list.push_back(callee);
      }
    }
    return list;
  }

  // Longest chain of calls below a subgraph; a chain longer than the number of subgraphs means a
  // cycle.
  void check_calls() const {
    std::vector<int> depth(graph_.subgraphs.size(), 0);
    std::vector<std::vector<int>> calls;
    for (const Subgraph& subgraph : graph_.subgraphs) calls.push_back(callees(subgraph));
    for (int round = 0;; ++round) {
      bool changed = false;
      for (size_t s = 0; s < calls.size(); ++s) {
        for (const int callee : calls[s]) {
          if (depth[s] < depth[static_cast<size_t>(callee)] + 1) {
            depth[s] = depth[static_cast<size_t>(callee)] + 1;
            changed = true;
          }
          if (depth[s] > 64) fail("subgraphs call each other in a cycle, or more than 64 deep");
        }
      }
      if (!changed) return;
    }
  }

  void check(const Signature& signature) const {
    if (signature.subgraph < 0 ||
        static_cast<size_t>(signature.subgraph) >= graph_.subgraphs.size()) {
      fail("signature '{}' names subgraph {}", signature.key, signature.subgraph);
    }
    const Subgraph& subgraph = graph_.subgraphs[static_cast<size_t>(signature.subgraph)];
    check_ports(signature.key, signature.inputs, subgraph.inputs, subgraph.values.size(), "input");
    check_ports(signature.key, signature.outputs, subgraph.outputs, subgraph.values.size(),
                "output");
  }

  void check_ports(const std::string& key,
                   const std::vector<std::pair<std::string, ValueId>>& ports,
                   const std::vector<ValueId>& ids, size_t values, const char* what) const {
    std::vector<bool> is_one(values, false);
    for (const ValueId id : ids) is_one[static_cast<size_t>(id)] = true;
    for (const auto& [name, id] : ports) {
      if (id < 0 || static_cast<size_t>(id) >= values || !is_one[static_cast<size_t>(id)]) {
        fail("signature '{}': '{}' is not an {}", key, name, what);
      }
    }
  }

  const Graph& graph_;
  Blame blame_;
};

}  // namespace

void verify(const Graph& graph, Blame blame) { Verifier(graph, blame).run(); }

}  // namespace mote
